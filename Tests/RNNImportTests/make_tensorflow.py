"""Makes Fixtures/tensorflow/expected.json: NumPy on the constants of athena.pb, found by their names.

    python Tests/RNNImportTests/make_tensorflow.py

Needs numpy. The equations are those of Keras 2.1: gates max(0, min(1, 0.2 x + 0.5)), reset gate before the product.
"""

import json
import pathlib

import numpy as np

HERE = pathlib.Path(__file__).parent / "Fixtures/tensorflow"


def fields(data):
    """Numbers and values of a protocol buffer message (developers.google.com/protocol-buffers/docs/encoding)."""
    i = 0

    def varint():
        nonlocal i
        value = shift = 0
        while True:
            byte = data[i]
            i += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while i < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        else:
            size = {1: 8, 5: 4}.get(key & 7) or varint()
            yield key >> 3, data[i:i + size]
            i += size


def constants(graph):
    found = {}
    for number, node in fields(graph):
        if number != 1:
            continue
        name, tensor = None, None
        for field, value in fields(node):
            if field == 1:
                name = value.decode()
            elif field == 5:
                attribute = dict(fields(value))
                if attribute[1] == b"value":
                    tensor = dict(fields(attribute[2])).get(8)
        if tensor is None:
            continue
        shape, content, single = [], b"", b""
        for field, value in fields(tensor):
            if field == 2:
                shape = [dict(fields(dim)).get(1, 0) for _, dim in fields(value)]
            elif field == 4:
                content = value
            elif field == 5:
                single = value
        values = np.frombuffer(content or single, "<f4").astype(float)
        count = int(np.prod(shape))
        found[name] = np.resize(values, count).reshape(shape) if len(values) else None
    return found


def network(w, x):
    kernel, recurrent, bias = w["net/kernel"], w["net/recurrent_kernel"], w["net/bias"]
    n = recurrent.shape[0]
    gate = lambda v: np.clip(0.2 * v + 0.5, 0, 1)
    h = np.zeros((len(x), n))
    for t in range(x.shape[1]):
        a = x[:, t] @ kernel + bias
        z = gate(a[:, :n] + h @ recurrent[:, :n])
        r = gate(a[:, n:2 * n] + h @ recurrent[:, n:2 * n])
        h = z * h + (1 - z) * (a[:, 2 * n:] + (r * h) @ recurrent[:, 2 * n:])
    return 1 / (1 + np.exp(-(h @ w["dense_1/kernel"] + w["dense_1/bias"])))


if __name__ == "__main__":
    weights = constants((HERE / "athena.pb").read_bytes())
    draw = np.random.default_rng(3)
    # Sequences that leave the detector undecided, so that an error shows in its output: random steps towards one half.
    x = np.round(draw.normal(size=(4, 29, 13)), 3)
    while (undecided := np.abs(network(weights, x)[:, 0] - 0.5)).max() > 0.35:
        moved = np.round(x + 0.2 * draw.normal(size=x.shape), 3)
        logit = lambda v: np.abs(np.log(network(weights, v)[:, 0]) - np.log(0.5))
        better = (logit(moved) < logit(x)) & (undecided > 0.35)
        x[better] = moved[better]
    y = network(weights, x)
    tensor = lambda a: {"shape": list(a.shape), "values": [float(v) for v in a.ravel()]}
    (HERE / "expected.json").write_text(
        json.dumps({"input": tensor(x), "output": tensor(y)}) + "\n")
    print(y.ravel())

"""Functions of one variable and layers with reductions, computed by PyTorch in double precision.

Writes operations.json beside this file. `pip install torch==2.13.0`, then `python3 operations.py`.
"""

import json
import pathlib

import torch

torch.manual_seed(1)
F = torch.nn.functional
FUNCTIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "hard-tanh": F.hardtanh,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "reciprocal": torch.reciprocal,
    "softplus": F.softplus,
    "softsign": F.softsign,
    "elu": F.elu,
    "gelu": F.gelu,
    "silu": F.silu,
    "mish": F.mish,
}
POSITIVE = {"log", "sqrt", "reciprocal"}


def numbers(t):
    return t.detach().flatten().tolist()


def function(name, f):
    x = torch.linspace(-6, 6, 25, dtype=torch.double) + 0.01
    if name in POSITIVE:
        x = x[x > 0]
    x.requires_grad_()
    y = f(x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    return {"name": name, "x": numbers(x), "y": numbers(y), "slope": numbers(slope)}


def case(cell, options, parameters, x, y, direction):
    """The outputs for x, and the gradients of sum(direction * y)."""
    inputs = [x] + [p for _, p in parameters]
    gradients = torch.autograd.grad((y * direction).sum(), inputs)
    return {
        "cell": cell,
        "options": options,
        "inputs": x.shape[1],
        "units": y.shape[1],
        "x": numbers(x),
        "y": numbers(y),
        "direction": numbers(direction),
        "inputGradient": numbers(gradients[0]),
        "parameters": [
            {"name": name, "values": numbers(p), "gradient": numbers(g)}
            for (name, p), g in zip(parameters, gradients[1:])
        ],
    }


def draw(*shape):
    return torch.randn(*shape, dtype=torch.double).requires_grad_()


def layer(cell, n, options, names, compute):
    x = (2 * torch.randn(4, n, dtype=torch.double) + 0.5).requires_grad_()
    parameters = [(name, draw(n)) for name in names]
    y = compute(x, *[p for _, p in parameters])
    return case(cell, options, parameters, x, y, torch.randn(4, n, dtype=torch.double))


def layer_norm_lstm(inputs, n):
    """Ba et al. 2016, equations 20 to 22: both products are normalized over all four gates together."""
    gates = "ifgo"
    p = {}
    for g in gates:
        p[f"{g}.weight_x"], p[f"{g}.weight_h"] = draw(n, inputs), draw(n, n)
        for side in "xh":
            p[f"{g}.norm_{side}"], p[f"{g}.bias_{side}"] = draw(n), draw(n)
    p["c.norm"], p["c.bias"] = draw(n), draw(n)
    x = draw(5, inputs)

    def side(v, s):
        product = torch.cat([p[f"{g}.weight_{s}"] for g in gates]) @ v
        gain = torch.cat([p[f"{g}.norm_{s}"] for g in gates])
        bias = torch.cat([p[f"{g}.bias_{s}"] for g in gates])
        return F.layer_norm(product, (4 * n,), gain, bias, 1e-5)

    h = torch.zeros(n, dtype=torch.double)
    c = torch.zeros(n, dtype=torch.double)
    outputs = []
    for t in range(x.shape[0]):
        i, f, g, o = (side(x[t], "x") + side(h, "h")).chunk(4)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(F.layer_norm(c, (n,), p["c.norm"], p["c.bias"], 1e-5))
        outputs.append(h)
    y = torch.stack(outputs)
    return case(
        "layer-norm-lstm", {}, list(p.items()), x, y, torch.randn(5, n, dtype=torch.double))


result = {
    "functions": [function(name, f) for name, f in FUNCTIONS.items()],
    "layers": [
        layer("layer-norm", 6, {}, ["weight", "bias"],
              lambda x, w, b: F.layer_norm(x, (6,), w, b, 1e-5)),
        layer("layer-norm", 1, {"scale": False, "bias": False, "epsilon": 0.01}, [],
              lambda x: F.layer_norm(x, (1,), None, None, 0.01)),
        layer("layer-norm", 5, {"statistic": "rms"}, ["weight"],
              lambda x, w: F.rms_norm(x, (5,), w, 1e-5)),
        layer("softmax", 7, {}, [], lambda x: F.softmax(x, dim=1)),
        layer("softmax", 1, {}, [], lambda x: F.softmax(x, dim=1)),
        layer_norm_lstm(3, 4),
    ],
}
path = pathlib.Path(__file__).with_name("operations.json")
path.write_text(json.dumps(result, indent=0) + "\n")

"""Makes Fixtures/attributes, Fixtures/torch-onnx/expected.json and Fixtures/torch.

    pip install onnx==1.23.2 onnxruntime==1.32.0 numpy safetensors torch
    python Tests/RNNImportTests/make_vectors.py

Every expected value comes from onnxruntime or PyTorch. Sizes are unequal and biases are not zero. onnxruntime refuses
layout = 1; those cases run with layout = 0 and transposed tensors. A case without "outputs" has to be refused.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).parent / "Fixtures"
T, B, I, H = 5, 2, 3, 4
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
cases = []


def f32(a):
    return np.asarray(a, np.float32)


def listed(a):
    a = np.asarray(a)
    return {"shape": list(a.shape), "values": [float(x) for x in a.ravel()]}


def model(nodes, inputs, outputs, constants, opset=22, domains=()):
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info(n, t, s) for n, t, s in inputs],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs],
        [numpy_helper.from_array(v, n) for n, v in constants.items()])
    m = helper.make_model(
        graph, producer_name="rnnc-tests", opset_imports=[helper.make_opsetid("", opset)]
        + [helper.make_opsetid(d, 1) for d in domains])
    m.ir_version = 10
    return m


def run(m, feeds):
    options = ort.SessionOptions()
    options.log_severity_level = 4
    s = ort.InferenceSession(m.SerializeToString(), options)
    names = [o.name for o in s.get_outputs()]
    return dict(zip(names, s.run(names, feeds)))


def keep(name, feature, m, x, feeds=None, outputs=None, lengths=None, note=""):
    """A case; without outputs it has to be refused."""
    (HERE / "attributes" / f"{name}.onnx").write_bytes(m.SerializeToString())
    case = {"name": name, "feature": feature, "note": note}
    if outputs is not None:
        case["input"] = listed(x)
        case["outputs"] = {k: listed(v) for k, v in outputs.items()}
    if lengths is not None:
        case["lengths"] = [int(n) for n in lengths]
    cases.append(case)


def recurrent(op, feature, name, directions=1, bias=True, peepholes=False, initial=None, lengths=None,
              lengths_constant=None, layout=0, expect=True, outputs=("Y", "Y_h"), state_inputs=False, **attributes):
    """One recurrent node with random weights."""
    rng = np.random.default_rng(len(cases) + 17)
    g = GATES[op] * H
    c = {"W": f32(rng.normal(0, 0.7, (directions, g, I))), "R": f32(rng.normal(0, 0.7, (directions, g, H)))}
    names = ["X", "W", "R", "", "", "", "", ""]
    inputs = [("X", TensorProto.FLOAT, [T, B, I])]
    x = f32(rng.normal(0, 1, (T, B, I)))
    feeds = {"X": x}
    if bias:
        names[3], c["B"] = "B", f32(rng.normal(0, 0.5, (directions, 2 * g)))
    if lengths is not None:
        names[4] = "lengths"
        inputs.append(("lengths", TensorProto.INT32, [B]))
        feeds["lengths"] = np.array(lengths, np.int32)
    if lengths_constant is not None:
        names[4], c["lengths"] = "lengths", np.array(lengths_constant, np.int32)
    for k, state in enumerate(["initial_h", "initial_c"][: 2 if op == "LSTM" else 1]):
        if initial is not None:
            rows = rng.normal(0, 0.8, (directions, B, H))
            if initial == "same":
                rows[:] = rows[:, :1]
            if initial == "zero":
                rows[:] = 0
            names[5 + k], c[state] = state, f32(rows)
        if state_inputs:
            names[5 + k] = state
            inputs.append((state, TensorProto.FLOAT, [directions, B, H]))
            feeds[state] = np.zeros((directions, B, H), np.float32)
    if peepholes:
        names[7], c["P"] = "P", f32(rng.normal(0, 0.6, (directions, 3 * H)))
    while names[-1] == "":
        names.pop()
    shapes = {"Y": [T, directions, B, H], "Y_h": [directions, B, H], "Y_c": [directions, B, H]}
    if directions == 2:
        attributes["direction"] = "bidirectional"
    slots = ["Y", "Y_h", "Y_c"]
    node = helper.make_node(
        op, names, [s if s in outputs else "" for s in slots[: 1 + max(slots.index(o) for o in outputs)]],
        name=name, hidden_size=H, **attributes)
    m = model([node], inputs, [(o, shapes[o]) for o in outputs], c)
    if not expect:
        keep(name, feature, m, x)
        return
    if "-v" in sys.argv:
        print(name, flush=True)
    found = run(m, feeds)
    if layout == 1:
        node.attribute.append(helper.make_attribute("layout", 1))
        swap = lambda a: np.ascontiguousarray(np.swapaxes(a, 0, 1))
        if initial is not None:
            for state in ["initial_h", "initial_c"]:
                if state in c:
                    c[state] = swap(c[state])
        shapes = {"Y": [B, T, directions, H], "Y_h": [B, directions, H], "Y_c": [B, directions, H]}
        m = model([node], [("X", TensorProto.FLOAT, [B, T, I])], [(o, shapes[o]) for o in outputs], c)
        x = swap(x)
        found = {k: np.transpose(v, (2, 0, 1, 3)) if k == "Y" else swap(v) for k, v in found.items()}
    keep(name, feature, m, x, outputs=found, lengths=lengths)


def attribute_cases():
    for op in ["LSTM", "GRU", "RNN"]:
        low = op.lower()
        lbr = {"linear_before_reset": 1} if op == "GRU" else {}
        recurrent(op, "defaults, no bias", f"{low}_no_bias", bias=False)
        recurrent(op, "two biases", f"{low}_bias")
        recurrent(op, "direction = reverse", f"{low}_reverse", direction="reverse")
        recurrent(op, "direction = bidirectional", f"{low}_bidirectional", directions=2)
        recurrent(op, "layout = 1", f"{low}_layout", layout=1)
        recurrent(op, "layout = 1, bidirectional", f"{low}_layout_bidirectional", layout=1, directions=2)
        recurrent(op, "clip", f"{low}_clip", clip=0.4)
        recurrent(op, "clip, bidirectional", f"{low}_clip_bidirectional", directions=2, clip=0.3)
        recurrent(op, "initial states, zero", f"{low}_initial_zero", initial="zero")
        recurrent(op, "initial states, constant", f"{low}_initial", initial="same")
        recurrent(op, "initial states, constant, bidirectional", f"{low}_initial_bidirectional", initial="same",
                  directions=2)
        recurrent(op, "initial states that differ in a batch", f"{low}_initial_batch", initial="different", expect=False)
        recurrent(op, "initial states as inputs", f"{low}_state_inputs", state_inputs=True)
        recurrent(op, "sequence_lens, ragged", f"{low}_ragged", lengths=[3, 5])
        recurrent(op, "sequence_lens, ragged, reverse", f"{low}_ragged_reverse", lengths=[2, 5], direction="reverse")
        recurrent(op, "sequence_lens, ragged, bidirectional", f"{low}_ragged_bidirectional", lengths=[5, 1],
                  directions=2)
        recurrent(op, "sequence_lens, constant and full", f"{low}_full_lengths", lengths_constant=[T, T])
        recurrent(op, "sequence_lens, constant and ragged", f"{low}_constant_lengths", lengths_constant=[2, T],
                  expect=False)
        n = {"LSTM": 3, "GRU": 2, "RNN": 1}[op]
        def functions(first, *rest):
            return [first, *rest, "Tanh", "Tanh"][:n] if not rest else [first, *rest][:n]
        recurrent(op, "activations: HardSigmoid", f"{low}_hard_sigmoid", activations=functions("HardSigmoid"))
        recurrent(op, "activations: HardSigmoid with alpha and beta", f"{low}_hard_sigmoid_numbers",
                  activations=functions("HardSigmoid"), activation_alpha=[1 / 6], activation_beta=[0.45])
        recurrent(op, "activations: Relu", f"{low}_relu", activations=["Relu"] * n)
        recurrent(op, "activations: Affine", f"{low}_affine", activations=functions("Affine"), activation_alpha=[0.4],
                  activation_beta=[0.1])
        recurrent(op, "activations: LeakyRelu", f"{low}_leaky_relu", activations=["Sigmoid", "LeakyRelu", "LeakyRelu"][:n]
                  if n > 1 else ["LeakyRelu"], activation_alpha=[0.1, 0.2][: max(n - 1, 1)])
        recurrent(op, "activations: ThresholdedRelu", f"{low}_thresholded_relu",
                  activations=functions("ThresholdedRelu"), activation_alpha=[0.3])
        recurrent(op, "activations: ScaledTanh", f"{low}_scaled_tanh", activations=functions("ScaledTanh"),
                  activation_alpha=[0.9], activation_beta=[0.7])
        recurrent(op, "activations that differ between directions", f"{low}_activations_directions", directions=2,
                  activations=functions("HardSigmoid") + functions("Sigmoid", *["Relu"] * (n - 1)))
        for bad in ["Softsign", "Softplus", "Elu"]:
            recurrent(op, f"activations: {bad}", f"{low}_{bad.lower()}", activations=functions(bad), expect=False)
        if lbr:
            recurrent(op, "linear_before_reset = 1", "gru_linear", **lbr)
            recurrent(op, "linear_before_reset = 1, bidirectional", "gru_linear_bidirectional", directions=2, **lbr)
            recurrent(op, "linear_before_reset = 1, clip", "gru_linear_clip", clip=0.4, **lbr)
            recurrent(op, "linear_before_reset = 1, ragged", "gru_linear_ragged", lengths=[4, 2], **lbr)
            recurrent(op, "linear_before_reset = 1, initial state", "gru_linear_initial", initial="same", **lbr)
    recurrent("LSTM", "peepholes", "lstm_peepholes", peepholes=True)
    recurrent("LSTM", "peepholes, clip", "lstm_peepholes_clip", peepholes=True, clip=0.4)
    recurrent("LSTM", "peepholes, bidirectional", "lstm_peepholes_bidirectional", peepholes=True, directions=2)
    recurrent("LSTM", "input_forget", "lstm_input_forget", input_forget=1)
    recurrent("LSTM", "input_forget, peepholes, clip", "lstm_input_forget_all", input_forget=1, peepholes=True, clip=0.5)
    recurrent("LSTM", "output Y_c", "lstm_cell_output", outputs=("Y", "Y_h", "Y_c"))
    recurrent("LSTM", "output Y_c, ragged, bidirectional", "lstm_cell_output_ragged", outputs=("Y", "Y_h", "Y_c"),
              directions=2, lengths=[3, 4])
    recurrent("LSTM", "an attribute that the operator does not have", "lstm_unknown_attribute", expect=False,
              output_sequence=1)
    recurrent("LSTM", "direction of another name", "lstm_bad_direction", expect=False, direction="sideways")
    recurrent("LSTM", "clip that is not positive", "lstm_bad_clip", expect=False, clip=-1.0)
    recurrent("GRU", "one alpha too many", "gru_extra_alpha", expect=False, activations=["HardSigmoid", "Tanh"],
              activation_alpha=[0.2, 0.3])


class Pattern:
    """A graph around recurrent nodes, batch first unless it says otherwise."""

    def __init__(self, shape=(B, T, I)):
        self.rng = np.random.default_rng(len(cases) + 901)
        self.nodes, self.constants = [], {}
        self.shape = list(shape)
        self.x = f32(self.rng.normal(0, 1, [n if isinstance(n, int) else T for n in shape]))
        self.count = 0

    def constant(self, value):
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(value)
        return name

    def weights(self, *shape):
        return self.constant(f32(self.rng.normal(0, 0.6, shape)))

    def node(self, op, *inputs, outputs=1, **attributes):
        self.count += 1
        names = [f"v{self.count}_{k}" for k in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=f"{op.lower()}{self.count}", **attributes))
        return names[0] if outputs == 1 else names

    def layer(self, op, x, inputs, directions=1, **attributes):
        g = GATES[op] * H
        if directions == 2:
            attributes["direction"] = "bidirectional"
        return self.node(
            op, x, self.weights(directions, g, inputs), self.weights(directions, g, H), self.weights(directions, 2 * g),
            outputs=3 if op == "LSTM" else 2, hidden_size=H, **attributes)

    def keep(self, name, feature, output, expect=True, opset=22, domains=(), feeds=None):
        outputs = output if isinstance(output, list) else [output]
        m = model(self.nodes, [("x", TensorProto.FLOAT, self.shape)], [(o, None) for o in outputs], self.constants, opset,
                  domains)
        if not expect:
            keep(name, feature, m, self.x)
        else:
            keep(name, feature, m, self.x, outputs=run(m, {"x": self.x}))


def ints(*values):
    return np.array(values, np.int64)


def pattern_cases():
    def first(p, shape=(1, 0, 2)):
        return p.node("Transpose", "x", perm=list(shape))

    p = Pattern()
    y, _, _ = p.layer("LSTM", first(p), I)
    y = p.node("Squeeze", y, p.constant(ints(1)))
    y = p.node("Transpose", y, perm=[1, 0, 2])
    p.keep("graph_dense", "Squeeze, Transpose, MatMul, Add", p.node("Add", p.node("MatMul", y, p.weights(H, 2)), p.weights(2)))

    p = Pattern()
    y, _ = p.layer("GRU", first(p), I, linear_before_reset=1)
    y = p.node("Gather", p.node("Squeeze", y, p.constant(ints(1))), p.constant(np.array(-1, np.int64)), axis=0)
    p.keep("graph_last_step", "the last step by Gather, Gemm", p.node("Gemm", y, p.weights(2, H), p.weights(2), transB=1))

    p = Pattern()
    y, _ = p.layer("GRU", first(p), I)
    y = p.node("Transpose", p.node("Squeeze", y, p.constant(ints(1))), perm=[1, 0, 2])
    y = p.node("Slice", y, p.constant(ints(-1)), p.constant(ints(2**62)), p.constant(ints(1)))
    y = p.node("Squeeze", y, p.constant(ints(1)))
    y = p.node("Relu", p.node("Gemm", y, p.weights(H, 6), p.weights(6)))
    p.keep("graph_last_step_slice", "the last step by Slice, two dense layers", p.node("Gemm", y, p.weights(6, 2), p.weights(2)))

    p = Pattern()
    _, h, _ = p.layer("LSTM", first(p), I)
    p.keep("graph_state_head", "the final state, Squeeze, Gemm",
           p.node("Gemm", p.node("Squeeze", h, p.constant(ints(0))), p.weights(H, 2), p.weights(2), alpha=0.5, beta=2.0))

    p = Pattern()
    _, h, _ = p.layer("LSTM", first(p), I, directions=2)
    a = p.node("Gather", h, p.constant(np.array(0, np.int64)), axis=0)
    b = p.node("Gather", h, p.constant(np.array(1, np.int64)), axis=0)
    p.keep("graph_both_states", "final states of both directions by Gather and Concat",
           p.node("Gemm", p.node("Concat", a, b, axis=1), p.weights(2 * H, 3), p.weights(3)))

    p = Pattern()
    _, h, _ = p.layer("LSTM", first(p), I, directions=2)
    h = p.node("Reshape", p.node("Transpose", h, perm=[1, 0, 2]), p.constant(ints(-1, 2 * H)))
    p.keep("graph_both_states_reshape", "final states of both directions by Transpose and Reshape",
           p.node("Gemm", h, p.weights(2 * H, 3), p.weights(3)))

    p = Pattern()
    y, _ = p.layer("GRU", first(p), I, directions=2, linear_before_reset=1)
    y = p.node("Reshape", p.node("Transpose", y, perm=[2, 0, 1, 3]), p.constant(ints(0, 0, -1)))
    f = p.node("Slice", p.node("Gather", y, p.constant(np.array(-1, np.int64)), axis=1), p.constant(ints(0)),
               p.constant(ints(H)), p.constant(ints(1)))
    r = p.node("Slice", p.node("Gather", y, p.constant(np.array(0, np.int64)), axis=1), p.constant(ints(H)),
               p.constant(ints(2 * H)), p.constant(ints(1)))
    p.keep("graph_both_ends", "last forward and first backward step by Slice and Concat",
           p.node("Gemm", p.node("Concat", f, r, axis=-1), p.weights(2 * H, 3), p.weights(3)))

    p = Pattern()
    y, _, _ = p.layer("LSTM", first(p), I, directions=2)
    y = p.node("Reshape", p.node("Transpose", y, perm=[0, 2, 1, 3]), p.constant(ints(0, 0, -1)))
    y, _, _ = p.layer("LSTM", y, 2 * H)
    p.keep("graph_stacked", "a bidirectional layer under a forward one", p.node("Squeeze", y, p.constant(ints(1))))

    p = Pattern()
    e = p.node("Tanh", p.node("Add", p.node("MatMul", "x", p.weights(I, 6)), p.weights(6)))
    y, _ = p.layer("GRU", p.node("Transpose", e, perm=[1, 0, 2]), 6)
    p.keep("graph_embedding", "a dense layer before a recurrent one", p.node("Squeeze", y, p.constant(ints(1))))

    p = Pattern()
    e = p.node("Div", p.node("Sub", "x", p.weights(I)), p.constant(f32([0.5, 2, 1.5])))
    y, _ = p.layer("RNN", p.node("Transpose", e, perm=[1, 0, 2]), I)
    p.keep("graph_normalised", "Sub and Div of features before a layer", p.node("Squeeze", y, p.constant(ints(1))))

    p = Pattern()
    y, _, _ = p.layer("LSTM", first(p), I)
    y = p.node("Reshape", y, p.constant(ints(T * B, H)))
    y = p.node("Gemm", y, p.weights(3, H), p.weights(3), transB=1)
    p.keep("graph_flat_gemm", "Gemm over steps and sequences at once",
           p.node("Sigmoid", p.node("Reshape", y, p.constant(ints(T, B, 3)))))

    p = Pattern(("batch", "steps", I))
    y, _, _ = p.layer("LSTM", first(p), I)
    shape = p.node("Shape", y)
    t = p.node("Gather", shape, p.constant(ints(0)))
    b = p.node("Gather", shape, p.constant(ints(2)))
    y = p.node("Reshape", y, p.node("Concat", t, b, p.constant(ints(H)), axis=0))
    p.keep("graph_open_shape", "open batch and time, a shape computed from them",
           p.node("MatMul", p.node("Transpose", y, perm=[1, 0, 2]), p.weights(H, 2)))

    p = Pattern()
    y, _, _ = p.layer("LSTM", first(p), I)
    y = p.node("Mul", p.node("Squeeze", y, p.constant(ints(1))), p.weights(H))
    a, b = p.node("Split", y, outputs=2, axis=2, num_outputs=2)
    p.keep("graph_split", "a scale and some of the features by Split", p.node("Neg", b))

    p = Pattern((T, I))
    x = p.node("Unsqueeze", "x", p.constant(ints(1)))
    y, _ = p.layer("GRU", x, I)
    p.keep("graph_unbatched", "an input without an axis for sequences", p.node("Squeeze", y, p.constant(ints(1, 2))))

    p = Pattern((T, B, I))
    y, _ = p.layer("GRU", "x", I)
    y = p.node("Squeeze", y, p.constant(ints(1)))
    for op, kind in [("HardSigmoid", {"alpha": 0.3, "beta": 0.4}), ("LeakyRelu", {"alpha": 0.2}), ("ThresholdedRelu", {"alpha": 0.1})]:
        y = p.node(op, p.node("Add", p.node("MatMul", y, p.weights(H, H)), p.weights(H)), **kind)
    p.keep("graph_functions", "HardSigmoid, LeakyRelu and ThresholdedRelu after dense layers", y)

    p = Pattern((T, B, I))
    y, _ = p.layer("GRU", p.node("Identity", p.node("Dropout", "x")), I)
    y = p.node("Cast", p.node("Squeeze", y, p.constant(ints(1))), to=1)
    p.keep("graph_identity", "Identity, Dropout and Cast", y)

    p = Pattern((T, B, I))
    w = p.node("Cast", p.constant(np.random.default_rng(3).normal(0, 0.5, (1, 3 * H, I)).astype(np.float16)), to=1)
    y = p.node("GRU", "x", w, p.weights(1, 3 * H, H), outputs=2, hidden_size=H)[0]
    p.keep("graph_half", "weights of 16 bits", p.node("Squeeze", y, p.constant(ints(1))))

    # Unrolled loops: what an exporter without recurrent operators writes.
    p = Pattern((T, B, I))
    wx, wh, bx, bh = p.weights(I, H), p.weights(H, H), p.weights(H), p.weights(H)
    h, rows = None, []
    for t in range(T):
        x = p.node("Squeeze", p.node("Slice", "x", p.constant(ints(t)), p.constant(ints(t + 1)), p.constant(ints(0))),
                   p.constant(ints(0)))
        a = p.node("Add", p.node("MatMul", x, wx), bx)
        a = p.node("Add", a, p.node("Add", p.node("MatMul", h, wh), bh) if h else bh)
        h = p.node("Tanh", a)
        rows.append(p.node("Unsqueeze", h, p.constant(ints(0))))
    p.keep("graph_unrolled", "a simple recurrent network written step by step", p.node("Concat", *rows, axis=0))

    def refused(name, feature, build, **kind):
        p = Pattern((T, B, I))
        p.keep(name, feature, build(p), expect=False, **kind)

    def squeezed(p, op="GRU"):
        return p.node("Squeeze", p.layer(op, "x", I)[0], p.constant(ints(1)))

    refused("refused_skip", "a skip connection",
            lambda p: p.node("Add", p.node("MatMul", "x", p.weights(I, H)), squeezed(p)))
    refused("refused_softmax", "Softmax", lambda p: p.node("Softmax", squeezed(p)))
    refused("refused_layer_norm", "LayerNormalization",
            lambda p: p.node("LayerNormalization", squeezed(p), p.weights(H), p.weights(H)))
    refused("refused_two_branches", "two layers that read the same", lambda p: [squeezed(p), squeezed(p)])
    refused("refused_flip", "time turned around outside of a layer", lambda p: p.node(
        "Squeeze", p.layer("GRU", p.node("Slice", "x", p.constant(ints(-1)), p.constant(ints(-(2**62))), p.constant(ints(0)),
                                         p.constant(ints(-1))), I)[0], p.constant(ints(1))))
    refused("refused_middle_step", "a step in the middle", lambda p: p.node(
        "Gather", squeezed(p), p.constant(np.array(2, np.int64)), axis=0))
    refused("refused_time_constant", "a constant that differs between steps",
            lambda p: p.node("Add", squeezed(p), p.weights(T, 1, H)))
    refused("refused_time_product", "a product along time", lambda p: p.node(
        "MatMul", p.node("Transpose", squeezed(p), perm=[1, 2, 0]), p.weights(T, T)))
    refused("refused_domain", "an operator of another domain", lambda p: p.node("Mystery", squeezed(p), domain="com.example"),
            domains=("com.example",))
    refused("refused_unknown", "an operator that is not known", lambda p: p.node("Einsum", squeezed(p), equation="abc->abc"))
    refused("refused_opset", "an old opset", lambda p: squeezed(p), opset=5)
    refused("refused_gemm", "Gemm with transA", lambda p: p.node(
        "Gemm", p.node("Reshape", squeezed(p), p.constant(ints(T * B, H))), p.weights(T * B, 2), transA=1))


def torch_onnx():
    expected = {}
    for path in sorted((HERE / "torch-onnx").glob("*.onnx")):
        if "proj" in path.name:
            continue
        s = ort.InferenceSession(str(path))
        i = s.get_inputs()[0]
        x = f32(np.random.default_rng(len(expected)).normal(0, 1, i.shape))
        expected[path.stem] = {"input": listed(x), "output": listed(s.run(None, {i.name: x})[0])}
    (HERE / "torch-onnx" / "expected.json").write_text(json.dumps(expected) + "\n")


def torch_state_dict():
    import safetensors.numpy
    import torch

    torch.manual_seed(5)

    class Net(torch.nn.Module):
        def __init__(self, recurrent, head):
            super().__init__()
            self.recurrent, self.head = recurrent, head

        def forward(self, x):
            return self.head(self.recurrent(x)[0])

    R = dict(batch_first=True)
    nets = {
        "lstm": (torch.nn.LSTM(3, 5, 2, **R), 5, torch.tanh, {"kind": "lstm", "layers": 2}),
        "gru": (torch.nn.GRU(3, 5, **R), 5, None, {"kind": "gru"}),
        "gru_bidirectional": (torch.nn.GRU(3, 4, 2, bidirectional=True, **R), 8, torch.relu,
                              {"kind": "gru", "layers": 2, "bidirectional": True}),
        "lstm_projection": (torch.nn.LSTM(3, 6, 2, proj_size=2, **R), 2, torch.sigmoid,
                            {"kind": "lstm", "layers": 2, "projection": 2}),
        "lstm_no_bias": (torch.nn.LSTM(3, 5, bias=False, **R), 5, None, {"kind": "lstm"}),
        "rnn_relu": (torch.nn.RNN(3, 5, nonlinearity="relu", **R), 5, None, {"kind": "rnn", "nonlinearity": "relu"}),
    }
    expected = {}
    for name, (recurrent, width, function, module) in nets.items():
        net = Net(recurrent, torch.nn.Linear(width, 2)).eval()
        x = torch.randn(2, 7, 3)
        with torch.no_grad():
            y = net(x)
            if function:
                y = function(y)
        safetensors.numpy.save_file({k: v.numpy() for k, v in net.state_dict().items()},
                                    str(HERE / "torch" / f"{name}.safetensors"))
        head = {"kind": "linear", "name": "head"}
        if function:
            head["activation"] = function.__name__
        (HERE / "torch" / f"{name}.json").write_text(json.dumps(
            {"format": "rnnc-architecture", "version": 1, "modules": [{**module, "name": "recurrent"}, head]}, indent=2) + "\n")
        expected[name] = {"input": listed(x.numpy()), "output": listed(y.numpy())}
    (HERE / "torch" / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    wanted = [a for a in sys.argv[1:] if a != "-v"] or ["attributes", "torch-onnx", "torch"]
    if "attributes" in wanted:
        attribute_cases()
        pattern_cases()
        (HERE / "attributes" / "cases.json").write_text(json.dumps(cases) + "\n")
        print(len(cases), "cases,", sum("outputs" not in c for c in cases), "to be refused")
    if "torch-onnx" in wanted:
        torch_onnx()
    if "torch" in wanted:
        torch_state_dict()

"""Makes Fixtures/attributes, Fixtures/torch-onnx/expected.json, Fixtures/torch, Fixtures/keras and Fixtures/hdf5.

    pip install onnx==1.23.2 onnxruntime==1.32.0 numpy safetensors torch keras==3.15.1 h5py==3.16.0
    python Tests/RNNImportTests/make_vectors.py

Every expected value comes from onnxruntime, PyTorch or Keras, or from NumPy for what Keras 3 no longer writes. Sizes are unequal and biases are not zero. onnxruntime refuses
layout = 1; those cases run with layout = 0 and transposed tensors. A case without "outputs" has to be refused.
"""

import json
import os
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


def spelled_cases():
    """Recurrent cells that PyTorch modules spell out with plain operators, unrolled or as one step with states."""
    import torch
    from torch import nn

    torch.manual_seed(12)

    class Cell(nn.Module):
        """One cell; state is a tuple."""
        def __init__(self, kind, inputs, units=H):
            super().__init__()
            self.kind, self.units = kind, units
            g = {"lstm": 4, "coupled": 3, "layer_norm": 4}.get(kind, 3)
            n = 1 if kind == "elman" else g
            self.x, self.h = nn.Linear(inputs, n * units), nn.Linear(units, n * units)
            self.both = nn.ModuleList(nn.Linear(inputs + units, units) for _ in range(4))
            self.norm = nn.LayerNorm(units)
            for p in self.parameters():
                nn.init.normal_(p, 0, 0.7)

        def forward(self, x, s):
            k, h = self.kind, s[0]
            if k == "elman":
                return (torch.tanh(self.x(x) + self.h(h)),)
            if k in ["lstm", "layer_norm"]:
                i, f, g, o = (self.x(x) + self.h(h)).chunk(4, 1)
                c = torch.sigmoid(f) * s[1] + torch.sigmoid(i) * torch.tanh(g)
                if k == "layer_norm":
                    c = self.norm(c)
                return torch.sigmoid(o) * torch.tanh(c), c
            if k == "lstm_concat":
                a = torch.cat([x, h], 1)
                f, i, o = (torch.sigmoid(self.both[j](a)) for j in range(3))
                c = i * torch.tanh(self.both[3](a)) + s[1] * f
                return torch.tanh(c) * o, c
            if k == "coupled":
                i, g, o = (self.x(x) + self.h(h)).chunk(3, 1)
                i = torch.sigmoid(i)
                c = (1 - i) * s[1] + i * torch.tanh(g)
                return torch.sigmoid(o) * torch.tanh(c), c
            if k == "tanh_of_cell":
                i, f, g = (self.x(x) + self.h(h)).chunk(3, 1)
                c = torch.tanh(torch.sigmoid(f) * s[1] + torch.sigmoid(i) * g)
                return torch.sigmoid(i) * c, c
            if k == "gru":
                xr, xz, xn = self.x(x).chunk(3, 1)
                hr, hz, hn = self.h(h).chunk(3, 1)
                r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
                n = torch.tanh(xn + r * hn)
                return ((1 - z) * n + z * h,)
            if k == "gru_short":
                gates = torch.sigmoid(self.x(x)[:, :2 * self.units] + self.h(h)[:, :2 * self.units])
                r, z = gates.chunk(2, 1)
                n = torch.tanh(self.x(x)[:, 2 * self.units:] + r * self.h(h)[:, 2 * self.units:])
                return (n + z * (h - n),)
            if k == "gru_before":
                a = torch.cat([x, h], 1)
                z, r = torch.sigmoid(self.both[0](a)), torch.sigmoid(self.both[1](a))
                n = torch.tanh(self.both[2](torch.cat([x, r * h], 1)))
                return ((1 - z) * h + z * n,)
            if k == "leaky":
                return (0.9 * h + 0.1 * torch.tanh(self.x(x)[:, :self.units] + self.h(h)[:, :self.units]),)
            if k == "other_gate":
                xr, xz, xn = self.x(x).chunk(3, 1)
                hr, hz, hn = self.h(h).chunk(3, 1)
                r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
                return ((1 - r) * torch.tanh(xn + r * hn) + z * h,)
            raise ValueError(k)

        def states(self, batch, value=0.0):
            count = 2 if "lstm" in self.kind or self.kind in ["coupled", "layer_norm", "tanh_of_cell"] else 1
            return tuple(torch.full((batch, self.units), value) for _ in range(count))

    class Loop(nn.Module):
        def __init__(self, kinds, what="all", start=0.0, units=(4, 5)):
            super().__init__()
            sizes = [I] + list(units)
            self.cells = nn.ModuleList(Cell(k, sizes[j], sizes[j + 1]) for j, k in enumerate(kinds))
            self.head, self.what, self.start = nn.Linear(sizes[len(kinds)], 2), what, start

        def forward(self, x):
            states = [c.states(x.shape[0], self.start) for c in self.cells]
            rows = []
            for t in range(x.shape[1]):
                v = x[:, t]
                for j, c in enumerate(self.cells):
                    states[j] = c(v, states[j])
                    v = states[j][0]
                rows.append(self.head(v) if self.what == "head" else v)
            if self.what == "last":
                return self.head(v)
            return torch.stack(rows, 1)

    class Step(nn.Module):
        def __init__(self, kinds, head=True, units=(4, 5)):
            super().__init__()
            sizes = [I] + list(units)
            self.cells = nn.ModuleList(Cell(k, sizes[j], sizes[j + 1]) for j, k in enumerate(kinds))
            self.head = nn.Linear(sizes[len(kinds)], 2) if head else None

        def forward(self, x, *states):
            states, new, v = list(states), [], x
            for c in self.cells:
                mine = tuple(states.pop(0) for _ in c.states(1))
                mine = c(v, mine)
                new += mine
                v = mine[0]
            return (torch.sigmoid(self.head(v)), *new) if self.head else tuple(new)

    def export(module, args, inputs, outputs):
        import io
        f = io.BytesIO()
        with torch.no_grad():
            torch.onnx.export(module.eval(), args, f, dynamo=False, input_names=inputs, output_names=outputs)
        return onnx.load_from_string(f.getvalue())

    def loop(name, feature, module, steps=T, expect=True):
        x = torch.randn(B, steps, I)
        m = export(module, (x,), ["x"], ["y"])
        keep(name, feature, m, x.numpy(), outputs=run(m, {"x": x.numpy()}) if expect else None)

    def step(name, feature, module, expect=True, axes=False):
        x = torch.randn(B, 1, I) if axes else torch.randn(B, I)
        states = [s for c in module.cells for s in c.states(B)]
        if axes:
            states = [s.unsqueeze(0) for s in states]
        names = [f"s{k}" for k in range(len(states))]
        outputs = (["y"] if module.head else []) + [f"n{k}" for k in range(len(states))]
        outputs = outputs[:len(module(x, *states))]
        m = export(module, (x, *states), ["x"] + names, outputs)
        feeds = {"x": x.numpy(), **{n: s.numpy() for n, s in zip(names, states)}}
        if not expect:
            keep(name, feature, m, x.numpy())
            return
        keep(name, feature, m, x.numpy(), outputs=run(m, feeds))
        xs, ys = torch.randn(T, B, I).numpy(), []
        for v in xs:
            found = run(m, {**feeds, "x": v[:, None] if axes else v})
            ys.append(found[outputs[0]])
            feeds.update({n: found[f"n{k}"] for k, n in enumerate(names)})
        cases[-1]["stream"] = {"input": listed(xs), "output": listed(np.array(ys))}

    loop("graph_loop_lstm", "LSTM written step by step", Loop(["lstm"]))
    loop("graph_loop_lstm_concat", "LSTM written step by step, gates apart, its last step", Loop(["lstm_concat"], "last"))
    loop("graph_loop_coupled", "LSTM with f = 1 - i written step by step", Loop(["coupled"]))
    loop("graph_loop_gru", "GRU written step by step, reset after the product", Loop(["gru"]))
    loop("graph_loop_gru_short", "GRU written step by step as n + z (h - n), its last step", Loop(["gru_short"], "last"))
    loop("graph_loop_gru_before", "GRU written step by step, reset before the product, z and 1 - z exchanged", Loop(["gru_before"]))
    loop("graph_loop_two_steps", "GRU written step by step over two steps", Loop(["gru"]), steps=2)
    loop("graph_loop_head", "simple recurrent network written step by step, with a dense layer in each step", Loop(["elman"], "head"))
    loop("graph_loop_stack", "LSTM, GRU and dense layer in one loop", Loop(["lstm", "gru"], "head"))
    loop("graph_loop_stack_last", "two GRU layers in one loop, the last step", Loop(["gru", "gru_before"], "last"))
    loop("graph_loop_wide", "one unit, written step by step", Loop(["gru"], units=(1,)))
    step("graph_step_lstm", "one step of an LSTM with its states, a dense layer", Step(["lstm"]))
    step("graph_step_lstm_concat", "one step of an LSTM, gates apart, outputs are states alone", Step(["lstm_concat"], head=False))
    step("graph_step_gru", "one step of a GRU, reset after the product", Step(["gru"]))
    step("graph_step_gru_before", "one step of a GRU, reset before the product, z and 1 - z exchanged", Step(["gru_before"], head=False))
    step("graph_step_elman", "one step of a simple recurrent network", Step(["elman"]))
    step("graph_step_stack", "one step of a GRU and an LSTM with their states", Step(["gru_short", "lstm"]))
    class Given(nn.Module):
        """PyTorch's own cells, which its exporter spells out; states have an axis of layers."""
        head = True

        def __init__(self, kind):
            super().__init__()
            self.cell, self.out = getattr(nn, f"{kind}Cell")(I, H), nn.Linear(H, 2)
            self.cells = [Cell(kind.lower() if kind != "RNN" else "elman", I)]

        def forward(self, x, *states):
            states = [s.squeeze(0) for s in states]
            new = self.cell(x.squeeze(1), tuple(states) if len(states) > 1 else states[0])
            new = new if isinstance(new, tuple) else (new,)
            return (self.out(new[0]), *(s.unsqueeze(0) for s in new))

    class GivenLoop(nn.Module):
        def __init__(self, kind):
            super().__init__()
            self.cell, self.out = getattr(nn, f"{kind}Cell")(I, H), nn.Linear(H, 2)
            self.pair = kind == "LSTM"

        def forward(self, x):
            h = torch.zeros(x.shape[0], H)
            h = (h, torch.zeros_like(h)) if self.pair else h
            for t in range(x.shape[1]):
                h = self.cell(x[:, t], h)
            return self.out(h[0] if self.pair else h)

    for kind in ["LSTM", "GRU", "RNN"]:
        loop(f"graph_cell_{kind.lower()}", f"torch.nn.{kind}Cell in a loop, the last step", GivenLoop(kind))
        step(f"graph_cell_step_{kind.lower()}", f"one step of torch.nn.{kind}Cell, states with an axis of layers",
             Given(kind), axes=True)
    loop("refused_loop_start", "a loop that starts from ones", Loop(["gru"], start=1.0), expect=False)
    loop("refused_loop_leaky", "a loop of a leaky cell", Loop(["leaky"]), expect=False)
    loop("refused_loop_gate", "a GRU that updates with two gates", Loop(["other_gate"]), expect=False)
    loop("refused_loop_cell", "an LSTM that squashes its cell state", Loop(["tanh_of_cell"], "last"), expect=False)
    loop("refused_loop_norm", "an LSTM with layer normalization, step by step", Loop(["layer_norm"]), expect=False)
    step("refused_step_leaky", "one step of a leaky cell", Step(["leaky"]), expect=False)
    step("refused_step_gate", "one step of a GRU that updates with two gates", Step(["other_gate"]), expect=False)

    class Changing(Loop):
        def forward(self, x):
            h = self.cells[0].states(x.shape[0])
            rows = []
            for t in range(x.shape[1]):
                h = self.cells[0 if t != 3 else 1](x[:, t], h)
                rows.append(h[0])
            return torch.stack(rows, 1)

    changing = Changing(["gru"])
    changing.cells.append(Cell("gru", I))
    loop("refused_loop_changing", "a loop whose weights change", changing, expect=False)

    class NoState(Step):
        def forward(self, x, *states):
            return super().forward(x, *states)[:2]

    step("refused_step_state", "one step of an LSTM without its next cell state", NoState(["lstm"]), expect=False)


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


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def from_cudnn(a, gates):
    """Keras 2's own conversion of CuDNN kernels (saving/legacy/hdf5_format.py): the input kernel of each gate is
    k.T.reshape(k.shape, order="F")."""
    return np.hstack([k.T.reshape(k.shape, order="F") for k in np.hsplit(a, gates)])


def numpy_lstm(x, kernel, recurrent, bias, gate=sigmoid):
    if bias.size == 2 * kernel.shape[1]:
        kernel = from_cudnn(kernel, 4)
        recurrent = np.hstack([k.T for k in np.hsplit(recurrent, 4)])
        bias = np.sum(np.split(bias, 2), axis=0)
    h = c = np.zeros(recurrent.shape[0])
    out = []
    for v in x:
        i, f, g, o = np.split(v @ kernel + h @ recurrent + bias, 4)
        c = gate(f) * c + gate(i) * np.tanh(g)
        h = gate(o) * np.tanh(c)
        out.append(h)
    return np.array(out)


def numpy_gru(x, kernel, recurrent, bias, reset_after, gate=sigmoid):
    n = recurrent.shape[0]
    if bias.shape == (6 * n,):
        kernel = from_cudnn(kernel, 3)
        recurrent = np.hstack([k.T for k in np.hsplit(recurrent, 3)])
        bias = bias.reshape(2, -1)
    h = np.zeros(n)
    out = []
    for v in x:
        if reset_after:
            a, b = v @ kernel + bias[0], h @ recurrent + bias[1]
            z, r = gate(a[:n] + b[:n]), gate(a[n:2 * n] + b[n:2 * n])
            candidate = np.tanh(a[2 * n:] + r * b[2 * n:])
        else:
            a = v @ kernel + bias
            z = gate(a[:n] + h @ recurrent[:, :n])
            r = gate(a[n:2 * n] + h @ recurrent[:, n:2 * n])
            candidate = np.tanh(a[2 * n:] + (r * h) @ recurrent[:, 2 * n:])
        h = z * h + (1 - z) * candidate
        out.append(h)
    return np.array(out)


def softmax(a):
    e = np.exp(a - a.max())
    return e / e.sum()


def textgenrnn(indices, w):
    """Embedding, two LSTMs, a skip connection around both, the weighted mean over time, softmax; in 64 bits."""
    e = w["embedding"][indices]
    a = numpy_lstm(e, *w["rnn_1"])
    b = numpy_lstm(a, *w["rnn_2"])
    x = np.concatenate([e, a, b], axis=1)
    scores = np.exp((x @ w["attention"])[:, 0] - (x @ w["attention"]).max())
    mean = (x * (scores / (scores.sum() + 1e-7))[:, None]).sum(axis=0)
    return softmax(mean @ w["output"][0] + w["output"][1])


def textgenrnn_config(classes, embedding, units, length):
    """What textgenrnn's model.to_json() holds that says something about results (Keras 2.1.5)."""
    def layer(kind, name, inputs, **config):
        return {"class_name": kind, "name": name, "config": {"name": name, **config},
                "inbound_nodes": [[[i, 0, 0, {}] for i in inputs]] if inputs else []}
    def lstm(name, source):
        return layer("LSTM", name, [source], trainable=True, return_sequences=True, return_state=False,
                     go_backwards=False, stateful=False, unroll=False, units=units, activation="tanh",
                     recurrent_activation="sigmoid", use_bias=True, unit_forget_bias=True, dropout=0.0,
                     recurrent_dropout=0.0, implementation=1)
    return {"class_name": "Model", "keras_version": "2.1.5", "backend": "tensorflow", "config": {
        "name": "model_1",
        "layers": [
            layer("InputLayer", "input", [], batch_input_shape=[None, length], dtype="float32", sparse=False),
            layer("Embedding", "embedding", ["input"], trainable=True, dtype="float32", input_dim=classes,
                  output_dim=embedding, mask_zero=False, input_length=length),
            lstm("rnn_1", "embedding"),
            lstm("rnn_2", "rnn_1"),
            layer("Concatenate", "rnn_concat", ["embedding", "rnn_1", "rnn_2"], trainable=True, axis=-1),
            layer("AttentionWeightedAverage", "attention", ["rnn_concat"], trainable=True),
            layer("Dense", "output", ["attention"], trainable=True, units=classes, activation="softmax", use_bias=True),
        ],
        "input_layers": [["input", 0, 0]], "output_layers": [["output", 0, 0]]}}


def keras2_file(path, weights, config=None, version="2.1.5"):
    """An HDF5 file as Keras 2 writes it; `weights` are layers with their named arrays."""
    import h5py

    with h5py.File(path, "w") as f:
        g = f
        if config:
            f.attrs["model_config"] = json.dumps(config).encode()
            g = f.create_group("model_weights")
        for where in {f, g}:
            where.attrs["keras_version"] = version.encode()
            where.attrs["backend"] = b"tensorflow"
        g.attrs["layer_names"] = np.array([n.encode() for n in weights])
        for layer, arrays in weights.items():
            inside = g.create_group(layer)
            names = [f"{layer}/{n}:0" for n in arrays]
            inside.attrs["weight_names"] = np.array([n.encode() for n in names]) if names else np.array([])
            for n, a in zip(names, arrays.values()):
                inside.create_dataset(n, data=f32(a))


def keras_old(expected):
    """Forms that Keras 3 no longer writes; the oracle is NumPy."""
    out = HERE / "keras"
    rng = np.random.default_rng(77)
    draw = lambda *shape: f32(rng.normal(0, 0.6, shape))
    T, I = 6, 3
    x = draw(2, T, I)

    def recurrent(kind, **config):
        return {"class_name": kind, "config": {
            "name": "rnn", "trainable": True, "return_sequences": True, "return_state": False, "go_backwards": False,
            "stateful": False, "batch_input_shape": [None, None, I], "dtype": "float32", **config}}
    def keep(name, feature, layer, n, weights, run, sequential_list=False):
        k, r, b = weights
        names = ["kernel", "recurrent_kernel", "bias"]
        layers = [layer]
        config = {"class_name": "Sequential", "config": layers if sequential_list else {"name": "s", "layers": layers},
                  "keras_version": "2.1.6", "backend": "tensorflow"}
        keras2_file(out / f"{name}.h5", {"rnn": dict(zip(names, weights))}, config, "2.1.6")
        y = np.array([run(v.astype(np.float64), k.astype(np.float64), r.astype(np.float64), b.astype(np.float64))
                      for v in x])
        expected[name] = {"file": f"{name}.h5", "feature": feature, "input": listed(x), "output": listed(f32(y))}

    hard = lambda v: np.clip(0.2 * v + 0.5, 0, 1)
    keep("old_lstm_hard_sigmoid", "LSTM of Keras 2, hard_sigmoid = 0.2 x + 0.5",
         recurrent("LSTM", units=4, activation="tanh", recurrent_activation="hard_sigmoid", use_bias=True,
                   unit_forget_bias=True), 4, (draw(I, 16) * 2, draw(4, 16), draw(16)),
         lambda v, k, r, b: numpy_lstm(v, k, r, b, hard), sequential_list=True)
    keep("old_gru", "GRU of Keras 2.1 without reset_after",
         recurrent("GRU", units=4, activation="tanh", recurrent_activation="hard_sigmoid", use_bias=True), 4,
         (draw(I, 12) * 2, draw(4, 12), draw(12)), lambda v, k, r, b: numpy_gru(v, k, r, b, False, hard))
    keep("old_cudnn_lstm", "CuDNNLSTM", recurrent("CuDNNLSTM", units=4, unit_forget_bias=True), 4,
         (draw(I, 16), draw(4, 16), draw(32)), numpy_lstm)
    keep("old_cudnn_gru", "CuDNNGRU", recurrent("CuDNNGRU", units=4), 4,
         (draw(I, 12), draw(4, 12), draw(24)), lambda v, k, r, b: numpy_gru(v, k, r, b, True))
    keep("old_lstm_of_cudnn", "LSTM with the weights of CuDNNLSTM",
         recurrent("LSTM", units=4, activation="tanh", recurrent_activation="sigmoid", use_bias=True), 4,
         (draw(I, 16), draw(4, 16), draw(32)), numpy_lstm)

    def network(classes, embedding, units):
        return {
            "embedding": draw(classes, embedding),
            "rnn_1": [draw(embedding, 4 * units), draw(units, 4 * units), draw(8 * units)],
            "rnn_2": [draw(units, 4 * units), draw(units, 4 * units), draw(8 * units)],
            "attention": draw(embedding + 2 * units, 1) * 3,
            "output": [draw(embedding + 2 * units, classes), draw(classes)]}
    w = network(11, 3, 4)
    names = ["kernel", "recurrent_kernel", "bias"]
    keras2_file(out / "textgenrnn_small.hdf5", {
        "input": {}, "embedding": {"embeddings": w["embedding"]}, "rnn_1": dict(zip(names, w["rnn_1"])),
        "rnn_2": dict(zip(names, w["rnn_2"])), "rnn_concat": {}, "attention": {"attention_W": w["attention"]},
        "output": dict(zip(names[::2], w["output"]))})
    (out / "textgenrnn_small.json").write_text(json.dumps(textgenrnn_config(11, 3, 4, 8)) + "\n")
    wide = {k: [a.astype(np.float64) for a in v] if isinstance(v, list) else v.astype(np.float64) for k, v in w.items()}
    i = np.array([[0, 3, 10, 7, 7, 1, 2, 9], [5, 5, 0, 1, 2, 3, 4, 10]])
    expected["textgenrnn_small"] = {
        "file": "textgenrnn_small.hdf5", "architecture": "textgenrnn_small.json",
        "feature": "textgenrnn's form: CuDNN weights, skip connection, attention, softmax",
        "input": listed(f32(i)), "output": listed(f32([textgenrnn(v, wide) for v in i]))}


def textgenrnn_trained(folder):
    """The next character after some texts, from the trained weights, which are not part of this repository."""
    import h5py

    with h5py.File(folder / "textgenrnn_weights.hdf5") as f:
        get = lambda layer, name: np.array(f[layer][layer][f"{name}:0"], np.float64)
        w = {"embedding": get("embedding", "embeddings"), "attention": get("attention", "attention_W"),
             "output": [get("output", "kernel"), get("output", "bias")]}
        for n in ["rnn_1", "rnn_2"]:
            w[n] = [get(n, k) for k in ["kernel", "recurrent_kernel", "bias"]]
    vocabulary = json.loads((folder / "textgenrnn_vocab.json").read_text())
    texts = ["The quick brown fox jumps over the lazy d", "What is the best way to learn", "[", "My girlfriend"]
    rows = []
    for text in texts:
        i = [vocabulary["<s>"]] + [vocabulary[c] for c in text]
        i = ([0] * 40 + i)[-40:]
        rows.append({"text": text, "indices": i, "output": [float(p) for p in textgenrnn(np.array(i), w)]})
    (HERE / "keras" / "textgenrnn.json").write_text(json.dumps(textgenrnn_config(465, 100, 128, 40)) + "\n")
    (HERE / "keras" / "textgenrnn_expected.json").write_text(json.dumps(rows) + "\n")
    names = {i: c for c, i in vocabulary.items()}
    for row in rows:
        best = np.argsort(row["output"])[::-1][:5]
        print(row["text"], [(names.get(i), round(row["output"][i], 3)) for i in best])


def keras_files():
    os.environ["KERAS_BACKEND"] = "torch"
    import keras
    from keras import layers as L

    out = HERE / "keras"
    out.mkdir(exist_ok=True)
    expected, refused = {}, []
    rng = np.random.default_rng(9)
    B, T, I = 2, 5, 3

    def keep(name, feature, model, form="keras", indices=0):
        model.set_weights([f32(rng.normal(0, 0.6, w.shape)) for w in model.get_weights()])
        x = rng.integers(0, indices, (B, T)) if indices else f32(rng.normal(0, 1, (B, T, I)))
        y = np.array(model.predict(x, verbose=0))
        one = {"file": f"{name}.{form}", "feature": feature, "input": listed(f32(x)), "output": listed(y)}
        if form == "weights.h5":
            model.save_weights(out / one["file"])
            one["architecture"] = f"{name}.json"
            (out / one["architecture"]).write_text(model.to_json() + "\n")
        else:
            model.save(out / one["file"])
        expected[name] = one

    def chain(*layers, shape=(None, I)):
        return keras.Sequential([L.Input(shape), *layers])

    S = dict(return_sequences=True)
    keep("lstm", "LSTM, every step", chain(L.LSTM(4, **S)))
    keep("lstm_weights", "LSTM, weights alone", chain(L.LSTM(4, **S)), "weights.h5")
    keep("lstm_last", "LSTM, the last step, Dense", chain(L.LSTM(4), L.Dense(2, activation="sigmoid")), "h5")
    keep("lstm_no_bias", "LSTM, use_bias = false", chain(L.LSTM(4, use_bias=False, **S)), "weights.h5")
    keep("gru", "GRU, reset_after = true", chain(L.GRU(4, **S)), "h5")
    keep("gru_before", "GRU, reset_after = false", chain(L.GRU(4, reset_after=False, **S)))
    keep("gru_no_bias", "GRU, reset_after = true, use_bias = false", chain(L.GRU(4, use_bias=False, **S)))
    keep("gru_before_no_bias", "GRU, reset_after = false, use_bias = false",
         chain(L.GRU(4, reset_after=False, use_bias=False, **S)), "weights.h5")
    keep("simple_rnn", "SimpleRNN", chain(L.SimpleRNN(4, **S)), "weights.h5")
    keep("simple_rnn_relu", "SimpleRNN, relu, use_bias = false", chain(L.SimpleRNN(4, activation="relu", use_bias=False)), "h5")
    keep("lstm_activations", "LSTM, activation = relu, recurrent_activation = tanh",
         chain(L.LSTM(4, activation="relu", recurrent_activation="tanh", **S)))
    keep("lstm_hard_sigmoid", "LSTM of Keras 3, hard_sigmoid = x / 6 + 0.5",
         chain(L.LSTM(4, recurrent_activation="hard_sigmoid", **S)), "h5")
    keep("gru_hard_sigmoid", "GRU of Keras 3, hard_sigmoid = x / 6 + 0.5",
         chain(L.GRU(4, recurrent_activation="hard_sigmoid", **S)), "weights.h5")
    keep("gru_activations", "GRU, activation = linear, recurrent_activation = hard_sigmoid",
         chain(L.GRU(4, activation="linear", recurrent_activation="hard_sigmoid", reset_after=False, **S)))
    keep("backwards", "go_backwards = true, every step", chain(L.LSTM(4, go_backwards=True, **S), L.Dense(2)))
    keep("backwards_last", "go_backwards = true, the last step", chain(L.GRU(4, go_backwards=True)), "h5")
    keep("bidirectional", "Bidirectional LSTM, every step", chain(L.Bidirectional(L.LSTM(4, **S)), L.Dense(2)))
    keep("bidirectional_last", "Bidirectional GRU, the last step of each direction",
         chain(L.Bidirectional(L.GRU(4)), L.Dense(2)), "h5")
    keep("bidirectional_different", "Bidirectional with another backward_layer",
         chain(L.Bidirectional(L.LSTM(4, **S), backward_layer=L.GRU(3, go_backwards=True, reset_after=False, **S))),
         "weights.h5")
    keep("bidirectional_stack", "Bidirectional under Bidirectional", chain(
        L.Bidirectional(L.GRU(2, reset_after=False, **S)), L.Bidirectional(L.SimpleRNN(3))), "weights.h5")
    keep("stack", "stacked layers, TimeDistributed, Dropout, Activation", chain(
        L.TimeDistributed(L.Dense(4)), L.Activation("tanh"), L.Dropout(0.3), L.LSTM(5, dropout=0.2, **S),
        L.SpatialDropout1D(0.2), L.GRU(4, **S), L.Activation("relu"), L.Dense(2, use_bias=False),
        L.Activation("hard_sigmoid")))
    keep("stack_softmax", "Dense with softmax at every step", chain(L.GRU(4, **S), L.Dense(3, activation="softmax")), "h5")
    keep("stateful", "stateful = true, from zero states", keras.Sequential(
        [L.Input(batch_shape=(B, None, I)), L.LSTM(4, stateful=True, **S)]))
    keep("embedding", "Embedding, LSTM, the last step, softmax", keras.Sequential(
        [L.Input((None,)), L.Embedding(7, 3), L.LSTM(4), L.Dense(7), L.Activation("softmax")]), indices=7)

    i = L.Input((None, I))
    a, b = L.LSTM(4, **S)(i), L.GRU(3, **S)(i)
    c = L.Concatenate()([b, i, a])
    keep("branches", "branches and Concatenate", keras.Model(i, L.Dense(2)(L.SimpleRNN(3, **S)(c))), "weights.h5")
    i = L.Input((T,))
    e = L.Embedding(6, 3)(i)
    a = L.LSTM(4, **S)(e)
    c = L.Concatenate()([e, a])
    d = L.Dense(2, activation="tanh")(L.GRU(4)(c))
    keep("branches_last", "a skip connection, then the last step", keras.Model(i, L.Concatenate()([d, L.LSTM(2)(e)])),
         indices=6)

    # What has to be refused: architectures beside the file "lstm_weights".
    def refuse(name, feature, model):
        refused.append({"name": name, "feature": feature})
        (out / f"refused_{name}.json").write_text(model.to_json() + "\n")

    refuse("merge_mode", "Bidirectional, merge_mode = sum", chain(L.Bidirectional(L.LSTM(4, **S), merge_mode="sum")))
    refuse("selu", "activation = selu", chain(L.LSTM(4, activation="selu", **S)))
    refuse("leaky_relu", "recurrent_activation = leaky_relu", chain(L.LSTM(4, recurrent_activation="leaky_relu", **S)))
    refuse("conv", "Conv1D", chain(L.Conv1D(4, 3), L.LSTM(4, **S)))
    refuse("masking", "Masking", chain(L.Masking(), L.LSTM(4, **S)))
    refuse("normalization", "LayerNormalization", chain(L.LSTM(4, **S), L.LayerNormalization()))
    refuse("mask_zero", "Embedding, mask_zero = true", keras.Sequential(
        [L.Input((None,)), L.Embedding(7, 3, mask_zero=True), L.LSTM(4)]))
    i = L.Input((None, I))
    refuse("return_state", "return_state = true", keras.Model(i, L.LSTM(4, return_state=True, **S)(i)[0]))
    refuse("initial_state", "initial states", keras.Model(i, L.LSTM(4, **S)(
        i, initial_state=[L.GlobalAveragePooling1D()(L.Dense(4)(i))] * 2)))
    layer = L.LSTM(I, **S)
    refuse("shared", "a layer that is used twice", keras.Model(i, layer(layer(i))))
    j = L.Input((None, I))
    refuse("two_inputs", "two inputs", keras.Model([i, j], L.LSTM(4)(L.Concatenate()([i, j]))))
    refuse("add", "Add", keras.Model(i, L.Add()([L.LSTM(4, **S)(i), L.GRU(4, **S)(i)])))
    refuse("no_time", "an input without time", keras.Sequential([L.Input((3,)), L.Dense(2)]))
    refuse("repeat", "a sequence from one step", chain(L.LSTM(4), L.RepeatVector(3), L.LSTM(2)))
    refuse("one_step", "a recurrent layer after one step", chain(L.LSTM(4), L.Reshape((2, 2)), L.LSTM(2)))
    refuse("units", "more units than the weights have", chain(L.LSTM(5, **S)))
    refuse("other", "a layer that the weights do not have", chain(L.GRU(4, **S)))
    keras_old(expected)
    (out / "expected.json").write_text(json.dumps({"cases": expected, "refused": refused}) + "\n")
    print(len(expected), "models of Keras,", len(refused), "to be refused")


def hostile_hdf5():
    """Files that a reader could trust too much; none may be read, and none may cost time or memory."""
    import h5py

    out = HERE / "hdf5"
    out.mkdir(exist_ok=True)

    def write(name, fill):
        with h5py.File(out / f"{name}.h5", "w") as f:
            f.attrs["layer_names"] = np.array([b"a"])
            f.create_group("a").attrs["weight_names"] = np.array([b"k"])
            fill(f, f["a"])

    def cycle(f, a):
        a["b"] = f["/"]

    def links(f, a):
        a["k"] = h5py.ExternalLink("other.h5", "/k")
        a["s"] = h5py.SoftLink("/a/x")
        a["x"] = f32([1, 2])

    def shared(f, a):
        a["k"] = f32(np.zeros(2000))
        for i in range(64):
            a[f"k{i}"] = a["k"]
            f.create_group(f"g{i}")["again"] = a

    write("cycle", cycle)
    write("links", links)
    write("shared", shared)
    write("elsewhere", lambda f, a: a.create_dataset("k", (4,), "f4", external=[("/etc/hostname", 0, 16)]))
    write("virtual", lambda f, a: a.create_virtual_dataset(
        "k", (lambda v: (v.__setitem__(slice(None), h5py.VirtualSource("other.h5", "k", (4,))), v)[1])(
            h5py.VirtualLayout((4,), "f4"))))
    write("compressed", lambda f, a: a.create_dataset("k", data=f32(np.zeros((100, 100))), compression="gzip"))
    write("huge", lambda f, a: a.create_dataset("k", (1 << 20, 1 << 20), "f4", chunks=(64, 64)))
    write("unwritten", lambda f, a: a.create_dataset("k", (1 << 30,), "f4"))
    write("texts", lambda f, a: a.create_dataset("k", data=np.array([b"abc", b"d"])))
    write("deep", lambda f, a: f.create_group("/".join("d" * 40)))
    write("good", lambda f, a: [a.create_dataset("k", data=np.array([[1.5, -2, 3]], t)) if t == "f4" else
                                a.create_dataset(t, data=np.array([1, -2, 3], t))
                                for t in ["f4", "f2", "f8", "i4", ">f4", "i8", "u1"][:6]])


if __name__ == "__main__":
    wanted = [a for a in sys.argv[1:] if a != "-v"] or ["attributes", "torch-onnx", "torch", "keras", "hdf5"]
    if "attributes" in wanted:
        attribute_cases()
        pattern_cases()
        spelled_cases()
        (HERE / "attributes" / "cases.json").write_text(json.dumps(cases) + "\n")
        print(len(cases), "cases,", sum("outputs" not in c for c in cases), "to be refused")
    if "torch-onnx" in wanted:
        torch_onnx()
    if "torch" in wanted:
        torch_state_dict()
    if "hdf5" in wanted:
        hostile_hdf5()
    if "keras" in wanted:
        keras_files()
    if "textgenrnn" in wanted:
        # TEXTGENRNN names the folder with its weights and vocabulary (github.com/minimaxir/textgenrnn).
        textgenrnn_trained(pathlib.Path(os.environ["TEXTGENRNN"]))

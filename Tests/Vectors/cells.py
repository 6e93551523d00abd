#!/usr/bin/env python3
"""Writes cells.json: outputs and gradients of small recurrent layers, by PyTorch's autograd in double.

GRU (reset after), LSTM, LSTM with projection and Elman are PyTorch's own layers; GRU with the reset
before and LSTM with peepholes, which PyTorch lacks, are written out as equations. Parameters and inputs
are multiples of 1/64, so they are the same in float32. The loss is the sum of coefficient * output.

Run with PyTorch 2.x.
"""

import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(20)


def grid(*shape):
    return torch.randint(-48, 49, shape, generator=generator).double() / 64


def flat(tensor):
    return [float(f"{value:.12g}") for value in tensor.detach().reshape(-1).tolist()]


def gru(p, inputs, units, options, xs):
    """PyTorch's layer; its rows are r, z, n and it adds two biases."""
    layer = torch.nn.GRU(inputs, units)
    zero = torch.zeros(units)
    weights = [
        torch.cat([p[f"{g}.weight_x"] for g in "rzn"]),
        torch.cat([p[f"{g}.weight_h"] for g in "rzn"]),
        torch.cat([p["r.bias"], p["z.bias"], p["n.bias"]]),
        torch.cat([zero, zero, p["n.bias_h"]]),
    ]
    names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    return [
        torch.func.functional_call(layer, dict(zip(names, weights)), (x[:, None],))[0][:, 0]
        for x in xs
    ]


def lstm(p, inputs, units, options, xs):
    projection = options["projection"]
    layer = torch.nn.LSTM(inputs, units, proj_size=projection)
    values = {
        "weight_ih_l0": torch.cat([p[f"{g}.weight_x"] for g in "ifgo"]),
        "weight_hh_l0": torch.cat([p[f"{g}.weight_h"] for g in "ifgo"]),
        "bias_ih_l0": torch.cat([p[f"{g}.bias"] for g in "ifgo"]),
        "bias_hh_l0": torch.zeros(4 * units),
    }
    if projection > 0:
        values["weight_hr_l0"] = p["projection.weight"]
    return [torch.func.functional_call(layer, values, (x[:, None],))[0][:, 0] for x in xs]


def elman(p, inputs, units, options, xs):
    layer = torch.nn.RNN(inputs, units, nonlinearity=options["activation"])
    values = {
        "weight_ih_l0": p["weight_x"],
        "weight_hh_l0": p["weight_h"],
        "bias_ih_l0": p["bias"],
        "bias_hh_l0": torch.zeros(units),
    }
    return [torch.func.functional_call(layer, values, (x[:, None],))[0][:, 0] for x in xs]


def gru_before(p, inputs, units, options, xs):
    outputs = []
    for x in xs:
        h = torch.zeros(units)
        steps = []
        for x_t in x:
            z = torch.sigmoid(p["z.weight_x"] @ x_t + p["z.weight_h"] @ h + p["z.bias"])
            r = torch.sigmoid(p["r.weight_x"] @ x_t + p["r.weight_h"] @ h + p["r.bias"])
            n = torch.tanh(p["n.weight_x"] @ x_t + p["n.weight_h"] @ (r * h) + p["n.bias"])
            h = (1 - z) * n + z * h
            steps.append(h)
        outputs.append(torch.stack(steps))
    return outputs


def lstm_peepholes(p, inputs, units, options, xs):
    outputs = []
    for x in xs:
        projection = options["projection"]
        h = torch.zeros(projection or units)
        c = torch.zeros(units)
        steps = []
        for x_t in x:
            pre = {g: p[f"{g}.weight_x"] @ x_t + p[f"{g}.weight_h"] @ h + p[f"{g}.bias"] for g in "ifgo"}
            i = torch.sigmoid(pre["i"] + p["i.peephole"] * c)
            f = torch.sigmoid(pre["f"] + p["f.peephole"] * c)
            c = f * c + i * torch.tanh(pre["g"])
            o = torch.sigmoid(pre["o"] + p["o.peephole"] * c)
            h = o * torch.tanh(c)
            if projection > 0:
                h = p["projection.weight"] @ h
            steps.append(h)
        outputs.append(torch.stack(steps))
    return outputs


def gates(letters, inputs, units, state, extra=()):
    shapes = {}
    for g in letters:
        shapes[f"{g}.weight_x"] = (units, inputs)
        shapes[f"{g}.weight_h"] = (units, state)
        shapes[f"{g}.bias"] = (units,)
    for name in extra:
        shapes[name] = (units,)
    return shapes


def case(name, cell, function, inputs, units, lengths, options, shapes, outputs=None):
    p = {key: grid(*shape).requires_grad_() for key, shape in shapes.items()}
    xs = [grid(length, inputs) for length in lengths]
    ys = function(p, inputs, units, options, xs)
    coefficients = [grid(length, outputs or units) for length in lengths]
    sum((y * c).sum() for y, c in zip(ys, coefficients)).backward()
    return {
        "name": name,
        "cell": cell,
        "inputSize": inputs,
        "units": units,
        "options": options,
        "parameters": {key: flat(value) for key, value in p.items()},
        "inputs": [flat(x) for x in xs],
        "coefficients": [flat(c) for c in coefficients],
        "outputs": [flat(y) for y in ys],
        "gradients": {key: flat(value.grad) for key, value in p.items()},
    }


peepholes = ["i.peephole", "f.peephole", "o.peephole"]
cases = [
    case("GRU, reset after", "gru", gru, 3, 5, [4, 2, 3], {"reset": "after"},
         gates("zrn", 3, 5, 5, ["n.bias_h"])),
    case("GRU, reset after, one unit", "gru", gru, 1, 1, [5], {"reset": "after"},
         gates("zrn", 1, 1, 1, ["n.bias_h"])),
    case("GRU, reset before", "gru", gru_before, 4, 3, [3, 5, 1], {"reset": "before"},
         gates("zrn", 4, 3, 3)),
    case("LSTM", "lstm", lstm, 3, 4, [1, 4, 3], {"peepholes": False, "projection": 0},
         gates("ifgo", 3, 4, 4)),
    case("LSTM with projection", "lstm", lstm, 2, 6, [3, 3], {"peepholes": False, "projection": 4},
         gates("ifgo", 2, 6, 4) | {"projection.weight": (4, 6)}, outputs=4),
    case("LSTM with peepholes", "lstm", lstm_peepholes, 2, 3, [4, 2],
         {"peepholes": True, "projection": 0}, gates("ifgo", 2, 3, 3, peepholes)),
    case("LSTM with peepholes and projection", "lstm", lstm_peepholes, 3, 5, [2, 4, 4, 1, 3],
         {"peepholes": True, "projection": 2},
         gates("ifgo", 3, 5, 2, peepholes) | {"projection.weight": (2, 5)}, outputs=2),
    case("Elman", "elman", elman, 5, 3, [4, 1], {"activation": "tanh"},
         {"weight_x": (3, 5), "weight_h": (3, 3), "bias": (3,)}),
    case("Elman with relu", "elman", elman, 2, 4, [3], {"activation": "relu"},
         {"weight_x": (4, 2), "weight_h": (4, 4), "bias": (4,)}),
]
text = "[\n" + ",\n".join(json.dumps(item) for item in cases) + "\n]\n"
pathlib.Path(__file__).with_name("cells.json").write_text(text)

"""Fixed point against float: rnnc beside hls4ml's C simulation, same weights and inputs, in one run.

Needs: pip install hls4ml==1.3.0 keras "jax[cpu]" safetensors, and g++. Arguments: the rnnc program, and options.
Prints a table; with --evidence FILE.md also writes it there.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from safetensors.numpy import save_file

STEPS, INPUTS = 16, 8
CALIBRATION, TEST = 32, 200


def networks(units):
    """Keras layers as they start, with biases drawn too: Glorot input and orthogonal recurrent matrices."""
    import keras

    for cell in ["LSTM", "GRU"]:
        keras.utils.set_random_seed(units)
        bias = keras.initializers.RandomUniform(-0.5, 0.5)
        layer = getattr(keras.layers, cell)(
            units, return_sequences=True, bias_initializer=bias, name="rnn")
        model = keras.Sequential([keras.Input((STEPS, INPUTS)), layer])
        yield cell, model, [np.asarray(w) for w in layer.get_weights()]


def torch_tensors(cell, weights, units):
    """The same weights under PyTorch's names: transposed, GRU gates from z r h to r z n, two biases."""
    kernel, recurrent, bias = weights
    order = [0, 1, 2, 3] if cell == "LSTM" else [1, 0, 2]

    def rows(array):
        return np.concatenate([array[g * units:(g + 1) * units] for g in order])

    bias = bias.reshape(-1, len(order) * units)
    second = bias[1] if len(bias) == 2 else np.zeros_like(bias[0])
    return {
        "rnn.weight_ih_l0": np.ascontiguousarray(rows(kernel.T)),
        "rnn.weight_hh_l0": np.ascontiguousarray(rows(recurrent.T)),
        "rnn.bias_ih_l0": rows(bias[0]), "rnn.bias_hh_l0": rows(second)}


def ours(rnnc, folder, cell, weights, units, bits, calibration, test, wanted):
    """Imports, quantizes from the calibration sequences, and gives the integers' errors on the test sequences."""
    save_file(torch_tensors(cell, weights, units), f"{folder}/w.safetensors")
    with open(f"{folder}/a.json", "w") as file:
        json.dump({"format": "rnnc-architecture", "version": 1, "modules": [
            {"kind": cell.lower(), "name": "rnn", "layers": 1, "bidirectional": False}]},
                  file)
    for name, array in [("c", calibration), ("x", test), ("y", wanted)]:
        np.save(f"{folder}/{name}.npy", array)

    def run(*arguments):
        result = subprocess.run([rnnc, *arguments, "--json"], capture_output=True, text=True)
        if result.returncode != 0:
            sys.exit(result.stderr)
        return json.loads(result.stdout)

    run("import", f"{folder}/w.safetensors", "--architecture", f"{folder}/a.json", "-o",
        f"{folder}/float")
    result = run("quantize", f"{folder}/float", "--calibration", f"{folder}/c.npy", "-o",
                 f"{folder}/fixed", "--bits", str(bits), "--expect-input", f"{folder}/x.npy",
                 "--expect-output", f"{folder}/y.npy")
    errors = {(e["form"], e["against"]): e for e in result["accuracy"]["errors"]}
    fixed = errors["fixed", "origin"]
    return fixed["maxError"], fixed["meanError"]


def integer_bits(values):
    """Integer bits, sign included, of the least ap_fixed range that holds all values."""
    return int(np.ceil(np.log2(max(np.abs(values).max(), 2.0**-8)) + 1e-9)) + 1


DEFAULT = {16: "fixed<16,6>", 8: "fixed<8,3>"}
# The best of 2, 3 and 4 for both cells of 16 units; --integers tries others.
TUNED_INTEGER_BITS = {16: [4], 8: [3]}


def hls4ml_config(model, weights, bits, integers):
    """The default precision of a width (`integers` nil), or formats by range, rounding, saturation, large tables.

    Input, result and sums of the layer have one type in version 1.3.0 (its templates do not compile otherwise), so
    `integers`, the integer bits of that type, weighs saturation against resolution; the caller tries several.
    """
    import hls4ml

    config = hls4ml.utils.config_from_keras_model(
        model, granularity="name", backend="Vitis", default_precision=DEFAULT[bits])
    if integers is None:
        return config

    def fixed(values):
        return f"fixed<{bits},{integer_bits(values)},RND,SAT>"

    kernel, recurrent, bias = weights
    values = f"fixed<{bits},{integers},RND,SAT>"
    layer = config["LayerName"]["rnn"]
    layer["Precision"] = {
        "result": values, "accum": values, "weight": fixed(kernel),
        "recurrent_weight": fixed(recurrent), "bias": fixed(bias), "recurrent_bias": fixed(bias),
        "table": "fixed<18,2,RND,SAT>"}
    for name, entry in config["LayerName"].items():
        if name.startswith("rnn"):
            entry["TableSize"] = 8192
        elif name != "rnn":
            entry["Precision"] = {"result": values}
    return config


def theirs(folder, model, config, test, wanted):
    import hls4ml

    project = hls4ml.converters.convert_from_keras_model(
        model, hls_config=config, output_dir=folder, backend="Vitis", io_type="io_parallel")
    project.compile()
    found = project.predict(np.ascontiguousarray(test)).reshape(wanted.shape)
    errors = np.abs(found.astype(np.float64) - wanted)
    return float(errors.max()), float(errors.mean())


def page(rows):
    """The report: one line per network and width, with the ratios of the maximal errors."""
    lines = [
        "# Fixed point against float, beside hls4ml", "",
        "Written by `make bench-accuracy`; do not edit.", "",
        f"LSTM and GRU layers as Keras starts them (biases uniform in +-0.5), {INPUTS} Gaussian inputs, "
        f"{TEST} sequences of {STEPS} steps. Errors of all outputs against Keras, maximal and mean. Formats of rnnc "
        f"come from {CALIBRATION} other sequences; weights, inputs, outputs and states have the named width. It is what its "
        "Verilog computes, as `rnnc cosim` checks. hls4ml 1.3.0, C simulation of the Vitis backend, same weights and inputs: "
        "with its default precision of the width (`fixed<16,6>`, `fixed<8,3>`, tables of 1024), and tuned: weights by "
        "range, rounding and saturation, tables of 8192 entries of 18 bits, and the best type of inputs, sums and "
        "results, which have to be one.", "",
        "| cell | units | bits | rnnc | hls4ml | ratio | hls4ml tuned | ratio |",
        "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        cells = [row["cell"], str(row["units"]), str(row["bits"])]
        cells.append("{:.1e}, {:.1e}".format(*row["rnnc"]))
        for name in ["default", "tuned"]:
            if name in row:
                cells.append("{:.1e}, {:.1e}".format(*row[name]))
                cells.append("{:.1f}".format(row[name][0] / row["rnnc"][0]))
            else:
                cells += ["", ""]
        lines.append("| " + " | ".join(cells) + " |")
    lines.append("")
    for name, title in [("default", "the default"), ("tuned", "the tuned configuration")]:
        for bits in sorted({row["bits"] for row in rows}, reverse=True):
            ratios = [r[name][0] / r["rnnc"][0] for r in rows if name in r and r["bits"] == bits]
            if ratios:
                verdict = "at least 5 everywhere" if min(ratios) >= 5 else "**not 5 everywhere**"
                lines.append(
                    f"- {bits} bits against {title}: ratios of the maximal errors {min(ratios):.1f} to "
                    f"{max(ratios):.1f}, {verdict}.")
    lines += [
        "", "With 16 bits the tables decide: those of rnnc are right to one unit in the last place. With 8 bits both have 8 bits "
        "of everything that is stored, and rare inputs beyond the range of the calibration make the greatest errors of "
        "rnnc; against the tuned configuration the mean errors say more."]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rnnc")
    parser.add_argument("--units", type=int, nargs="+", default=[16, 32, 64])
    parser.add_argument("--bits", type=int, nargs="+", default=[16, 8])
    parser.add_argument("--integers", type=int, nargs="+")
    parser.add_argument("--evidence")
    parser.add_argument("--skip-hls4ml", action="store_true")
    options = parser.parse_args()
    rows = []
    for units in options.units:
        for cell, model, weights in networks(units):
            draw = np.random.default_rng(units)
            calibration = draw.standard_normal((CALIBRATION, STEPS, INPUTS)).astype(np.float32)
            test = draw.standard_normal((TEST, STEPS, INPUTS)).astype(np.float32)
            wanted = np.asarray(model(test))
            for bits in options.bits:
                with tempfile.TemporaryDirectory() as folder:
                    row = {"cell": cell, "units": units, "bits": bits,
                           "rnnc": ours(options.rnnc, folder, cell, weights, units, bits,
                                        calibration, test, wanted)}
                    if not options.skip_hls4ml:
                        tries = {}
                        for integers in [None] + (options.integers or TUNED_INTEGER_BITS[bits]):
                            config = hls4ml_config(model, weights, bits, integers)
                            tries[integers] = theirs(
                                f"{folder}/{integers}", model, config, test, wanted)
                        row["default"] = tries.pop(None)
                        row["tuned"] = min(tries.values())
                        row["tunedIntegerBits"] = min(tries, key=tries.get)
                    rows.append(row)
                    print(json.dumps(row), file=sys.stderr, flush=True)
    text = page(rows)
    print(text)
    if options.evidence:
        with open(options.evidence, "w") as file:
            file.write(text)


if __name__ == "__main__":
    main()

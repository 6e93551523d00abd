"""Bank-balanced beside block-circulant matrices on spoken digits: the same networks, training and densities.

Arguments: the rnnc program, and options. Trains each cell of the examples, gives its matrices each structure by ADMM,
quantizes, and counts the recordings of the test set that are right. Prints a table; with --evidence FILE.md also
writes it there. Needs nothing beside the program.
"""

import argparse
import json
import os
import subprocess
import tempfile

# Structure and the share of the entries that is stored.
STRUCTURES = [
    ("block-circulant:4", "1/4"), ("bank-balanced:8:2", "1/4"), ("bank-balanced:16:4", "1/4"),
    ("block-circulant:8", "1/8"), ("bank-balanced:8:1", "1/8"), ("bank-balanced:16:2", "1/8"),
]
CELLS = ["gru", "lstm"]
SEEDS = [1, 2, 3]


def run(rnnc, *arguments):
    """The result of a verb."""
    process = subprocess.run(
        [rnnc, *arguments, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)}\n{process.stderr[-2000:]}")
    return json.loads(process.stdout)


def percent(values):
    return f"{100 * sum(values) / len(values):.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rnnc")
    parser.add_argument("--examples", default="Examples/digits")
    parser.add_argument("--data", help="the recordings (default: those of the examples)")
    parser.add_argument("--evidence", help="a Markdown file to write")
    options = parser.parse_args()
    data = ["--data", options.data] if options.data else []
    rows, count = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for cell in CELLS:
            experiment = os.path.join(options.examples, f"{cell}.json")
            dense, results = [], {name: [] for name, _ in STRUCTURES}
            for seed in SEEDS:
                at = os.path.join(folder, f"{cell}-{seed}")
                seeded = ["--seed", str(seed), *data]
                trained = run(options.rnnc, "train", experiment, "-o", f"{at}/float", *seeded)
                dense.append(trained["testAccuracy"])
                count = trained["testSequences"]
                for name, _ in STRUCTURES:
                    place = f"{at}/{name.replace(':', '-')}"
                    found = run(
                        options.rnnc, "compress", f"{at}/float", "--experiment", experiment,
                        "-o", place, "--structure", name, "--method", "admm", *seeded)
                    integers = run(
                        options.rnnc, "quantize", place, "--experiment", experiment,
                        "-o", f"{place}-integers", *seeded)
                    results[name].append((found, integers))
                    print(cell, seed, name, found["testAccuracy"], integers["testAccuracyIntegers"],
                          flush=True)
            rows.append(f"| {cell} | dense | 1 | {trained['storedWeights']} | | {percent(dense)} | | |")
            for name, share in STRUCTURES:
                found = [f for f, _ in results[name]]
                integers = [i["testAccuracyIntegers"] for _, i in results[name]]
                each = ", ".join(percent([value]) for value in integers)
                rows.append(
                    f"| {cell} | {name} | {share} | {found[0]['storedWeights']} | "
                    f"{percent([f['testAccuracyBeforeFineTuning'] for f in found])} | "
                    f"{percent([f['testAccuracy'] for f in found])} | {percent(integers)} | {each} |")
    text = f"""# Bank-balanced beside block-circulant matrices

Accuracy in percent on {count} test recordings that no training saw, mean over seeds {', '.join(map(str, SEEDS))}. Written by
`make experiment-structures`; do not edit.

All matrices of the recurrent layer take the structure by ADMM, as the experiment file of the cell says, and nothing
else differs between the rows. `stored` counts the weights of the network that are stored, biases and readout
included, the columns of a bank-balanced matrix not; a last bank of fewer columns keeps as many entries as the others. `projected` is after ADMM's last projection, before fine-tuning; `integers`
is the fixed-point reference (12 bits), which the Verilog equals bit for bit. A recording is {100 / count:.2f} %.

| cell | structure | share | stored | projected, float | fine-tuned, float | integers | integers by seed |
|---|---|---|---|---|---|---|---|
""" + "\n".join(rows) + "\n"
    print(text)
    if options.evidence:
        with open(options.evidence, "w") as file:
            file.write(text)


if __name__ == "__main__":
    main()

"""Compares forward + backward of the training engine with PyTorch on this machine's processors.

Both run the same shape, sum loss, 100 steps, two threads, no optimizer, no gradient by the input.
Blocks of repetitions alternate, so that other load on the machine meets both; the ratio is the median
over the blocks of PyTorch's median time by the engine's.

usage: bench_train.py PATH-OF-bench-train [--blocks N] [--check]
"""

import argparse
import statistics
import subprocess
import sys
import time
import warnings

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    sys.exit(
        "error: PyTorch is not installed for this Python; "
        "install it with: python3 -m pip install torch==2.13.0"
    )

THREADS = 2
STEPS = 100


class MomentumLSTM(torch.nn.Module):
    """The momentum LSTM as one writes it in PyTorch, which has no such layer: a loop over the steps."""

    def __init__(self, inputs, units, mu=0.6, step=0.6):
        super().__init__()
        bound = units**-0.5
        self.mu, self.step = mu, step
        self.weight_x = torch.nn.Parameter(torch.empty(4 * units, inputs).uniform_(-bound, bound))
        self.bias_x = torch.nn.Parameter(torch.zeros(4 * units))
        self.weight_h = torch.nn.Parameter(torch.empty(4 * units, units).uniform_(-bound, bound))
        self.bias_h = torch.nn.Parameter(torch.zeros(4 * units))

    def forward(self, x):
        h = x.new_zeros(x.shape[1], self.weight_h.shape[1])
        c, v = h, x.new_zeros(x.shape[1], self.weight_h.shape[0])
        outputs = []
        for x_t in x:
            v = self.mu * v + self.step * F.linear(x_t, self.weight_x, self.bias_x)
            i, f, g, o = (v + F.linear(h, self.weight_h, self.bias_h)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs), (h, c)


# name, layer, inputs, batch, repetitions in a block, the least ratio wanted
SHAPES = [
    ("lstm-40-128-b32", lambda: torch.nn.LSTM(40, 128), 40, 32, 8, 1.3),
    ("gru-40-128-b32", lambda: torch.nn.GRU(40, 128), 40, 32, 8, 3.0),
    ("lstm-153-1024-proj512-b16", lambda: torch.nn.LSTM(153, 1024, proj_size=512), 153, 16, 2, 2.0),
    ("gru-153-1024-b16", lambda: torch.nn.GRU(153, 1024), 153, 16, 2, 2.0),
    ("momentum-lstm-28-128-b32", lambda: MomentumLSTM(28, 128), 28, 32, 4, 4.0),
]


def torch_times(layer, x, count):
    times = []
    for _ in range(count):
        start = time.perf_counter()
        layer.zero_grad(set_to_none=True)
        output, _ = layer(x)
        output.sum().backward()
        times.append(time.perf_counter() - start)
    return times


class Engine:
    def __init__(self, path):
        self.process = subprocess.Popen(
            [path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer or answer.startswith("error"):
            sys.exit(f"error: bench-train answered {answer!r} to {line!r}; build it again")
        return [float(word) for word in answer.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("executable")
    parser.add_argument("--blocks", type=int, default=15, help="alternating blocks per shape")
    parser.add_argument("--check", action="store_true", help="exit 1 if a ratio is below its bar")
    arguments = parser.parse_args()

    warnings.filterwarnings("ignore", message=".*projections is not supported.*")
    torch.set_num_threads(THREADS)
    torch.manual_seed(1)
    engine = Engine(arguments.executable)
    print(f"PyTorch {torch.__version__}, {THREADS} threads, T = {STEPS}; milliseconds, medians")
    print(
        f"{'shape':<28}{'PyTorch':>9}{'engine':>9}{'ratio':>8}{'bar':>6}"
        f"{'GFLOP/s':>10}{'sgemm limit':>13}"
    )
    missed = False
    for name, make, inputs, batch, count, bar in SHAPES:
        layer = make()
        x = torch.rand(STEPS, batch, inputs) * 2 - 1
        torch_times(layer, x, 2)
        engine.ask(f"run {name} 2")
        ratios, theirs, ours, limits = [], [], [], []
        flops = 0.0
        for _ in range(arguments.blocks):
            # A pause lets the threads of the one that has just run stop spinning.
            time.sleep(0.02)
            block_theirs = torch_times(layer, x, count)
            time.sleep(0.02)
            block_ours = engine.ask(f"run {name} {count}")
            ratios.append(statistics.median(block_theirs) / statistics.median(block_ours))
            theirs += block_theirs
            ours += block_ours
        for _ in range(3):
            seconds, flops = engine.ask(f"limit {name}")
            limits.append(flops / seconds * 1e-9)
        ratio = statistics.median(ratios)
        reached = flops / statistics.median(ours) * 1e-9
        print(
            f"{name:<28}{statistics.median(theirs) * 1e3:>9.1f}{statistics.median(ours) * 1e3:>9.1f}"
            f"{ratio:>7.2f}x{bar:>5.1f}x{reached:>10.0f}{statistics.median(limits):>13.0f}",
            flush=True,
        )
        missed = missed or ratio < bar
    if missed:
        print("a ratio is below its bar; on a busy machine, repeat with more --blocks")
    sys.exit(1 if missed and arguments.check else 0)


if __name__ == "__main__":
    main()

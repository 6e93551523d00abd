#!/usr/bin/env python3
"""Writes learning.json: losses, gradients and optimizer steps by PyTorch, for RNNLearningTests.

Run with PyTorch 2.x; everything is in double precision on logits rounded to single precision, so
the file does not depend on the machine beyond the last digits that the tests' tolerances cover.
"""
import json
import math
import pathlib
import random

import torch
from torch.nn import functional

DIGITS = 12


def numbers(tensor):
    return [float(f"{v:.{DIGITS}g}") for v in tensor.detach().reshape(-1).tolist()]


def logits(generator, steps, features):
    values = [generator.gauss(0, 1.5) for _ in range(steps * features)]
    single = torch.tensor(values, dtype=torch.float32).double()
    return single.reshape(steps, features).requires_grad_(True)


def case(x, loss, **more):
    loss.backward()
    steps, features = x.shape
    return {"steps": steps, "features": features, "outputs": numbers(x),
            "loss": float(f"{loss.item():.{DIGITS}g}"), "gradient": numbers(x.grad), **more}


def cross_entropy(generator):
    cases = []
    for steps, features, pooling in [(1, 3, "mean"), (5, 4, "mean"), (5, 4, "last"), (7, 2, "last")]:
        x = logits(generator, steps, features)
        label = generator.randrange(features)
        pooled = x.mean(0) if pooling == "mean" else x[-1]
        cases.append(case(x, functional.cross_entropy(pooled[None], torch.tensor([label])),
                          pooling=pooling, label=label))
    return cases


def frames(generator):
    x = logits(generator, 6, 5)
    labels = [generator.randrange(5) for _ in range(6)]
    return [case(x, functional.cross_entropy(x, torch.tensor(labels)), labels=labels)]


def squared(generator):
    x = logits(generator, 4, 3)
    target = logits(generator, 4, 3).detach()
    return [case(x, functional.mse_loss(x, target), target=numbers(target))]


def ctc(generator):
    cases = []
    for steps, features, blank, labels in [
            (1, 2, 0, [1]), (6, 4, 0, [1, 2, 3]), (7, 3, 0, [1, 1, 2]), (5, 3, 2, [0, 0, 1]),
            (9, 5, 4, [3, 3, 3, 0])]:
        x = logits(generator, steps, features)
        logs = functional.log_softmax(x, -1)[:, None, :]
        loss = functional.ctc_loss(logs, torch.tensor([labels]), torch.tensor([steps]),
                                   torch.tensor([len(labels)]), blank=blank, reduction="sum")
        cases.append(case(x, loss, labels=labels, blank=blank))
    return cases


def optimizers(generator):
    cases = []
    for name, make in [
            ("sgd", lambda p: torch.optim.SGD(p, lr=0.1)),
            ("momentum", lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9)),
            ("adam", lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.95), eps=1e-6)),
            ("rmsprop", lambda p: torch.optim.RMSprop(p, lr=0.02, alpha=0.8, eps=1e-5))]:
        start = [generator.gauss(0, 1) for _ in range(5)]
        w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
        optimizer = make([w])
        gradients = []
        for step in range(6):
            w.grad = torch.tensor([generator.gauss(0, 10 ** generator.uniform(-3, 1))
                                   for _ in range(5)], dtype=torch.float64)
            gradients.append(numbers(w.grad))
            optimizer.step()
        cases.append({"name": name, "start": start, "gradients": gradients, "end": numbers(w)})
    return cases


def main():
    generator = random.Random(20)
    content = {"crossEntropy": cross_entropy(generator), "frames": frames(generator),
               "squared": squared(generator), "ctc": ctc(generator),
               "optimizers": optimizers(generator)}
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(content, indent=1) + "\n")
    assert math.isfinite(content["ctc"][0]["loss"])


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes the vectors of this folder with NumPy and safetensors, which share no code with rnnc.

Run from the repository's root: python3 Tests/Vectors/interchange/make.py
Needs numpy and safetensors (made with numpy 2.4.6, safetensors 0.8.0).
"""
import json
import pathlib
import wave

import numpy as np
from safetensors.numpy import save_file

here = pathlib.Path(__file__).resolve().parent
root = here.parents[2]


def mel(f):
    return 2595 * np.log10(1 + f / 700)


def features(x, c):
    rate = c["sampleRate"]
    w = round(c["windowMilliseconds"] * rate / 1000)
    s = round(c["hopMilliseconds"] * rate / 1000)
    n_fft, bands = c["fftSize"], c["melBands"]
    y = x - c["preEmphasis"] * np.concatenate([[0.0], x[:-1]])
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(w) / w)
    frames = np.stack([y[t : t + w] for t in range(0, len(y) - w + 1, s)])
    power = np.abs(np.fft.rfft(frames * hann, n_fft, axis=1)) ** 2 / np.sum(hann**2)
    grid = np.linspace(mel(c["minFrequency"]), mel(c["maxFrequency"]), bands + 2)
    edges = 700 * (10 ** (grid / 2595) - 1)
    f = np.arange(n_fft // 2 + 1) * rate / n_fft
    bank = np.stack([np.interp(f, edges[m : m + 3], [0, 1, 0], 0, 0) for m in range(bands)])
    out = np.log(np.maximum(c["logFloor"], power @ bank.T))
    if c["cepstra"]:
        j, m = np.meshgrid(np.arange(c["cepstra"]), np.arange(bands), indexing="ij")
        dct = np.cos(np.pi * j * (m + 0.5) / bands) * np.sqrt(2 / bands)
        dct[0] /= np.sqrt(2)
        out = out @ dct.T
    if c["utteranceMean"]:
        out = out - out.mean(axis=0)
    parts = [out]
    for _ in range(c["deltas"]):
        padded = np.concatenate([parts[-1][:1], parts[-1][:1], parts[-1]])
        parts.append((padded[2:] - padded[:-2]) / 2)
    return np.concatenate(parts, axis=1)


base = dict(
    sampleRate=8000, windowMilliseconds=25, hopMilliseconds=10, fftSize=256, melBands=24,
    minFrequency=100, maxFrequency=4000, preEmphasis=0.97, logFloor=1e-6, cepstra=0, deltas=0,
    utteranceMean=False)
cases = {
    "logmel": base,
    "mfcc": base | dict(cepstra=13, deltas=2, preEmphasis=0, minFrequency=0, melBands=26),
    "odd": base | dict(
        windowMilliseconds=23.125, hopMilliseconds=7.875, fftSize=1024, melBands=7, cepstra=7,
        deltas=1, utteranceMean=True, maxFrequency=3333.5, logFloor=1e-3),
}
with wave.open(str(root / "Examples/digits/recordings/7_theo_0.wav")) as file:
    assert file.getframerate() == 8000 and file.getnchannels() == 1
    audio = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
for name, config in cases.items():
    np.save(here / f"features-{name}.npy", features(audio, config).astype("<f4"))



def cepstra(x, c):
    """Mel cepstra of Sonopy (github.com/MycroftAI/sonopy) by matrices: transform, filters and cosines."""
    n, count = c["fftSize"], c["filters"]
    frames = np.stack(
        [x[t : t + c["windowSamples"]] for t in range(0, len(x) - c["windowSamples"] + 1, c["hopSamples"])])
    frames = frames[:, :n]
    k, i = np.meshgrid(np.arange(n // 2 + 1), np.arange(frames.shape[1]))
    power = np.abs(frames @ np.exp(-2j * np.pi * k * i / n)) ** 2 / n
    points = n // 2 + 1
    grid = np.linspace(0, 1127 * np.log(1 + c["sampleRate"] / 700), count + 2)
    grid = np.floor(700 * (np.exp(grid / 1127) - 1) * points / c["sampleRate"]).astype(int)
    places, offset = [], 0
    for previous, place in zip(np.concatenate([[grid[0] - 1], grid]), grid):
        offset = max(0, offset + previous + 1 - place)
        places.append(place + offset)
    bank = np.zeros((count, points))
    for m in range(count):
        left, middle, right = places[m : m + 3]
        f = np.arange(points)
        bank[m] = np.where(
            (f >= left) & (f < middle), (f - left) / max(middle - left, 1),
            np.where((f >= middle) & (f < right), (right - f) / max(right - middle, 1), 0))
    least = np.finfo(float).eps
    bands = np.log(np.maximum(power @ bank.T, least))
    j, m = np.meshgrid(np.arange(c["coefficients"]), np.arange(count), indexing="ij")
    out = bands @ (np.sqrt(2 / count) * np.cos(np.pi * j * (m + 0.5) / count)).T
    out[:, 0] = np.log(np.maximum(power.sum(axis=1), least))
    return out


# The parameters of a wake-word model, and windows shorter than the transform with filters that meet.
for name, config in {
    "precise": dict(
        sampleRate=16000, windowSamples=1600, hopSamples=800, fftSize=512, filters=20, coefficients=13),
    "dense": dict(
        sampleRate=8000, windowSamples=200, hopSamples=77, fftSize=256, filters=33, coefficients=33),
}.items():
    np.save(here / f"cepstra-{name}.npy", cepstra(audio, config).astype("<f4"))

rng = np.random.default_rng(1)
for kind in ("f4", "f8", "i8", "i4", "i2"):
    a = rng.integers(-30000, 30000, (3, 5))
    np.save(here / f"array-{kind}.npy", (a / 64 if kind[0] == "f" else a).astype("<" + kind))
np.save(here / "array-scalar.npy", np.array(2.5, "<f4"))
np.save(here / "array-empty.npy", np.zeros((0, 4), "<f4"))
np.save(here / "refused-fortran.npy", np.asfortranarray(np.arange(6.0).reshape(2, 3)))
np.save(here / "refused-big-endian.npy", np.arange(3, dtype=">f4"))
np.save(here / "refused-complex.npy", np.arange(3, dtype="<c8"))
np.save(here / "refused-bool.npy", np.array([True, False]))
with open(here / "array-version2.npy", "wb") as file:
    np.lib.format.write_array(file, np.arange(4, dtype="<i4"), version=(2, 0))

values = {
    "b.bias": (rng.integers(-99, 99, 3) / 8).astype("<f4"),
    "a.weight_x": (rng.integers(-99, 99, (3, 5)) / 16).astype("<f4"),
    "a.circulant": (rng.integers(-99, 99, (2, 1, 4)) / 32).astype("<f4"),
}
save_file(values, here / "three.safetensors", metadata={"made by": "make.py"})
mixed = {
    "f16": np.array([1.5, -2.25, 0.0, 65504, 6e-8, -np.inf], "<f2"),
    "f32": np.array([1.5, -0.1], "<f4"),
    "f64": np.array([[0.1, -3.0]], "<f8"),
    "i16": np.array([-32768, 7], "<i2"),
    "i32": np.array([-(2**31), 7], "<i4"),
    "i64": np.array([-(2**53), 7], "<i8"),
}
save_file(mixed, here / "mixed.safetensors")
(here / "expected.json").write_text(
    json.dumps(
        {
            "cases": cases,
            "arrays": {p.stem: [list(np.load(p).shape), np.load(p).ravel().tolist()]
                       for p in sorted(here.glob("array-*.npy"))},
            "three": {k: [list(v.shape), v.ravel().tolist()] for k, v in values.items()},
            "mixed": {k: [list(v.shape), [str(float(x)) for x in v.ravel()]]
                      for k, v in mixed.items()},
        }, indent=1, sort_keys=True) + "\n")

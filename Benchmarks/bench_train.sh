#!/bin/sh
# Builds the benchmark's engine side and compares it with PyTorch. Arguments go to bench_train.py.
set -eu
cd "$(dirname "$0")/.."
# Without --product; the Makefile says why.
swift build -c release
exec "${PYTHON:-python3}" Benchmarks/bench_train.py .build/release/bench-train "$@"

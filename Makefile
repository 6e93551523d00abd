# Two commands matter: `make demo` and `make test`. Both install what is missing first and say what.

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := help
.PHONY: help setup build demo test experiment-digits soak bench-train lint format doctor clean

SWIFT ?= swift
# One release build serves the program and the tests: the numeric tests need its speed.
BUILD := $(SWIFT) build -c release
RNNC := .build/release/rnnc
# The full spoken-digit data set (3000 recordings), for `make experiment-digits`.
FSDD ?= ../shared/data/fsdd
# Where the demo and the experiments write.
OUT ?= build

help:
	@echo "make demo               train, compress, quantize, compile, cosimulate and report on spoken digits"
	@echo "make test               run every test"
	@echo "make build              build .build/release/rnnc"
	@echo "make doctor             which tools are there, and how to get the others"
	@echo "make lint               check the layout of the Swift sources"
	@echo "make clean              remove everything that was built"

setup:
	@scripts/setup.sh demo

build: setup
	@$(BUILD) --product rnnc

# The whole path on spoken digits; steps whose inputs have not changed are skipped.
demo: build
	@$(RNNC) demo --examples Examples/digits -o $(OUT)/demo

test:
	@scripts/setup.sh test
	RNNC_REQUIRE_TOOLS=1 $(SWIFT) test -c release --disable-testable-imports

doctor: build
	@$(RNNC) doctor

bench-train:
	@Benchmarks/bench_train.sh

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

clean:
	rm -rf .build $(OUT)

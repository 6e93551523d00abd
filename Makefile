# Two commands matter: `make demo` and `make test`. Both install what is missing first and say what.

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := help
.PHONY: help setup build demo test experiment-digits experiment-structures soak fuzz faults bench-train bench-ernn bench-synth bench-accuracy lint format doctor clean

SWIFT ?= swift
# One release build serves the program and the tests: the numeric tests need its speed.
BUILD := $(SWIFT) build -c release
# What tests compile is recorded here and not among the user's own files.
TEST_STATE := $(CURDIR)/.build/state
test soak faults: export XDG_STATE_HOME := $(TEST_STATE)
# Simulation models of the tests are the same from run to run, and share Verilator's runtime within one.
test soak faults: export PATH := /usr/lib/ccache:$(PATH)
test soak faults: export CCACHE_DIR := $(CURDIR)/.build/ccache
RNNC := .build/release/rnnc
# The full spoken-digit data set (3000 recordings), for `make experiment-digits`.
FSDD ?= ../shared/data/fsdd
# Where the demo and the experiments write.
OUT ?= build
# Networks of `make soak`.
SOAK ?= 300
# Seconds that `make fuzz` gives each reader of files.
FUZZ_SECONDS ?= 600

help:
	@echo "make demo               train, compress, quantize, compile, cosimulate and report on spoken digits"
	@echo "make test               run every test"
	@echo "make build              build .build/release/rnnc"
	@echo "make experiment-digits  accuracy of every stage over 3 seeds on the full data set (FSDD=folder)"
	@echo "make experiment-structures  bank-balanced beside block-circulant matrices, 3 seeds (FSDD=folder)"
	@echo "make experiment-NAME    a published experiment again; rnnc reproduce --help lists them"
	@echo "make soak               300 random networks through compiler and simulator (SOAK=count)"
	@echo "make fuzz               damaged files for every reader of files (FUZZ_SECONDS=seconds for each)"
	@echo "make faults             kill, full disk, I/O error and short write at every call of every verb that writes (FAULTS=verb)"
	@echo "make bench-train        time of a training step, beside PyTorch where it is installed"
	@echo "make bench-ernn         cycles and resources of E-RNN's networks at full size"
	@echo "make bench-synth        an LSTM of 128 cells and the digits networks placed and routed on ECP5; an hour"
	@echo "make bench-accuracy     errors of fixed point beside hls4ml's C simulation (needs Python packages)"
	@echo "make doctor             which tools are there, and how to get the others"
	@echo "make lint               check the layout of the Swift sources"
	@echo "make clean              remove everything that was built"

setup:
	@scripts/setup.sh demo

# Never with --product: SwiftPM would keep a plan in which later builds also compile the C++ compiler that
# swift-protobuf carries along. `touch Package.swift` makes it plan anew.
build: setup
	@$(BUILD)

# The whole path on spoken digits; steps whose inputs have not changed are skipped.
demo: build
	@$(RNNC) demo --examples Examples/digits -o $(OUT)/demo

test:
	@scripts/setup.sh test
	RNNC_REQUIRE_TOOLS=1 $(SWIFT) test -c release --disable-testable-imports

# The full data set: FSDD names its folder (recordings/*.wav inside).
experiment-digits: build
	@test -d $(FSDD)/recordings || { \
	  echo "error: $(FSDD)/recordings does not exist; give the Free Spoken Digit Dataset's folder: make experiment-digits FSDD=..." >&2; \
	  exit 2; }
	@$(RNNC) study --data $(FSDD)/recordings -o $(OUT)/study --evidence docs/evidence/digits

# Bank-balanced beside block-circulant matrices: FSDD as above.
experiment-structures: build
	@test -d $(FSDD)/recordings || { \
	  echo "error: $(FSDD)/recordings does not exist; give the Free Spoken Digit Dataset's folder: make experiment-structures FSDD=..." >&2; \
	  exit 2; }
	@python3 Benchmarks/structures.py $(RNNC) --data $(FSDD)/recordings --evidence docs/evidence/structures.md

# A published experiment again: make experiment-NAME, for every NAME that `rnnc reproduce --help` lists.
experiment-%: build
	@$(RNNC) reproduce $* -o $(OUT)/reproduce --evidence docs/evidence $(if $(DATA),--data $(DATA))

# Random networks through compiler and simulator, ten times as many as the tests draw.
soak:
	@scripts/setup.sh test
	RNNC_REQUIRE_TOOLS=1 RNNC_SOAK=$(SOAK) $(SWIFT) test -c release --disable-testable-imports \
	  --filter 'RandomNetworkTests|EveryCellTests'

# Damaged files for every reader of files; findings stay in build/fuzz.
fuzz:
	@scripts/setup.sh demo
	@scripts/fuzz.sh $(FUZZ_SECONDS)

# The verb whose calls are tried, or all.
FAULTS ?= all

# Kill, full disk, I/O error and short write at every call of every verb that writes; the tests try a spread of them.
faults:
	@scripts/setup.sh test
	RNNC_REQUIRE_TOOLS=1 RNNC_FAULTS='$(FAULTS)' $(SWIFT) test -c release --disable-testable-imports --filter EndToEndTests.FaultTests

# Side by side with PyTorch (pip install torch) in one run; reports ratios.
bench-train:
	@scripts/setup.sh demo
	@Benchmarks/bench_train.sh

# The published networks at full size, on the chips of their tables.
bench-ernn:
	@scripts/setup.sh demo
	@$(BUILD)
	@.build/release/bench-ernn

# Clock rates on ECP5: an LSTM of 128 cells, then the networks of `make demo`; all by open tools.
bench-synth: demo
	@scripts/setup.sh synth
	@.build/release/bench-ernn --networks Examples/ecp5/networks.json --streams 1 --synth --place \
	  --json $(OUT)/ecp5.json
	@for net in gru lstm; do \
	  $(RNNC) compile $(OUT)/demo/$$net/quantized/model.json -o $(OUT)/ecp5-$$net --device LFE5U-25F --lanes 1 && \
	  $(RNNC) synth $(OUT)/ecp5-$$net || exit $$?; \
	done

# Beside hls4ml in one run; PYTHON names an interpreter with its packages.
PYTHON ?= python3
bench-accuracy: build
	@$(PYTHON) -c 'import hls4ml, jax, keras, safetensors' 2>/dev/null || { \
	  echo 'error: hls4ml is missing; in a virtual environment: pip install hls4ml==1.3.0 keras "jax[cpu]" safetensors, then make bench-accuracy PYTHON=its python' >&2; \
	  exit 2; }
	@$(PYTHON) Benchmarks/bench_accuracy.py $(RNNC) --evidence docs/evidence/accuracy.md

doctor: build
	@$(RNNC) doctor

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

clean:
	rm -rf .build $(OUT)

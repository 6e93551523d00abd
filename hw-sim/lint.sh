#!/bin/sh
# Lints every library module as its own top at every parameter point: Verilator with -Wall and no
# waiver, Yosys and Icarus by elaboration. Run from anywhere; prints each failing point, then exits 1.
# An argument is another folder of files in place of rtl/.
set -u
cd "$(dirname "$0")/.." || exit 2
lib="${1:-rtl}"
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
failures=0
count=0
fail() {
  echo "lint: $1 rejects: $point" >&2
  printf '%s\n' "$2" >&2
  failures=$((failures + 1))
}
while read -r point; do
  case "$point" in '' | '#'*) continue ;; esac
  module="${point%% *}"
  verilator="" yosys="" icarus=""
  for pair in ${point#* }; do
    verilator="$verilator -G$pair"
    icarus="$icarus -P$module.$pair"
    name="${pair%%=*}" value="${pair#*=}"
    yosys="$yosys${yosys:+, }.$name($value)"
  done
  # shellcheck disable=SC2086 # the lists are words on purpose; the values hold no spaces
  out=$(verilator --lint-only -Wall -y "$lib" --top-module "$module" $verilator \
    "$lib/$module.sv" 2>&1) && [ -z "$out" ] || fail verilator "$out"
  echo "module lint_top; $module #($yosys) u_dut (); endmodule" >"$scratch/lint_top.sv"
  out=$(yosys -q -p "read_verilog -sv -defer $lib/*.sv $scratch/lint_top.sv; \
    hierarchy -check -top lint_top; proc; check -assert" 2>&1) && [ -z "$out" ] || fail yosys "$out"
  # shellcheck disable=SC2086
  out=$(iverilog -g2012 -Wall -Wno-timescale -s "$module" $icarus -o /dev/null "$lib"/*.sv 2>&1) \
    && [ -z "$out" ] || fail icarus "$out"
  count=$((count + 1))
done <hw-sim/unit/points.txt
echo "lint: $count points, $failures failures"
[ "$failures" -eq 0 ] && [ "$count" -gt 0 ]

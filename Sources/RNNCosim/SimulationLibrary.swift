internal import Foundation
internal import RNNSupport

/// A Verilated design that is loaded into this process.
///
/// Several libraries live side by side: each is loaded with local symbols only.
package final class SimulationLibrary {
  fileprivate typealias Create =
    @convention(c) (UInt64, UnsafePointer<CChar>) ->
    UnsafeMutableRawPointer
  fileprivate typealias Destroy = @convention(c) (UnsafeMutableRawPointer) -> Void
  fileprivate typealias Reset = @convention(c) (UnsafeMutableRawPointer, UInt64) -> Void
  fileprivate typealias Run =
    @convention(c) (
      UnsafeMutableRawPointer, UnsafePointer<UInt64>, UnsafeMutablePointer<UInt64>
    ) -> Void
  fileprivate typealias Control =
    @convention(c) (
      UnsafeMutableRawPointer, UnsafePointer<UInt64>, UnsafeMutablePointer<UInt64>
    ) -> UInt64
  fileprivate typealias Text = @convention(c) (UnsafeMutableRawPointer) -> UnsafePointer<CChar>
  fileprivate typealias Open =
    @convention(c) (UnsafeMutableRawPointer, UnsafePointer<CChar>) ->
    Int32

  private let handle: UnsafeMutableRawPointer
  fileprivate let create: Create
  fileprivate let destroy: Destroy
  fileprivate let reset: Reset
  fileprivate let run: Run
  fileprivate let control: Control
  fileprivate let messages: Text
  fileprivate let traceOpen: Open
  fileprivate let traceClose: Text
  let path: String
  private let image: MemoryFile

  /// Loads a library that `SimulationBuilder` built.
  ///
  /// What is loaded is a copy in memory of the very bytes that were checked: nothing that happens to the file
  /// meanwhile matters, nor what its path means to the loader.
  ///
  /// - Throws: `ToolError` when it is not what was built, does not load or is of another version.
  package init(_ built: SimulationBuilder.Built) throws {
    let path = built.library.path
    let hint = "run cosim again, which builds it anew"
    let data = try AtomicFile.read(built.library)
    guard sha256(data) == built.digest else {
      throw ToolError(.file, "\(path) has changed since it was built", hint: hint)
    }
    let image = MemoryFile(data, name: built.library.lastPathComponent)
    guard let image, let handle = dlopen(image.path, RTLD_NOW | RTLD_LOCAL) else {
      let reason =
        image == nil
        ? String(cString: strerror(errno)) : dlerror().map { String(cString: $0) }
      throw ToolError(.file, "cannot load \(path): \(reason ?? "unknown reason")", hint: hint)
    }
    self.image = image
    func symbol<T>(_ name: String, as type: T.Type) throws -> T {
      guard let address = dlsym(handle, name) else {
        dlclose(handle)
        throw ToolError(.file, "\(path) has no symbol \(name)", hint: hint)
      }
      return unsafeBitCast(address, to: type)
    }
    let abi = try symbol("rnnc_sim_abi", as: (@convention(c) () -> UInt64).self)
    guard abi() == 4 else {
      throw ToolError(.file, "\(path) has interface version \(abi()), not 4", hint: hint)
    }
    self.path = path
    self.handle = handle
    create = try symbol("rnnc_sim_create", as: Create.self)
    destroy = try symbol("rnnc_sim_destroy", as: Destroy.self)
    reset = try symbol("rnnc_sim_reset", as: Reset.self)
    run = try symbol("rnnc_sim_run", as: Run.self)
    control = try symbol("rnnc_sim_control", as: Control.self)
    messages = try symbol("rnnc_sim_messages", as: Text.self)
    traceOpen = try symbol("rnnc_sim_trace_open", as: Open.self)
    traceClose = try symbol("rnnc_sim_trace_close", as: Text.self)
  }

  deinit {
    dlclose(handle)
    // The loader tells libraries apart by name. One that it keeps keeps its name, which then must not be given again.
    if let kept = dlopen(image.path, RTLD_NOW | RTLD_NOLOAD) {
      dlclose(kept)
      image.keepOpen()
    }
  }
}

/// What a simulated stretch of cycles gave.
struct SimulationChunk {
  /// The bits of a cycle's byte, as in the harness.
  struct Flags: OptionSet {
    var rawValue: UInt8
    static let inputValid = Flags(rawValue: 1)
    static let inputReady = Flags(rawValue: 2)
    static let outputValid = Flags(rawValue: 4)
    static let outputReady = Flags(rawValue: 8)
    static let outputLast = Flags(rawValue: 16)
    static let frameError = Flags(rawValue: 32)
    static let validDropped = Flags(rawValue: 64)
    static let dataChanged = Flags(rawValue: 128)
  }
  var cycles: Int
  var inputsTaken: Int
  var outputs: Int
  var sampleWords: Int
  /// Cycles in which the lanes took an operand block.
  var busyCycles: Int
}

/// One instance of a loaded design with its buffers.
final class Simulation {
  private let library: SimulationLibrary
  private let model: UnsafeMutableRawPointer
  let cyclesPerCall: Int
  private let outputCapacity: Int

  /// One byte a cycle of the last call.
  private(set) var flags: [UInt8]
  /// The output beats of the last call.
  private(set) var outputData: [UInt8]
  /// The probe samples of the last call: probe, index, cycle (two words), data.
  private(set) var samples: [UInt32]
  /// Seconds spent inside the library.
  private(set) var seconds = 0.0

  /// Initial blocks read files relative to one folder per library, so two creations must not
  /// overlap.
  private static let creation = NSLock()

  /// - Parameters:
  ///   - seed: of the registers' initial values.
  ///   - sampleWords: the words that all probes write in one cycle at most.
  init(
    _ library: SimulationLibrary, seed: Int, memoryFolder: URL, outputBytes: Int, sampleWords: Int,
    cyclesPerCall: Int = 1 << 14
  ) throws {
    self.library = library
    self.cyclesPerCall = cyclesPerCall
    outputCapacity = cyclesPerCall
    flags = [UInt8](repeating: 0, count: cyclesPerCall)
    outputData = [UInt8](repeating: 0, count: cyclesPerCall * outputBytes)
    samples = [UInt32](repeating: 0, count: max(1 << 16, 64 * sampleWords))
    model = Simulation.creation.withLock {
      library.create(UInt64(bitPattern: Int64(seed)), memoryFolder.path)
    }
    let complaints = messages
    if !complaints.isEmpty {
      throw ToolError(
        .toolFailed, "the simulation of \(library.path) does not start",
        hint: "compile the model again into this build folder", details: complaints)
    }
  }

  deinit { library.destroy(model) }

  /// What the design's assertions and the runtime said so far.
  var messages: String { String(cString: library.messages(model)) }

  func reset(cycles: Int) { library.reset(model, UInt64(cycles)) }

  /// Simulates up to `cycles` cycles; it may end earlier when a buffer is full.
  ///
  /// - Parameters:
  ///   - input: all beats of the whole run; `firstBeat` is the next one to offer.
  ///   - source: one byte a cycle or nil for always; `sink` likewise.
  ///   - garbage: TDATA holds a pattern, not zero, while TVALID is low.
  func run(
    cycles: Int, input: Stimulus, firstBeat: Int, beatBytes: Int,
    source: [UInt8]?, sink: [UInt8]?, garbage: Bool
  ) -> SimulationChunk {
    precondition(cycles <= cyclesPerCall, "\(cycles) cycles in one call, \(cyclesPerCall) at most")
    let start = DispatchTime.now().uptimeNanoseconds
    var reply = [UInt64](repeating: 0, count: 6)
    func address(_ pointer: UnsafeRawPointer?) -> UInt64 { UInt64(UInt(bitPattern: pointer)) }
    input.data.withUnsafeBytes { data in
      withOptional(input.last) { last in
        withOptional(input.stream) { stream in
          withOptional(source) { source in
            withOptional(sink) { sink in
              flags.withUnsafeMutableBytes { flags in
                outputData.withUnsafeMutableBytes { output in
                  samples.withUnsafeMutableBytes { samples in
                    let request: [UInt64] = [
                      UInt64(cycles),
                      address(data.baseAddress.map { $0 + firstBeat * beatBytes }),
                      address(last.map { $0 + firstBeat }),
                      UInt64(input.last.count - firstBeat), address(source), address(sink),
                      address(flags.baseAddress), address(output.baseAddress),
                      UInt64(outputCapacity), address(samples.baseAddress),
                      UInt64(samples.count / 4), garbage ? 1 : 0,
                      address(stream.map { $0 + firstBeat }),
                    ]
                    library.run(model, request, &reply)
                  }
                }
              }
            }
          }
        }
      }
    }
    seconds += Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    return SimulationChunk(
      cycles: Int(reply[0]), inputsTaken: Int(reply[1]), outputs: Int(reply[2]),
      sampleWords: Int(reply[3]), busyCycles: Int(reply[5]))
  }

  /// One access by the control port; nil when no answer came within `limit` cycles.
  func access(
    _ address: Int, writing data: UInt32?, strobe: Int, limit: Int
  ) -> (data: UInt32, response: Int, takesInput: Bool)? {
    let request: [UInt64] = [
      data == nil ? 0 : 1, UInt64(address), UInt64(data ?? 0), UInt64(strobe), UInt64(limit),
    ]
    var reply = [UInt64](repeating: 0, count: 3)
    guard library.control(model, request, &reply) > 0 else { return nil }
    return (UInt32(truncatingIfNeeded: reply[0]), Int(reply[1]), reply[2] != 0)
  }

  func openTrace(_ path: String) throws {
    guard library.traceOpen(model, path) != 0 else {
      throw ToolError(
        .file, "cannot write the waveform \(path)", hint: "give a path in a writable folder")
    }
  }

  /// Ends the waveform or the counting, and gives the counts' lines.
  func closeTrace() -> String { String(cString: library.traceClose(model)) }

  private func withOptional(_ bytes: [UInt8]?, _ body: (UnsafeRawPointer?) -> Void) {
    if let bytes {
      bytes.withUnsafeBytes { body($0.baseAddress) }
    } else {
      body(nil)
    }
  }
}

internal import Foundation
internal import RNNCodegen
internal import RNNGraph
internal import RNNHarness
package import RNNReference
internal import RNNSupport

/// Writes the bench that goes with a design: golden vectors, a C++ and a cocotb program, a
/// Makefile.
///
/// It needs nothing of this program: a user runs it on the emitted top module, the one without
/// probes.
package struct BenchWriter {
  package var design: CosimDesign

  package init(_ design: CosimDesign) { self.design = design }

  /// The names of the files in the folder `bench`.
  package static let fileNames = [
    "Makefile", "bench.cpp", "bench.json", "expected.txt", "input.txt", "test_design.py",
  ]

  /// The files, relative to the build folder, in the order of `fileNames`.
  ///
  /// - Parameters:
  ///   - sequences: codes per sequence, frame and element; a few frames are enough.
  ///   - reference: the golden model of the design's graph.
  /// - Throws: `DiagnosticsEmitted` for input that does not fit the design.
  package func files(sequences: [[[Int64]]], reference: ReferenceModel) throws -> [(
    path: String, text: String
  )] {
    try Cosimulator(design).check(sequences)
    let order = FrameOrder(lengths: sequences.map(\.count), streams: design.streams)
    let stimulus = Stimulus(sequences, order, port: design.input)
    return [
      ("bench/Makefile", makefile),
      ("bench/bench.cpp", text(HarnessLibrary.benchSource)),
      ("bench/bench.json", configuration.text),
      ("bench/expected.txt", expected(sequences, order, stimulus, reference)),
      ("bench/input.txt", input(stimulus)),
      ("bench/test_design.py", text(HarnessLibrary.benchPython)),
    ]
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  // The simulation top and the probes are for this program only.
  private var sources: [String] { design.sources.filter { $0.hasPrefix("rtl/") } }

  private var configuration: JSONValue {
    .object([
      "top": .string(design.name),
      "sources": .array(sources.map { .string($0) }),
    ])
  }

  private var makefile: String {
    """
    # Checks the design against golden vectors: `make` with Verilator, `make cocotb` with cocotb 2.
    NAME := \(design.name)
    SOURCES := \(sources.map { "../" + $0 }.joined(separator: " "))

    .PHONY: check cocotb clean
    check: obj/V$(NAME)
    \tcd ../mem && ../bench/obj/V$(NAME) ../bench

    obj/V$(NAME): bench.cpp $(SOURCES)
    \tverilator --cc --exe --build -j 2 -O3 --x-assign unique --x-initial unique -Wno-fatal \\
    \t  -I../rtl --top-module $(NAME) --prefix V$(NAME) -Mdir obj \\
    \t  -CFLAGS '-O2 -DMODEL=V$(NAME) -DMODEL_HEADER=\\"V$(NAME).h\\" -DSTREAMS=\(design.streams)\(design.hasControl ? " -DCONTROL=1" : "")' $(SOURCES) bench.cpp

    cocotb:
    \tpython3 test_design.py

    clean:
    \trm -rf obj cocotb

    """
  }

  private func input(_ stimulus: Stimulus) -> String {
    let size = design.input.beatBytes
    return stimulus.last.enumerated().map { beat, last in
      "\(last) \(stimulus.stream[beat]) \(Self.hex(stimulus.data[beat * size..<(beat + 1) * size]))\n"
    }.joined()
  }

  private func expected(
    _ sequences: [[[Int64]]], _ order: FrameOrder, _ stimulus: Stimulus,
    _ reference: ReferenceModel
  ) -> String {
    var lines: [String] = []
    var cycles = outputCycles(stimulus)[...]
    let port = design.output
    let outputs = sequences.map { frames in
      reference.reset()
      return frames.map { reference.step($0) }
    }
    for place in order.frames {
      let output = outputs[place.sequence][place.step]
      for beat in 0..<port.beats {
        let elements =
          output[
            beat * port.elementsPerBeat..<min((beat + 1) * port.elementsPerBeat, port.elements)]
        let bytes = elements.flatMap { code in
          (0..<port.elementBytes).map { UInt8(truncatingIfNeeded: code >> Int64(8 * $0)) }
        }
        let last = place.isLast && beat == port.beats - 1
        lines.append(
          "\(cycles.removeFirst()) \(last ? 1 : 0) \(place.stream) \(Self.hex(bytes[...]))\n")
      }
    }
    return lines.joined()
  }

  /// The cycle of every output beat with nothing holding the design up.
  private func outputCycles(_ stimulus: Stimulus) -> [Int] {
    let frames = stimulus.last.count / design.input.beats
    var timing = design.makeTiming()
    var cycles: [Int] = []
    var cycle = 0
    var beat = 0
    while cycles.count < frames * design.output.beats {
      let offers = beat < stimulus.last.count
      let signals = timing.step(
        inputValid: offers, inputLast: offers && stimulus.last[beat] != 0,
        inputStream: offers ? Int(stimulus.stream[beat]) : 0, outputReady: true)
      if offers, signals.inputReady { beat += 1 }
      if signals.outputValid { cycles.append(cycle) }
      cycle += 1
      precondition(
        cycle < (frames + 10) * 100 * (design.frameCycles + 1000), "the cycle model gives no output"
      )
    }
    return cycles
  }

  /// Most significant byte first.
  private static func hex(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.reversed().map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }
}

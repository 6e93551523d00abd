import Foundation
import RNNCodegen
import RNNCosim
import RNNFixedPoint
import RNNGraph
import RNNReference
import RNNSupport
import _RNNTestSupport

/// The hand-written design of `Fixtures/standin` with its graph and its cycle model.
enum Standin {
  /// y = s = saturate(s + x) on 5 elements.
  static let graph: IntegerGraph = {
    let narrow = QFormat(width: 8, fraction: 0)
    let wide = QFormat(width: 12, fraction: 0)
    let sum = QFormat(width: 13, fraction: 0)
    return IntegerGraph(
      name: "standin", inputSize: 5, inputFormat: narrow,
      nodes: [
        IntegerNode(op: .input, size: 5, format: narrow, name: "x"),
        IntegerNode(op: .state(StateID(0)), size: 5, format: wide, name: "s"),
        IntegerNode(op: .extend(ValueID(0)), size: 5, format: wide, name: "x12"),
        IntegerNode(op: .add(ValueID(1), ValueID(2)), size: 5, format: sum, name: "cell.sum"),
        IntegerNode(
          op: .requantize(ValueID(3), .down, .saturate), size: 5, format: wide, name: "cell.y"),
      ],
      matrices: [], vectors: [], tables: [],
      states: [IntegerState(name: "s", size: 5, format: wide, next: ValueID(4))],
      output: ValueID(4))
  }()

  /// A folder of its own with the design in it; the caller removes it.
  static func makeFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("rnnc-cosim-\(UUID().uuidString)")
    try FileManager.default.copyItem(
      at: packageRoot.appendingPathComponent("Tests/RNNCosimTests/Fixtures/standin"), to: folder)
    return folder
  }

  static func design(in folder: URL) -> CosimDesign {
    CosimDesign(
      name: "standin", graph: graph,
      input: CosimStream(elements: 5, elementsPerBeat: 2, elementBytes: 1),
      output: CosimStream(elements: 5, elementsPerBeat: 1, elementBytes: 2),
      probes: [
        CosimProbe(
          name: "x", port: "probe_x", node: ValueID(0), size: 5, width: 8, elementsPerStep: 2,
          firstCycle: 1),
        CosimProbe(
          name: "cell.sum", port: "probe_sum__pre", node: ValueID(3), size: 5, width: 13,
          elementsPerStep: 2, firstCycle: 1),
        CosimProbe(
          name: "cell.y", port: "probe_y", node: ValueID(4), size: 5, width: 12,
          elementsPerStep: 2, firstCycle: 2),
      ],
      frameCycles: 9, folder: folder, sources: ["rtl/standin_sim.sv"], memoryFolder: folder,
      makeTiming: { StandinTiming() })
  }

  /// Sequences of different lengths whose sums reach both saturation limits.
  static func sequences(_ lengths: [Int] = [4, 1, 7, 30, 2], seed: UInt64 = 3) -> [[[Int64]]] {
    var generator = SplitMix64(seed: seed)
    return lengths.map { length in
      (0..<length).map { _ in
        (0..<5).map { e in
          if e == 0 { return 127 }
          if e == 1 { return -128 }
          return Int64(generator.below(256)) - 128
        }
      }
    }
  }
}

/// What the stand-in does cycle by cycle, without data.
struct StandinTiming: StreamModel {
  private var reset = true
  private var full = false
  private var last = false
  private var count = 0
  private var busy = false
  private var step = 0
  private var outFull = false
  private var outLast = false
  private var outCount = 0
  private var frames = 0

  mutating func step(
    inputValid: Bool, inputLast: Bool, inputStream: Int, outputReady: Bool
  ) -> StreamSignals {
    let start = !reset && full && !busy && !outFull
    let signals = StreamSignals(
      inputReady: !full && !reset, outputValid: outFull,
      outputLast: outFull && outLast && outCount == 4, outputStream: 0,
      frameStart: start ? frames : nil)
    if reset {
      reset = false
      return signals
    }
    let old = self
    if start {
      busy = true
      step = 0
      frames += 1
    }
    if old.busy {
      step += 1
      if old.step == 2 {
        busy = false
        full = false
        outFull = true
        outLast = old.last
        outCount = 0
      }
    }
    if inputValid, signals.inputReady {
      count = old.count == 2 ? 0 : old.count + 1
      if old.count == 2 {
        full = true
        last = inputLast
      }
    }
    if old.outFull, outputReady {
      outCount += 1
      if old.outCount == 4 { outFull = false }
    }
    return signals
  }
}

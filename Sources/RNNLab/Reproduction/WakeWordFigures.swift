internal import Foundation
internal import RNNInterchange
internal import RNNSupport

/// What the wake-word experiment measured, and its report.
struct WakeWordFigures {
  var clips: [WakeWordReproduction.Clip]
  /// The output of every window, clip by clip.
  var float: [Double]
  var integers: [(bits: Int, outputs: [Double])]
  var verilog: [Double]
  var mismatches: (values: Int, cycles: Int, others: Int)
  var frames: Int
  var valuesCompared: Int
  var cyclesPerFrame: Int
  var multipliers: Int
  var calibrationWindows: Int
  var configuration: CepstrumConfiguration?

  /// The greatest output of each clip.
  private func peaks(_ outputs: [Double]) -> [Double] {
    var first = 0
    return clips.map { clip in
      defer { first += clip.windows.count }
      return outputs[first..<first + clip.windows.count].max() ?? 0
    }
  }
  private func detections(_ outputs: [Double]) -> (words: Int, others: Int) {
    let peaks = peaks(outputs)
    func count(_ kind: Bool) -> Int {
      zip(clips, peaks).count { $0.isWakeWord == kind && $1 > WakeWordReproduction.threshold }
    }
    return (count(true), count(false))
  }
  /// Windows and clips on which two forms decide differently, and how far their outputs are.
  private func difference(_ outputs: [Double]) -> (clips: Int, windows: Int, error: Double) {
    let limit = WakeWordReproduction.threshold
    return (
      zip(peaks(outputs), peaks(float)).count { ($0 > limit) != ($1 > limit) },
      zip(outputs, float).count { ($0 > limit) != ($1 > limit) },
      zip(outputs, float).map { abs($0 - $1) }.max() ?? 0
    )
  }
  private var words: Int { clips.count { $0.isWakeWord } }
  private var others: Int { clips.count - words }

  var report: ReproductionReport {
    let bits = WakeWordReproduction.bits
    let (hits, alarms) = detections(float)
    let (rtlHits, rtlAlarms) = detections(verilog)
    let apart = difference(verilog)
    let isExact =
      mismatches.values + mismatches.cycles + mismatches.others == 0
      && integers.first { $0.bits == bits }?.outputs == verilog
    let findings = [
      Finding(
        claim: "the float network with features made here hears its wake word",
        band: "at least 30 of 40 recordings of it, 0 of 40 others",
        measured: "\(hits) of \(words), \(alarms) of \(others)",
        holds: hits * 40 >= 30 * words && alarms == 0),
      Finding(
        claim: "so does its Verilog with \(bits) bits",
        band: "at least 30 of 40, 0 of 40; the same decision for every recording",
        measured:
          "\(rtlHits) of \(words), \(rtlAlarms) of \(others); \(apart.clips) decisions differ",
        holds: rtlHits * 40 >= 30 * words && rtlAlarms == 0 && apart.clips == 0),
      Finding(
        claim: "the Verilog gives what the integers give",
        band: "no mismatch of a value or a cycle",
        measured:
          "\(mismatches.values) value, \(mismatches.cycles) cycle, \(mismatches.others) other mismatches "
          + "in \(valuesCompared) values of \(frames) frames", holds: isExact),
    ]
    var rows = [["float", "\(hits)", "\(alarms)", "", "", ""]]
    for (width, outputs) in integers {
      let (h, a) = detections(outputs)
      let d = difference(outputs)
      rows.append([
        "integers, \(width) bits", "\(h)", "\(a)", "\(d.clips)", "\(d.windows)",
        Figures.error(d.error),
      ])
    }
    rows.append([
      "Verilog, \(bits) bits", "\(rtlHits)", "\(rtlAlarms)", "\(apart.clips)", "\(apart.windows)",
      Figures.error(apart.error),
    ])
    let buffer = configuration?.bufferFrames ?? 0
    return ReproductionReport(
      title: "A wake word, from a frozen graph to Verilog",
      introduction: [
        "The model \"Athena\" of Mycroft's community data: a frozen TensorFlow graph with a GRU of 20 units "
          + "(gates max(0, min(1, 0.2 x + 0.5)), candidate without a function, reset gate before the product) and one "
          + "sigmoid. `rnnc import` reads the graph and checks every node that its output depends on. Nothing is trained.",
        "\(words) recordings of the word and \(others) of other speech. Mel cepstra are computed by the parameters beside "
          + "the model, frame by frame; after every frame the network sees the last \(buffer) frames, zeros before the "
          + "first one, and a recording is a detection if any output is above one half, as Precise's runner decides. "
          + "\(float.count) windows in all.",
        "Formats come from \(calibrationWindows) windows of the first 4 recordings of each kind. The design takes "
          + "\(cyclesPerFrame) cycles a frame with \(multipliers) multipliers; every window was simulated.",
      ], findings: findings,
      tables: [
        .init(
          title: "Detections",
          columns: [
            "form", "of \(words) wake words", "of \(others) others",
            "recordings that differ from float",
            "windows that differ", "greatest difference of an output",
          ], rows: rows)
      ], pictures: [],
      discussion: [
        "Recordings that the float network misses are missed by the model itself: an implementation of features and network in "
          + "NumPy, which shares no code with this one, decides alike on all recordings.",
        "A window that differs from float lies near one half; a recording has many windows, so its decision need not differ.",
      ],
      data: .object([
        "windows": .int(float.count), "frames": .int(frames),
        "valuesCompared": .int(valuesCompared), "cyclesPerFrame": .int(cyclesPerFrame),
        "multipliers": .int(multipliers),
        "clips": .array(
          zip(clips, zip(peaks(float), peaks(verilog))).map { clip, peaks in
            .object([
              "name": .string(clip.name), "isWakeWord": .bool(clip.isWakeWord),
              "float": .double(peaks.0), "verilog": .double(peaks.1),
            ])
          }),
      ]))
  }
}

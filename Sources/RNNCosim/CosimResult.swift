/// A difference between the simulated design and what was expected of it.
package struct CosimMismatch: Hashable, Sendable, CustomStringConvertible {
  /// What differs.
  package enum Kind: String, Sendable {
    case outputValue = "wrong output value"
    case outputCycle = "output beat in another cycle"
    case outputMissing = "missing output beats"
    case outputExtra = "output beat that no frame has"
    case last = "wrong TLAST"
    case stream = "wrong TID"
    case inputCycle = "input beat taken in another cycle"
    case handshake = "handshake signal differs from the cycle model"
    case probeValue = "wrong internal value"
    case probeCycle = "internal value in another cycle"
    case probeIndex = "internal value with another index"
    case probeMissing = "missing internal values"
    case probeExtra = "internal value that no frame has"
    case protocolFault = "broken stream protocol"
    case assertion = "message from the design"
  }
  package var kind: Kind
  /// Position in the input; nil when the difference belongs to no frame.
  package var sequence: Int?
  package var step: Int?
  /// The node's name, or the stream's.
  package var node: String
  package var element: Int?
  package var expected: String
  package var got: String
  /// The clock cycle since the end of reset.
  package var cycle: Int

  package var description: String {
    var place = "cycle \(cycle)"
    if let sequence, let step { place = "sequence \(sequence), step \(step), " + place }
    let what = element.map { "\(node)[\($0)]" } ?? node
    return "\(kind.rawValue): \(what): expected \(expected), got \(got) (\(place))"
  }
}

/// What one pass over the input showed.
package struct CosimRunResult: Sendable {
  package var run: CosimRun
  package var sequences = 0
  package var frames = 0
  package var cycles = 0
  /// Output elements compared, each with its value and the cycle of its beat.
  package var valuesCompared = 0
  /// Elements of internal values compared, each with its value and its cycle.
  package var probeValuesCompared = 0
  package var valueMismatches = 0
  package var cycleMismatches = 0
  /// Everything else: TLAST, missing or additional beats, stream protocol, assertions.
  package var otherMismatches = 0
  package var firstMismatch: CosimMismatch?
  /// From the cycle that takes the first frame's last input beat to the cycle of its last output
  /// beat.
  package var latencyCycles: Int?
  /// Cycles between the last output beats of consecutive frames: the mean over the second half of the run.
  package var frameIntervalCycles: Double?
  /// Cycles in which the lanes took an operand block, counted in the simulated design; 0 where it does not say.
  package var laneBusyCycles = 0
  /// Simulated cycles per second of the simulation alone.
  package var cyclesPerSecond = 0.0

  package var mismatches: Int { valueMismatches + cycleMismatches + otherMismatches }
}

/// What a cosimulation showed: every pass, and the design's outputs.
package struct CosimResult: Sendable {
  package var design: String
  package var verilator: String
  package var buildSeconds: Double
  package var runs: [CosimRunResult]
  /// The design's own output codes of the first pass, per sequence and frame; what is missing is
  /// absent.
  package var outputs: [[[Int64]]]

  package var passed: Bool { runs.allSatisfy { $0.mismatches == 0 } && !runs.isEmpty }
  package var frames: Int { runs.reduce(0) { $0 + $1.frames } }
  package var cycles: Int { runs.reduce(0) { $0 + $1.cycles } }
  package var valuesCompared: Int { runs.reduce(0) { $0 + $1.valuesCompared } }
  package var probeValuesCompared: Int { runs.reduce(0) { $0 + $1.probeValuesCompared } }
  package var valueMismatches: Int { runs.reduce(0) { $0 + $1.valueMismatches } }
  package var cycleMismatches: Int { runs.reduce(0) { $0 + $1.cycleMismatches } }
  package var otherMismatches: Int { runs.reduce(0) { $0 + $1.otherMismatches } }
  /// The first pass that shows a difference.
  package var firstFailure: CosimRunResult? { runs.first { $0.mismatches > 0 } }
  /// Of the first pass without back-pressure.
  package var latencyCycles: Int? { runs.first { $0.run.isFreeRunning }?.latencyCycles }
  package var frameIntervalCycles: Double? {
    runs.first { $0.run.isFreeRunning }?.frameIntervalCycles
  }
  package var cyclesPerSecond: Double {
    runs.map(\.cyclesPerSecond).max() ?? 0
  }

  /// A few lines for a terminal.
  package var summary: String {
    var lines = [
      "\(design): \(runs.count) passes, \(frames) frames, \(cycles) cycles; "
        + "\(valuesCompared) output and \(probeValuesCompared) internal values compared "
        + "with their cycles",
      "\(valueMismatches) value, \(cycleMismatches) cycle, \(otherMismatches) other mismatches",
    ]
    if let failure = firstFailure, let mismatch = failure.firstMismatch {
      lines.append("first: \(mismatch)")
      lines.append("in the pass: \(failure.run)")
    }
    return lines.joined(separator: "\n")
  }
}

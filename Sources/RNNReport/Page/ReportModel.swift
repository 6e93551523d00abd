package import RNNEstimate

/// Everything that the HTML report shows: the page holds nothing that is not in here.
///
/// Parts that were not run are empty or nil; the page then says that they are missing.
package struct ReportModel: Hashable, Sendable {
  /// Such as `Spoken digits`.
  package var title: String
  /// One or two sentences: the task, the data, the rule of the split.
  package var summary: String
  /// In the order of the page, such as GRU and LSTM.
  package var networks: [NetworkReport]
  /// Commands, seeds, tool versions, hashes.
  package var provenance: [ProvenanceEntry]

  package init(
    title: String, summary: String, networks: [NetworkReport], provenance: [ProvenanceEntry] = []
  ) {
    self.title = title
    self.summary = summary
    self.networks = networks
    self.provenance = provenance
  }
}

/// One line of the provenance table, such as group `tools`, key `verilator`, value `5.006`.
package struct ProvenanceEntry: Hashable, Sendable {
  package var group: String
  package var key: String
  package var value: String
  package init(group: String, key: String, value: String) {
    self.group = group
    self.key = key
    self.value = value
  }
}

/// One network from training to hardware.
package struct NetworkReport: Hashable, Sendable {
  /// Short and unique on the page, such as `GRU`.
  package var name: String
  /// Such as `GRU 40 to 64, readout 10, circulant-8, 12 bits`.
  package var description: String
  package var accuracy: [AccuracyStage] = []
  package var curves: [LearningCurve] = []
  package var residuals: [MatrixResiduals] = []
  package var formats: [TensorFormat] = []
  package var activations: [ActivationError] = []
  package var design: DesignReport?
  package var cosim: CosimSummary?
  package var energy: EnergyReport?

  package init(name: String, description: String) {
    self.name = name
    self.description = description
  }
}

/// Correct answers of one stage of a network on the test set.
package struct AccuracyStage: Hashable, Sendable {
  /// Such as `float`, `circulant`, `quantized`, `RTL`.
  package var stage: String
  package var correct: Int
  package var total: Int
  /// Stored weights of this stage; nil if not told.
  package var weights: Int?
  package var bitsPerWeight: Int?
  /// Anything a reader must know, such as `direct circulant training`; empty if nothing.
  package var note: String

  package init(
    stage: String, correct: Int, total: Int, weights: Int? = nil, bitsPerWeight: Int? = nil,
    note: String = ""
  ) {
    self.stage = stage
    self.correct = correct
    self.total = total
    self.weights = weights
    self.bitsPerWeight = bitsPerWeight
    self.note = note
  }
  /// The share of correct answers, 0 to 1; nil without any.
  package var share: Double? { total > 0 ? Double(correct) / Double(total) : nil }
}

/// Loss and accuracy over the epochs of one stage of training.
package struct LearningCurve: Hashable, Sendable {
  /// One epoch.
  package struct Point: Hashable, Sendable {
    /// Counted from 1 within the stage.
    package var epoch: Int
    package var trainLoss: Double
    package var validationLoss: Double?
    /// 0 to 1.
    package var trainAccuracy: Double?
    /// 0 to 1.
    package var validationAccuracy: Double?

    package init(
      epoch: Int, trainLoss: Double, validationLoss: Double? = nil, trainAccuracy: Double? = nil,
      validationAccuracy: Double? = nil
    ) {
      self.epoch = epoch
      self.trainLoss = trainLoss
      self.validationLoss = validationLoss
      self.trainAccuracy = trainAccuracy
      self.validationAccuracy = validationAccuracy
    }
  }
  /// Such as `float`, `ADMM`, `circulant fine-tuning`, `quantized fine-tuning`.
  package var stage: String
  package var points: [Point]
  package init(stage: String, points: [Point]) {
    self.stage = stage
    self.points = points
  }
}

/// The ADMM residuals of one matrix.
package struct MatrixResiduals: Hashable, Sendable {
  /// One round of ADMM.
  package struct Round: Hashable, Sendable {
    /// Counted from 1.
    package var round: Int
    /// `|W - Z| / |W|`, Frobenius norms.
    package var primal: Double
    /// `|Z - previous Z| / |Z|`, Frobenius norms.
    package var dual: Double
    /// The penalty of this round.
    package var rho: Double
    package init(round: Int, primal: Double, dual: Double, rho: Double) {
      self.round = round
      self.primal = primal
      self.dual = dual
      self.rho = rho
    }
  }
  /// Such as `gru0.update.input`.
  package var matrix: String
  package var structure: String
  package var rounds: [Round]
  package init(matrix: String, structure: String, rounds: [Round]) {
    self.matrix = matrix
    self.structure = structure
    self.rounds = rounds
  }
}

/// The fixed-point format of one tensor and the range that it was chosen for.
package struct TensorFormat: Hashable, Sendable {
  package var name: String
  /// Such as `weight`, `state`, `input`, `internal`.
  package var role: String
  /// Total width in bits, sign included.
  package var width: Int
  /// Bits after the binary point; may be negative.
  package var fractionBits: Int
  /// Such as `half up, saturating`; empty where values lie on the grid already.
  package var rounding: String
  /// Smallest and largest value seen in calibration, or of the weights.
  package var minimum: Double
  package var maximum: Double

  package init(
    name: String, role: String, width: Int, fractionBits: Int, rounding: String, minimum: Double,
    maximum: Double
  ) {
    self.name = name
    self.role = role
    self.width = width
    self.fractionBits = fractionBits
    self.rounding = rounding
    self.minimum = minimum
    self.maximum = maximum
  }
}

/// The error of one activation table over all of its input codes.
package struct ActivationError: Hashable, Sendable {
  /// Such as `gru0.update: sigmoid`.
  package var name: String
  package var segments: Int
  /// Formats such as `Q4.11 (16 bits)`.
  package var inputFormat: String
  package var outputFormat: String
  /// Input codes compared: all of them.
  package var codes: Int
  package var maximalError: Double
  /// The same error in units of the output's last place.
  package var maximalErrorInLastPlaces: Double

  package init(
    name: String, segments: Int, inputFormat: String, outputFormat: String, codes: Int,
    maximalError: Double, maximalErrorInLastPlaces: Double
  ) {
    self.name = name
    self.segments = segments
    self.inputFormat = inputFormat
    self.outputFormat = outputFormat
    self.codes = codes
    self.maximalError = maximalError
    self.maximalErrorInLastPlaces = maximalErrorInLastPlaces
  }
}

/// The compiled design and its schedule of one frame.
package struct DesignReport: Hashable, Sendable {
  /// One busy stretch of one part of the design.
  package struct Segment: Hashable, Sendable {
    /// The row of the timeline, such as `input`, `lanes`, `transform out`, `element-wise gru0`, `output`.
    package var row: String
    /// Such as `pass 3`.
    package var label: String
    /// First cycle, counted from the first input beat of the frame.
    package var start: Int
    /// One past the last cycle.
    package var end: Int
    package init(row: String, label: String, start: Int, end: Int) {
      self.row = row
      self.label = label
      self.start = start
      self.end = end
    }
  }
  /// The device it was compiled for, such as `XC7VX690T`; nil if for none in particular.
  package var device: String?
  package var clockMegahertz: Double
  /// 0 for the sequential engine, which has one multiplier and no lanes.
  package var lanes: Int
  package var multipliers: Int
  /// Cycles from the start of a frame to the earliest start of the next.
  package var cyclesPerFrame: Int
  /// Cycles from a frame's first input beat to its last output beat.
  package var latencyCycles: Int
  /// The cycle of the timeline in which the work on the frame starts; the next starts `cyclesPerFrame` later.
  package var frameStart: Int
  /// Rows appear in the order in which they come first.
  package var timeline: [Segment]
  /// Frames one after the other, all streams in turn; nil if only one frame is known.
  package var steadyState: SteadyState?

  /// Where the cycles go when frame follows frame.
  package struct SteadyState: Hashable, Sendable {
    /// Starts of frames: the cycle counted from the first of them, and the stream of the frame.
    package struct Start: Hashable, Sendable {
      package var cycle: Int
      package var stream: Int
      package init(cycle: Int, stream: Int) {
        self.cycle = cycle
        self.stream = stream
      }
    }
    package var streams: Int
    /// Cycles from frame to frame, a mean.
    package var cyclesPerFrame: Double
    /// Cycles of a frame in which the lanes are fed.
    package var fedCycles: Int
    /// Of the multipliers' products while they are fed, the share that is no padding, 0 to 1.
    package var usefulShare: Double
    /// In ascending order.
    package var starts: [Start]

    package init(
      streams: Int, cyclesPerFrame: Double, fedCycles: Int, usefulShare: Double, starts: [Start]
    ) {
      self.streams = streams
      self.cyclesPerFrame = cyclesPerFrame
      self.fedCycles = fedCycles
      self.usefulShare = usefulShare
      self.starts = starts
    }

    /// Shares of all cycles of the lanes' multipliers, which add up to one.
    package var useful: Double { usefulShare * Double(fedCycles) / cyclesPerFrame }
    package var padding: Double { (1 - usefulShare) * Double(fedCycles) / cyclesPerFrame }
    package var waiting: Double { 1 - Double(fedCycles) / cyclesPerFrame }
  }

  package init(
    device: String?, clockMegahertz: Double, lanes: Int, multipliers: Int, cyclesPerFrame: Int,
    latencyCycles: Int, frameStart: Int = 0, timeline: [Segment], steadyState: SteadyState? = nil
  ) {
    self.device = device
    self.clockMegahertz = clockMegahertz
    self.lanes = lanes
    self.multipliers = multipliers
    self.cyclesPerFrame = cyclesPerFrame
    self.latencyCycles = latencyCycles
    self.frameStart = frameStart
    self.timeline = timeline
    self.steadyState = steadyState
  }
}

/// What cosimulation compared.
package struct CosimSummary: Hashable, Sendable {
  package var sequences: Int
  package var frames: Int
  package var valuesCompared: Int
  package var valueMismatches: Int
  package var cyclesCompared: Int
  package var cycleMismatches: Int
  /// Sequences whose class by the RTL's output is that of the reference; nil if there is no class.
  package var sameClass: Int?
  /// Back-pressure patterns, such as `none`, `random`, `long`.
  package var patterns: [String]
  /// Seeds of the initial register contents.
  package var seeds: [Int]
  /// The first mismatch in words; empty if none.
  package var firstMismatch: String

  package init(
    sequences: Int, frames: Int, valuesCompared: Int, valueMismatches: Int, cyclesCompared: Int,
    cycleMismatches: Int, sameClass: Int? = nil, patterns: [String], seeds: [Int],
    firstMismatch: String = ""
  ) {
    self.sequences = sequences
    self.frames = frames
    self.valuesCompared = valuesCompared
    self.valueMismatches = valueMismatches
    self.cyclesCompared = cyclesCompared
    self.cycleMismatches = cycleMismatches
    self.sameClass = sameClass
    self.patterns = patterns
    self.seeds = seeds
    self.firstMismatch = firstMismatch
  }
}

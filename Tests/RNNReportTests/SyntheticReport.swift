import Foundation
import RNNEstimate
import RNNReport
import RNNSupport

/// A report of invented figures that fills every section, to look at and to test the page with.
enum SyntheticReport {
  static var model: ReportModel {
    ReportModel(
      title: "Spoken digits",
      summary:
        "Ten spoken digits, 6 speakers, 8 kHz; utterances 0 to 4 of each speaker and digit are the test "
        + "set. These figures are invented.",
      networks: [
        network("GRU", cell: "gru0", cycles: 412, lanes: 8, gates: ["z", "r", "n"]),
        network("LSTM", cell: "lstm0", cycles: 688, lanes: 8, gates: ["i", "f", "g", "o"]),
      ],
      provenance: [
        ProvenanceEntry(
          group: "command", key: "train", value: "rnnc train digits-gru.json --seed 1"),
        ProvenanceEntry(group: "seed", key: "training", value: "1"),
        ProvenanceEntry(group: "tools", key: "verilator", value: "5.006 <2023-01-22> & more"),
        ProvenanceEntry(
          group: "sha256", key: "gru/model.json",
          value: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      ])
  }

  static func network(_ name: String, cell: String, cycles: Int, lanes: Int, gates: [String])
    -> NetworkReport
  {
    let better = name == "LSTM" ? 0 : 1
    var report = NetworkReport(
      name: name, description: "\(name) 40 to 64, readout 10, blocks of 8, weights of 12 bits")
    report.accuracy = [
      AccuracyStage(
        stage: "float", correct: 292 + better, total: 300, weights: 20_736, bitsPerWeight: 32),
      AccuracyStage(
        stage: "circulant, ADMM", correct: 291, total: 300, weights: 3_216, bitsPerWeight: 32),
      AccuracyStage(
        stage: "circulant, direct", correct: 288 - better, total: 300, weights: 3_216,
        bitsPerWeight: 32,
        note: "trained inside the structure from the start"),
      AccuracyStage(
        stage: "quantized", correct: 290 + better, total: 300, weights: 3_216, bitsPerWeight: 12),
      AccuracyStage(
        stage: "RTL", correct: 290 + better, total: 300, weights: 3_216, bitsPerWeight: 12,
        note: "from the outputs of the simulated Verilog"),
    ]
    report.curves = [
      ("float", 24, 2.3, 0.9), ("ADMM", 10, 0.25, 0.5), ("circulant fine-tuning", 4, 0.12, 0.2),
      ("quantized fine-tuning", 4, 0.09, 0.1),
    ].map { stage, epochs, loss, fall in
      LearningCurve(
        stage: stage,
        points: (1...epochs).map { epoch in
          let share = Double(epoch) / Double(epochs)
          let train = loss * exp(-4 * fall * share)
          return LearningCurve.Point(
            epoch: epoch, trainLoss: train, validationLoss: train * 1.2 + 0.03,
            trainAccuracy: 1 - 0.35 * train, validationAccuracy: 0.985 - 0.36 * train)
        })
    }
    report.residuals = gates.enumerated().flatMap { index, gate in
      ["input", "recurrent"].map { side in
        MatrixResiduals(
          matrix: "\(cell).\(gate).\(side)", structure: "circulant-8",
          rounds: (1...10).map { round in
            let start = side == "input" ? 0.5 : 0.65
            let primal = start * exp(-Double(round) * (0.32 + 0.02 * Double(index)))
            return MatrixResiduals.Round(
              round: round, primal: primal, dual: primal * 0.4 / Double(round),
              rho: 1e-3 * Double(round))
          })
      }
    }
    report.formats = [
      TensorFormat(
        name: "input", role: "input", width: 12, fractionBits: 8, rounding: "half up, saturating",
        minimum: -5.2, maximum: 6.9),
      TensorFormat(
        name: "\(cell).\(gates[0]).weight", role: "weight", width: 12, fractionBits: 10,
        rounding: "", minimum: -1.31, maximum: 1.62),
      TensorFormat(
        name: "\(cell).state", role: "state", width: 12, fractionBits: 11,
        rounding: "half up, saturating", minimum: -0.98, maximum: 0.99),
      TensorFormat(
        name: "\(cell).\(gates[0]).preactivation", role: "internal", width: 16, fractionBits: 11,
        rounding: "half up, saturating", minimum: -9.8, maximum: 11.4),
    ]
    report.activations = [
      ActivationError(
        name: "\(cell).\(gates[0]): sigmoid", segments: 128, inputFormat: "Q5.11",
        outputFormat: "Q1.11", codes: 65_536, maximalError: 0.00026, maximalErrorInLastPlaces: 0.53),
      ActivationError(
        name: "\(cell).\(gates[2]): tanh", segments: 128, inputFormat: "Q5.11",
        outputFormat: "Q1.11", codes: 65_536, maximalError: 0.00041, maximalErrorInLastPlaces: 0.84),
    ]
    report.cosim = CosimSummary(
      sequences: 300, frames: 12_810, valuesCompared: 3_612_420, valueMismatches: 0,
      cyclesCompared: 12_810 * cycles, cycleMismatches: 0, sameClass: 300,
      patterns: ["none", "random", "long"], seeds: [7, 8])
    let counts = counts(cell: cell, cycles: cycles, lanes: lanes, gates: gates.count)
    report.energy = EnergyReport(
      design: name, counts: counts, devices: EnergyReport.standardDevices,
      activity: activity(counts), requiredFramesPerSecond: 100)
    var timeline: [DesignReport.Segment] = [
      .init(row: "stream", label: "input", start: 0, end: 10)
    ]
    let passes = gates.count
    let each = (cycles - 60) / passes
    for pass in 0..<passes {
      let start = 12 + pass * each
      timeline += [
        .init(
          row: "transform in", label: "\(gates[pass])", start: start - 2, end: start + each / 2),
        .init(row: "lanes", label: "pass \(pass): \(gates[pass])", start: start, end: start + each),
        .init(row: "transform out", label: "drain", start: start + each, end: start + each + 12),
        .init(
          row: "element-wise \(cell)", label: gates[pass], start: start + each + 8,
          end: start + each + 30),
      ]
    }
    timeline.append(.init(row: "stream", label: "output", start: cycles - 4, end: cycles + 8))
    report.design = DesignReport(
      device: "XC7A100T", clockMegahertz: 150, lanes: lanes, multipliers: lanes * 14 + 6,
      cyclesPerFrame: cycles, latencyCycles: cycles + 8, timeline: timeline)
    return report
  }

  static func counts(cell: String, cycles: Int, lanes: Int, gates: Int) -> DesignCounts {
    let multipliers = lanes * 14
    let products = multipliers * cycles * 7 / 10
    return DesignCounts(
      units: [
        UnitCounts(
          name: "lanes", multipliers: multipliers, multiplierWidths: MultiplierWidths(15, 15),
          multiplicationsPerFrame: products, registerBits: multipliers * 40,
          lutEstimate: multipliers * 12, scope: ["u_lane"]),
        UnitCounts(
          name: "weight memory",
          memories: [
            MemoryCounts(
              name: "weights", width: 210, depth: 96, count: lanes, kind: .block,
              readsPerFrame: products / 14, writesPerFrame: 0)
          ], scope: ["u_weights"]),
        UnitCounts(
          name: "operand memory",
          memories: [
            MemoryCounts(
              name: "operands", width: 96, depth: 32, count: 2, kind: .distributed,
              readsPerFrame: cycles, writesPerFrame: 40)
          ], registerBits: 192, lutEstimate: 96, scope: ["u_operand"]),
        UnitCounts(
          name: "transform in", registerBits: 420, adderBits: 480, lutEstimate: 520,
          scope: ["u_b"]),
        UnitCounts(
          name: "transform out", registerBits: 1900, adderBits: 2100, lutEstimate: 2300,
          scope: ["u_c"]),
        UnitCounts(
          name: "element-wise \(cell)", multipliers: gates * 2,
          multiplierWidths: MultiplierWidths(16, 12), multiplicationsPerFrame: 64 * gates * 2,
          registerBits: 1300, adderBits: 300, lutEstimate: 700, scope: ["u_cell"]),
        UnitCounts(
          name: "activation tables",
          memories: [
            MemoryCounts(
              name: "segments", width: 32, depth: 128, count: gates, kind: .rom,
              readsPerFrame: 64 * gates, writesPerFrame: 0)
          ], registerBits: 128, lutEstimate: 60, scope: ["u_table"]),
        UnitCounts(
          name: "stream", registerBits: 160, lutEstimate: 120, scope: ["u_stream"]),
        UnitCounts(
          name: "control", registerBits: 220, adderBits: 40, lutEstimate: 260,
          scope: ["u_core"]),
      ], cyclesPerFrame: cycles, latencyCycles: cycles + 8,
      usefulMultiplicationsPerFrame: products * 95 / 100,
      denseEquivalentOperationsPerFrame: 2 * gates * 64 * 104)
  }

  static func activity(_ counts: DesignCounts) -> ActivityRecord {
    ActivityRecord(
      design: "synthetic", windowCycles: 4 * counts.cyclesPerFrame, windowFrames: 4,
      stimulus: "frames 20 to 23 of sequence 0 of test.npy",
      scopes: counts.units.enumerated().flatMap { index, unit in
        unit.scope.map {
          ActivityRecord.Scope(
            path: "rnn_sim.u_core." + $0 + "_0", registerBits: 1000,
            registerToggles: 4 * counts.cyclesPerFrame * (250 - 20 * index), netBits: 2000,
            netToggles: 4 * counts.cyclesPerFrame * (300 - 20 * index))
        }
      })
  }
}

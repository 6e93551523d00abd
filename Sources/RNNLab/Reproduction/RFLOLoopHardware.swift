internal import Foundation
internal import RNNDriver
internal import RNNGraph
internal import RNNInterchange
internal import RNNLearning
internal import RNNSupport

/// The loop circuit as cells: the same movements in floating point, in integers and in Verilog.
struct RFLOLoopHardware: Sendable {
  struct Figures: Sendable {
    var seed: UInt64
    var hardware: HardwareFigures
    /// The movements of each, in order.
    var float: [Int]
    var integers: [Int]
    var verilog: [Int]
    /// The greatest and the root mean square difference of the integers' outputs from the float circuit's.
    var greatestError: Double
    var rmsError: Double
    var isRight: Bool {
      float == RFLOLoop.wanted && integers == float && verilog == float && hardware.mismatches == 0
    }
  }

  var loop: RFLOLoop
  var folder: URL

  /// The trained circuit as a network of the cells `syllable-loop` and `dense`.
  func network(_ run: RFLOLoop.Run) throws -> (network: Network, weights: Weights) {
    let network = Network(layers: [
      try Layer(
        name: "loop", cell: SyllableLoopCell.name, inputSize: RFLOLoop.syllables,
        units: loop.units,
        options: [
          .init("tau", .number(run.network.tau)), .init("initial", .number(run.network.initial)),
          .init("period", .int(loop.period)), .init("reset", .bool(loop.resets)),
        ]),
      try Layer(
        name: "velocity", cell: DenseLayer.name, inputSize: loop.units, units: RFLOLoop.outputs,
        options: [.init("bias", .bool(false))]),
    ])
    return (network, run.network.weights(of: network, others: ["select.weight": run.selection]))
  }

  func run(_ run: RFLOLoop.Run, _ context: StageContext) throws -> Figures {
    let (network, weights) = try network(run)
    // A start impulse in the first step; the loop does the rest.
    let steps = loop.period * RFLOLoop.chained
    var input = [Float](repeating: 0, count: steps * RFLOLoop.syllables)
    input[0] = 1
    let targets = RFLOLoop.wanted.flatMap { loop.targets($0).map(Float.init) }
    let set = SequenceSet(
      features: RFLOLoop.syllables, sequences: [input], targets: [.values(targets)])
    let name = "syllable loop \(run.seed)"
    let model = ModelFile(
      name: "syllable-loop", task: nil, network: network,
      stages: [ModelStage(name: "train", seed: Int(run.seed))])
    let place = folder.appendingPathComponent("model-\(run.seed)")
    try AtomicFile.makeFolder(place)
    try model.write(to: place.appendingPathComponent("model.json"), weights: weights)

    let check = HardwareCheck(
      name: name, network: network, weights: weights,
      task: TrainingTask(training: set, validation: nil, loss: MeanSquaredError()), test: set,
      fineTuning: nil, rangeSequences: 1, simulatedSequences: 1, folder: folder)
    let (figures, integers, verilog) = try check.runKeepingOutputs(context)
    let interpreter = ReferenceInterpreter(
      network: network, weights: weights.values.map { $0.map { $0.map(Double.init) } })
    let flat = interpreter.forward(input.map(Double.init))
    let float = (0..<steps).map { t in
      Array(flat[t * RFLOLoop.outputs..<(t + 1) * RFLOLoop.outputs])
    }
    let errors = zip(float.joined(), integers[0].joined()).map { abs($0 - $1) }
    return Figures(
      seed: run.seed, hardware: figures, float: movements(float), integers: movements(integers[0]),
      verilog: movements(verilog[0]), greatestError: errors.max() ?? .infinity,
      rmsError: (errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)).squareRoot())
  }

  /// The movement that each stretch of outputs is most alike.
  private func movements(_ outputs: [[Double]]) -> [Int] {
    (0..<RFLOLoop.chained).map { k in
      let part = outputs.dropFirst(k * loop.period).prefix(loop.period).flatMap { $0 }
      let likeness = (0..<RFLOLoop.syllables).map { syllable in
        zip(part, loop.targets(syllable)).reduce(0) { $0 + $1.0 * $1.1 }
      }
      return likeness.indices.max { likeness[$0] < likeness[$1] } ?? 0
    }
  }
}

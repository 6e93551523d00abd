internal import RNNGraph
internal import RNNLearning
internal import RNNSupport

/// Small tanh networks on the adding problem, from contracting to chaotic, with their spectra on the way.
struct LyapunovSweep {
  static let units = 32
  static let gains = [0.2, 0.4, 0.6, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 1.7, 2, 2.5]
  static let batchSize = 32
  static let learningRate = 1e-3
  let task = AddingTask(steps: 50)
  /// Updates of each training.
  let updates: Int
  /// Steps of each of the two segments that count.
  let steps: Int
  /// Spectra are computed after so many updates, besides before the first and after the last.
  let interval: Int?
  let validation: SequenceSet
  private let options: LyapunovOptions
  private let segments: [[Double]]

  init(updates: Int, steps: Int, interval: Int? = nil) {
    self.updates = updates
    self.steps = steps
    self.interval = interval
    validation = task.set(count: 1000, seed: 99, purpose: "validation")
    options = LyapunovOptions(steps: steps, warmUp: 100, checksSum: true, threads: 1)
    let length = options.warmUp + steps
    // The task's sequences one after the other, as a running network would see them.
    let stream = task.set(count: 2 * (length / task.steps + 1), seed: 98, purpose: "driving")
      .sequences.joined().map(Double.init)
    let half = stream.count / 2
    segments = (0..<2).map { Array(stream[$0 * half..<$0 * half + length * AddingTask.features]) }
  }

  /// W_hh Gaussian with deviation gain / sqrt(N), W_hx uniform in [-1, 1), a linear readout.
  ///
  /// With input weights of 1 / sqrt(N), as the cell starts them, hardly a network learns the task in so few updates.
  static func network(gain: Double, inputs: Int = AddingTask.features, units: Int = units)
    -> Network
  {
    func layer(_ cell: any CellDefinition.Type, _ inputs: Int, _ units: Int) -> Layer {
      let configuration = CellConfiguration(
        inputSize: inputs, units: units,
        options: cell.options.map { .init($0.name, $0.standard) })
      return Layer(
        name: cell.name, cell: cell.name, configuration: configuration,
        graph: cell.graph(configuration))
    }
    var recurrent = layer(ElmanCell.self, inputs, units)
    for p in recurrent.graph.parameters.indices {
      switch recurrent.graph.parameters[p].name {
      case "weight_h":
        recurrent.graph.parameters[p].initializer =
          .normal(deviation: gain / Double(units).squareRoot())
      case "weight_x": recurrent.graph.parameters[p].initializer = .uniform(bound: 1)
      default: break
      }
    }
    return Network(layers: [recurrent, layer(DenseLayer.self, units, 1)])
  }

  struct Item: Sendable {
    var gain: Double
    var seed: UInt64
  }
  struct Net: Sendable {
    var gain: Double
    var seed: UInt64
    /// Of the validation set, after training.
    var loss: Double
    /// By the number of updates before; the first is of the initial weights, the last of the trained ones.
    var spectra: [(update: Int, spectrum: LyapunovSpectrum)]
    var initial: LyapunovSpectrum { spectra[0].spectrum }
    var trained: LyapunovSpectrum { spectra[spectra.count - 1].spectrum }
  }

  /// Trains one network with Adam and clipped gradients on fresh batches; one thread.
  func train(_ item: Item, report: ParallelRuns.Report) throws -> Net {
    let network = Self.network(gain: item.gain)
    var weights = initialWeights(network, seed: item.seed)
    let engine = try NetworkEngine(network: network, weights: weights, threads: 1)
    var optimizer = Optimizer(.adam, for: weights)
    var generator = SplitMix64(seed: item.seed).fork("adding batches")
    var spectra = [(0, try spectrum(network, weights))]
    for update in 1...updates {
      if Interrupt.shared.isRequested {
        throw ToolError(.interrupted, "training was interrupted", hint: "nothing was written")
      }
      let set = task.set(count: Self.batchSize, using: &generator)
      engine.weights = weights
      var gradients = engine.gradients(
        SequenceBatch(sequences: set.sequences, features: set.features)
      ) { outputs in
        let (loss, gradient) = task.loss.evaluate(
          outputs, targets: set.targets, wantsGradient: true)
        return (loss.mean, gradient ?? outputs)
      }.gradients
      _ = gradients.clip(norm: 1)
      optimizer.update(&weights, gradients: gradients, learningRate: Self.learningRate)
      if let interval, update % interval == 0, update < updates {
        spectra.append((update, try spectrum(network, weights)))
      }
      if update % 50 == 0 { report(Double(update) / Double(updates), "gain \(item.gain)") }
    }
    engine.weights = weights
    let loss = evaluate(engine, on: validation, loss: task.loss).loss
    spectra.append((updates, try spectrum(network, weights)))
    return Net(gain: item.gain, seed: item.seed, loss: loss, spectra: spectra)
  }

  private func spectrum(_ network: Network, _ weights: Weights) throws -> LyapunovSpectrum {
    try LyapunovAnalyzer(network: network, weights: weights, options: options).run(segments)
  }

  /// The spectrum of a random network that nothing drives, from a state that is not at rest.
  static func random(gain: Double, units: Int, steps: Int, seed: UInt64) throws -> LyapunovSpectrum
  {
    var network = network(gain: gain, inputs: 1, units: units)
    network.layers[0].graph.states[0].initial = 0.5
    let options = LyapunovOptions(steps: steps, warmUp: 200, threads: 1)
    return try LyapunovAnalyzer(
      network: network, weights: initialWeights(network, seed: seed), options: options
    ).run([[Double](repeating: 0, count: 200 + steps)])
  }
}

/// Spearman's rank correlation; equal values share the mean of their ranks.
func spearman(_ x: [Double], _ y: [Double]) -> Double {
  func ranks(_ values: [Double]) -> [Double] {
    values.map { v in Double(values.count { $0 < v }) + Double(values.count { $0 == v } + 1) / 2 }
  }
  let (a, b) = (ranks(x), ranks(y))
  let (meanA, meanB) = (Statistics.mean(a), Statistics.mean(b))
  var (covariance, squareA, squareB) = (0.0, 0.0, 0.0)
  for (p, q) in zip(a, b) {
    covariance += (p - meanA) * (q - meanB)
    squareA += (p - meanA) * (p - meanA)
    squareB += (q - meanB) * (q - meanB)
  }
  return covariance / (squareA * squareB).squareRoot()
}

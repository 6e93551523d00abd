internal import Dispatch
private import Foundation
package import RNNGraph
internal import RNNTensor

/// Runs a network forwards and backwards over batches of sequences by interpreting its cell graphs.
///
/// `.quantize` nodes and parameter formats are honoured in the forward pass (rounded, saturated), for
/// formats of at most 24 bits, which float32 holds exactly. Their derivative is 1 inside the format's
/// range and 0 outside (straight-through), so a parameter that saturates its format gets a zero
/// gradient. States have their initial values at the start of a sequence.
///
/// The sequences of a batch are split over threads that run all layers and steps without waiting for
/// each other. The same weights, batch and number of threads give the same bits. An engine is used
/// by one caller at a time.
package final class NetworkEngine {
  package let network: Network
  /// The parameters in stored shape; a shape that differs from the network's is a precondition failure.
  package var weights: Weights {
    didSet { areWeightsLoaded = false }
  }
  private let threads: Int
  private let runners: [LayerRunner]
  private let tasks: [(layer: Int, task: LayerRunner.MatrixTask)]
  private let input = AlignedBuffer()
  private let outputGradient = AlignedBuffer()
  private var layout = BatchLayout(lengths: [], threads: 1)
  private var areWeightsLoaded = false
  /// The last outputs, whose memory serves again unless the caller still holds them.
  private var lastOutput = SequenceBatch(lengths: [], features: 1)

  /// - Parameter threads: how many threads to split batches over; by default all processors.
  /// - Throws: `DiagnosticsEmitted` if the weights do not have the shapes of the network's parameters.
  package convenience init(network: Network, weights: Weights, threads: Int? = nil) throws {
    try self.init(network: network, weights: weights, threads: threads, keepAll: false)
  }

  /// - Parameter gradient: a node whose gradient `keptGradient` gives after a backward pass.
  init(
    network: Network, weights: Weights, threads: Int?, keepAll: Bool,
    gradientOf gradient: (layer: Int, node: ValueID)? = nil
  ) throws {
    try checkShapes(network, weights)
    self.network = network
    self.weights = weights
    self.threads = max(1, threads ?? Arithmetic.threads)
    runners = network.layers.enumerated().map { l, layer in
      LayerRunner(
        LayerPlan(
          layer.graph, wantsInputGradient: l > 0, keepAll: keepAll,
          gradientOf: gradient?.layer == l ? gradient?.node.index : nil))
    }
    var tasks: [(layer: Int, task: LayerRunner.MatrixTask)] = []
    if !keepAll {
      for (l, runner) in runners.enumerated() {
        tasks += runner.matrixTasks(threads: self.threads).map { (l, $0) }
      }
    }
    self.tasks = tasks
  }

  // MARK: Passes

  /// The outputs at every step, zero where masked.
  package func forward(_ batch: SequenceBatch) -> SequenceBatch {
    prepare(batch, backward: false)
    inParallel(layout.shards.count) { s in self.forward(shard: s, batch) }
    return output()
  }

  /// Runs forward, asks for the loss and its gradient by the outputs, and runs backward.
  ///
  /// - Parameter loss: the gradient must have the lengths and features of the outputs it is given;
  ///   what it holds at masked steps is ignored.
  /// - Returns: gradients summed over the batch in stored shape; a circulant value's gradient is the
  ///   sum over the entries that it stands for.
  package func gradients(
    _ batch: SequenceBatch,
    loss: (SequenceBatch) -> (loss: Double, outputGradient: SequenceBatch)
  ) -> (loss: Double, gradients: Weights) {
    prepare(batch, backward: true)
    inParallel(layout.shards.count) { s in self.forward(shard: s, batch) }
    let (value, gradient) = loss(output())
    precondition(
      gradient.lengths == batch.lengths && gradient.features == network.outputSize,
      "the loss gave a gradient of another shape than the outputs")
    let width = padded(network.outputSize)
    outputGradient.reserve(layout.rows * width)
    inParallel(layout.shards.count) { s in
      self.pack(gradient, shard: s, into: self.outputGradient, width: width)
      for l in self.runners.indices.reversed() {
        self.runners[l].backward(shard: s, self.layout, self.surroundings(l))
      }
    }
    inParallel(tasks.count) { i in
      let (l, task) = self.tasks[i]
      self.runners[l].run(task, self.layout, self.surroundings(l))
    }
    return (value, storedGradients())
  }

  /// The least and greatest element of every node over the unmasked steps: `[layer][node]`.
  ///
  /// A batch without any step gives 0...0.
  package func observeRanges(_ batch: SequenceBatch) -> [[ClosedRange<Float>]] {
    let observer: NetworkEngine
    do {
      observer = try NetworkEngine(
        network: network, weights: weights, threads: threads, keepAll: true)
    } catch {
      preconditionFailure("the weights were checked when the engine was made: \(error)")
    }
    _ = observer.forward(batch)
    return network.layers.indices.map { observer.ranges(layer: $0) }
  }

  /// The norm of the gradient by the node that the engine was made for, for every step of every sequence: `[B][T_b]`.
  ///
  /// Needs `gradients` of a batch before it.
  func keptGradientNorms() -> [[Double]] {
    var norms = layout.lengths.map { [Double](repeating: 0, count: $0) }
    for (l, runner) in runners.enumerated() {
      guard let memory = runner.plan.keptGradient else { continue }
      let view = runner.view(memory, input: inputView(l))
      for shard in layout.shards {
        for t in 0..<shard.steps {
          for row in 0..<shard.active[t] {
            let values = view.base + (shard.start + shard.offsets[t] + row) * view.stride
            let square = (0..<view.stride).reduce(0.0) {
              $0 + Double(values[$1]) * Double(values[$1])
            }
            norms[shard.sequences[row]][t] = square.squareRoot()
          }
        }
      }
    }
    return norms
  }

  // MARK: Preparation

  /// Whether copying weights takes longer than waking a thread.
  private var hasManyWeights: Bool { runners.reduce(0) { $0 + $1.plan.regionTotal } > 1 << 18 }

  private func prepare(_ batch: SequenceBatch, backward: Bool) {
    precondition(
      batch.features == network.inputSize,
      "the network reads \(network.inputSize) features, the batch has \(batch.features)")
    if !areWeightsLoaded {
      let parameters = network.layers.enumerated().flatMap { l, layer in
        layer.graph.parameters.indices.map { (l, $0) }
      }
      inParallel(parameters.count, if: hasManyWeights) { i in
        let (l, p) = parameters[i]
        self.runners[l].parameters.load(p, self.weights.values[l][p])
      }
      areWeightsLoaded = true
    }
    if layout.lengths != batch.lengths || layout.shards.isEmpty {
      layout = BatchLayout(lengths: batch.lengths, threads: threads)
    }
    input.reserve(layout.rows * padded(network.inputSize))
    for runner in runners { runner.reserve(layout, backward: backward) }
  }

  /// Runs work items on all threads; which thread runs which changes no result.
  private func inParallel(_ count: Int, if pays: Bool = true, _ work: (Int) -> Void) {
    if count == 1 || threads == 1 || !pays {
      for i in 0..<count { work(i) }
    } else {
      // Work items touch different memory, and all end before this returns.
      nonisolated(unsafe) let work = work
      DispatchQueue.concurrentPerform(iterations: count) { work($0) }
    }
  }

  private func inputView(_ l: Int) -> MatrixView {
    var view = MatrixView(input.base, stride: padded(network.inputSize))
    for runner in runners[..<l] { view = runner.view(runner.plan.output, input: view) }
    return view
  }

  private func surroundings(_ l: Int) -> LayerRunner.Surroundings {
    var gradient: MatrixView?
    if l + 1 < runners.count {
      if let memory = runners[l + 1].plan.inputGradient {
        gradient = runners[l + 1].view(memory, input: inputView(l + 1))
      }
    } else {
      gradient = MatrixView(outputGradient.base, stride: padded(network.outputSize))
    }
    return LayerRunner.Surroundings(input: inputView(l), outputGradient: gradient)
  }

  private func forward(shard s: Int, _ batch: SequenceBatch) {
    pack(batch, shard: s, into: input, width: padded(network.inputSize))
    for (l, runner) in runners.enumerated() {
      runner.forward(shard: s, layout, surroundings(l))
    }
  }

  // MARK: Packing

  private func pack(
    _ batch: SequenceBatch, shard s: Int, into buffer: AlignedBuffer, width: Int
  ) {
    let shard = layout.shards[s]
    let features = batch.features
    batch.values.withUnsafeBufferPointer { values in
      guard let source = values.baseAddress else { return }
      for t in 0..<shard.steps {
        for row in 0..<shard.active[t] {
          let target = buffer.base + (shard.start + shard.offsets[t] + row) * width
          target.update(
            from: source + (t * batch.count + shard.sequences[row]) * features, count: features)
        }
      }
    }
  }

  private func output() -> SequenceBatch {
    var result = SequenceBatch(lengths: [], features: 1)
    swap(&result, &lastOutput)
    if result.lengths != layout.lengths {
      result = SequenceBatch(lengths: layout.lengths, features: network.outputSize)
    }
    let last = runners.count - 1
    let view = runners[last].view(runners[last].plan.output, input: inputView(last))
    let features = network.outputSize
    let count = result.count
    result.values.withUnsafeMutableBufferPointer { values in
      guard let target = values.baseAddress else { return }
      for shard in layout.shards {
        for t in 0..<shard.steps {
          for row in 0..<shard.active[t] {
            (target + (t * count + shard.sequences[row]) * features).update(
              from: view.base + (shard.start + shard.offsets[t] + row) * view.stride,
              count: features)
          }
        }
      }
    }
    lastOutput = result
    return result
  }

  // MARK: Results

  private func storedGradients() -> Weights {
    let parameters = network.layers.enumerated().flatMap { l, layer in
      layer.graph.parameters.indices.map { (l, $0) }
    }
    var flat = [[Float]](repeating: [], count: parameters.count)
    flat.withUnsafeMutableBufferPointer { target in
      nonisolated(unsafe) let target = target
      inParallel(parameters.count, if: hasManyWeights) { i in
        let (l, p) = parameters[i]
        let runner = self.runners[l]
        runner.collect(p, self.layout)
        target[i] = runner.parameters.gradient(
          p, stored: self.weights.values[l][p],
          vectorGradients: runner.vectorGradients(self.layout))
      }
    }
    var next = 0
    return Weights(
      values: network.layers.map { layer in
        let count = layer.graph.parameters.count
        defer { next += count }
        return Array(flat[next..<next + count])
      })
  }

  private func ranges(layer l: Int) -> [ClosedRange<Float>] {
    let runner = runners[l]
    let input = inputView(l)
    return network.layers[l].graph.nodes.enumerated().map { v, node in
      guard layout.rows > 0, let memory = runner.plan.memory(of: v, forward: true) else {
        return 0...0
      }
      let view = runner.view(memory, input: input)
      var (low, high) = (Float.infinity, -Float.infinity)
      for shard in layout.shards {
        for row in shard.start + shard.count..<shard.start + shard.count + shard.rows {
          for i in 0..<node.size {
            let value = view.base[row * view.stride + i]
            low = min(low, value)
            high = max(high, value)
          }
        }
      }
      return low <= high ? low...high : 0...0
    }
  }
}

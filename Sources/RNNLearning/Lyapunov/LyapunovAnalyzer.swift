internal import Dispatch
private import Foundation
package import RNNGraph
internal import RNNSupport
internal import RNNTensor

/// Computes the Lyapunov spectrum of a network along trajectories that inputs drive.
///
/// Directions Q are carried along by the Jacobians of the steps, forward in time, and made orthonormal again:
/// Z = J_t Q, Z = Q R, and exponent i gains log |R_ii|. All states count (h and c of an LSTM). Every cell has
/// its Jacobian from its graph; roundings count with derivative 1 inside their range, as in training.
package struct LyapunovAnalyzer {
  package let network: Network
  package let options: LyapunovOptions
  private let interpreter: ReferenceInterpreter
  /// The layers that each spectrum perturbs.
  private let parts: [Range<Int>]

  /// - Parameter weights: `[layer][parameter]` in stored shape.
  /// - Throws: `DiagnosticsEmitted` for bad options and for a network without states.
  package init(network: Network, weights: [[[Double]]], options: LyapunovOptions) throws {
    var sink = DiagnosticSink(stage: "lyapunov")
    options.check(path: "--", into: &sink)
    guard let last = network.layers.lastIndex(where: { !$0.graph.states.isEmpty }) else {
      sink.error(
        "layers", "the network has no states, so nothing carries a change from step to step",
        fix: "give a model with a recurrent layer")
      throw DiagnosticsEmitted(sink.diagnostics)
    }
    try sink.throwIfErrors()
    // Layers above the last state change nothing.
    let trimmed = Network(layers: Array(network.layers[...last]))
    self.network = trimmed
    self.options = options
    interpreter = ReferenceInterpreter(network: trimmed, weights: weights)
    parts =
      options.scope == .network
      ? [0..<last + 1]
      : trimmed.layers.indices.filter { !trimmed.layers[$0].graph.states.isEmpty }.map {
        $0..<$0 + 1
      }
  }

  /// - Throws: as the other initializer.
  package init(network: Network, weights: Weights, options: LyapunovOptions) throws {
    try self.init(
      network: network, weights: weights.values.map { $0.map { $0.map(Double.init) } },
      options: options)
  }

  /// The number of elements of all states.
  package var states: Int {
    network.layers.flatMap(\.graph.states).reduce(0) { $0 + $1.size }
  }

  /// Follows every segment from the initial state; the result does not depend on the number of threads.
  ///
  /// - Parameters:
  ///   - segments: inputs, each row-major `[warmUp + steps][inputSize]`.
  ///   - progress: called with the share that is done, from any thread.
  /// - Throws: `ToolError.interrupted` on cancellation; `DiagnosticsEmitted` where a state is not finite.
  package func run(
    _ segments: [[Double]], isCancelled: @escaping @Sendable () -> Bool = { false },
    progress: @escaping @Sendable (Double) -> Void = { _ in }
  ) throws -> LyapunovSpectrum {
    let length = options.warmUp + options.steps
    precondition(!segments.isEmpty, "there is nothing to follow")
    for segment in segments {
      precondition(
        segment.count == length * network.inputSize,
        "a segment has \(segment.count) values, not \(length) x \(network.inputSize)")
    }
    let results: [SegmentResult]
    switch options.precision {
    case .single: results = try follow(segments, Float.self, isCancelled, progress)
    case .double: results = try follow(segments, Double.self, isCancelled, progress)
    }
    var exponents: [LyapunovSpectrum.Exponent] = []
    for (p, part) in parts.enumerated() {
      let layer = options.scope == .layer ? part.lowerBound : nil
      exponents += Self.summarize(results.map { $0.parts[p] }, steps: options.steps, layer: layer)
    }
    if let count = options.count {
      exponents = Array(exponents.sorted { $0.value > $1.value }.prefix(count))
    }
    return LyapunovSpectrum(
      exponents: exponents, states: states, segments: segments.count, steps: options.steps,
      warmUp: options.warmUp,
      logDeterminant: options.checksSum
        ? results.reduce(0) { $0 + $1.logDeterminant } / Double(results.count * options.steps)
        : nil)
  }

  private func follow<Scalar: LinearAlgebraScalar>(
    _ segments: [[Double]], _: Scalar.Type, _ isCancelled: @escaping @Sendable () -> Bool,
    _ progress: @escaping @Sendable (Double) -> Void
  ) throws -> [SegmentResult] {
    let threads = max(1, options.threads ?? Arithmetic.threads)
    let workers = min(threads, segments.count)
    let total = Double(segments.count * (options.warmUp + options.steps))
    let board = ResultBoard(segments: segments.count)
    @Sendable func work(_ worker: Int) {
      let runner = SegmentRunner<Scalar>(
        interpreter, parts: parts, options: options, threads: threads / workers)
      for s in stride(from: worker, to: segments.count, by: workers) {
        do {
          let result = try runner.run(segments[s], number: s) {
            if isCancelled() { throw LyapunovAnalyzer.interrupted }
            progress(Double(board.step()) / total)
          }
          board.set(s, .success(result))
        } catch {
          return board.set(s, .failure(error))
        }
      }
    }
    if workers == 1 {
      work(0)
    } else {
      DispatchQueue.concurrentPerform(iterations: workers) { work($0) }
    }
    return try board.results()
  }

  private static var interrupted: ToolError {
    ToolError(.interrupted, "the Lyapunov spectrum was interrupted", hint: "nothing was written")
  }

  /// Means over segments and their bands, in the order of the directions.
  private static func summarize(
    _ segments: [SegmentResult.Part], steps: Int, layer: Int?
  ) -> [LyapunovSpectrum.Exponent] {
    let count = Double(segments.count)
    return segments[0].sums.indices.map { i in
      let own = segments.map { $0.sums[i] / Double(steps) }
      let mean = own.reduce(0, +) / count
      guard mean.isFinite else {
        return LyapunovSpectrum.Exponent(value: mean, band: 0, layer: layer)
      }
      var band = 0.0
      for (h, time) in segments[0].times.enumerated() {
        let running = segments.reduce(0) { $0 + $1.history[h][i] } / count / Double(time)
        band = max(band, abs(running - mean))
      }
      if own.count > 1 {
        let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        band = max(band, 2 * (variance / count).squareRoot())
      }
      return LyapunovSpectrum.Exponent(value: mean, band: band, layer: layer)
    }
  }
}

/// What the workers leave behind.
private final class ResultBoard: @unchecked Sendable {
  private let lock = NSLock()
  private var slots: [Result<SegmentResult, any Error>?]
  private var steps = 0
  init(segments: Int) { slots = Array(repeating: nil, count: segments) }
  /// Counts a step of any segment.
  func step() -> Int {
    lock.withLock {
      steps += 1
      return steps
    }
  }
  func set(_ i: Int, _ result: Result<SegmentResult, any Error>) {
    lock.withLock { slots[i] = result }
  }
  /// All results, or the first error in the order of the segments.
  func results() throws -> [SegmentResult] {
    try lock.withLock { try slots.compactMap { try $0?.get() } }
  }
}

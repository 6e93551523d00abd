package import Foundation
internal import RNNGraph
internal import RNNInterchange
internal import RNNLearning
internal import RNNSupport

/// What drives a network while its Lyapunov spectrum is computed.
package enum LyapunovInput: Hashable, Sendable, CustomStringConvertible {
  /// How inputs that stand for no data are drawn.
  package enum Noise: String, Hashable, Sendable, CaseIterable {
    /// Standard normal.
    case gaussian
    /// Uniform in [-1, 1).
    case uniform
    /// Zero at every step: the network alone.
    case zero
  }
  /// Labelled recordings; those of the test split, one after the other.
  case recordings(URL)
  /// An `.npy` file of features.
  case array(URL)
  /// Independent numbers times a scale.
  case noise(Noise, scale: Double)

  package var description: String {
    switch self {
    case .recordings(let url), .array(let url): url.lastPathComponent
    case .noise(.zero, _): "zero input"
    case .noise(let kind, let scale):
      scale == 1 ? "\(kind.rawValue) input" : "\(kind.rawValue) input times \(scale)"
    }
  }
  var arguments: [String] {
    switch self {
    case .recordings(let url): ["--data", url.relativePath]
    case .array(let url): ["--input", url.relativePath]
    case .noise(let kind, let scale):
      ["--random", kind.rawValue] + (scale == 1 ? [] : ["--scale", "\(scale)"])
    }
  }
  var urls: [URL] {
    switch self {
    case .recordings(let url), .array(let url): [url]
    case .noise: []
    }
  }

  /// Inputs of segments, each row-major `[warmUp + steps][inputSize]`.
  ///
  /// Data are one stream, all sequences joined in their order, from which segments are cut evenly.
  ///
  /// - Parameter steps: nil for 1000, or as many as the data have.
  /// - Throws: `DiagnosticsEmitted` for bad numbers and for data that are too short or do not fit the model.
  func segments(
    _ count: Int, steps: Int?, warmUp: Int, model: ModelFile, path: String, seed: UInt64
  ) throws -> (segments: [[Double]], steps: Int) {
    var sink = DiagnosticSink(stage: "lyapunov")
    for (name, value) in [("--segments", count), ("--steps", steps ?? 1)] where value < 1 {
      sink.error(name, "\(value) is below 1", fix: "use at least 1")
    }
    if warmUp < 0 { sink.error("--warm-up", "\(warmUp) is negative", fix: "use 0 for none") }
    if case .noise(_, let scale) = self, !scale.isFinite {
      sink.error("--scale", "\(scale) is not finite", fix: "use a number such as 1")
    }
    try sink.throwIfErrors()
    let size = model.network.inputSize
    if case .noise = self {
      try MachineMemory.check(
        [count, warmUp + (steps ?? 1000), size], bytes: 8, stage: "lyapunov",
        path: "--segments, --steps, --warm-up", what: "the inputs", fix: "ask for fewer steps")
    }
    let stream: [Double]
    switch self {
    case .noise(let kind, let scale):
      let steps = steps ?? 1000
      return (
        (0..<count).map { segment in
          var generator = SplitMix64(seed: seed).fork("input \(segment)")
          return (0..<(warmUp + steps) * size).map { _ in scale * Self.draw(kind, &generator) }
        }, steps
      )
    case .recordings(let url):
      let loaded = try AudioInput.load(url, split: .test, for: model, path: path)
      stream = loaded.sequences.joined().map(Double.init)
    case .array(let url): stream = try FeatureInput.features(url, inputSize: size).map(Double.init)
    }
    return try Self.cut(
      stream, count, steps: steps, warmUp: warmUp, size: size, path: urls[0].relativePath)
  }

  private static func cut(
    _ stream: [Double], _ count: Int, steps: Int?, warmUp: Int, size: Int, path: String
  ) throws -> (segments: [[Double]], steps: Int) {
    let frames = stream.count / size
    let most = frames / count - warmUp
    guard most >= (steps ?? 1) else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "lyapunov", path: path,
          message: "\(frames) steps are too few for \(count) segments of \(steps ?? 1) after "
            + "\(warmUp)",
          fix: "ask for fewer with --segments, --steps or --warm-up, or give more data"))
    }
    let steps = steps ?? min(1000, most)
    let segments = LyapunovSegments.cut(
      stream, features: size, count: count, length: warmUp + steps)
    guard let segments else { preconditionFailure("\(most) steps were counted") }
    return (segments, steps)
  }

  private static func draw(_ kind: Noise, _ generator: inout SplitMix64) -> Double {
    switch kind {
    case .zero: return 0
    case .uniform: return generator.uniform(-1, 1)
    case .gaussian:
      let radius = (-2 * log(1 - generator.unit())).squareRoot()
      return radius * cos(2 * Double.pi * generator.unit())
    }
  }
}

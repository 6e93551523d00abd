package import Foundation
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNInterchange
internal import RNNLearning
internal import RNNQuantize
internal import RNNSupport

/// `rnnc quantize`: a float model to fixed point, fine-tuned on data or as it is.
package struct QuantizeStage: Stage {
  package static let verb = "quantize"
  /// What shows the ranges of values.
  package enum Source: Hashable, Sendable {
    /// An experiment, on whose data the network is fine-tuned.
    case experiment(URL, seed: UInt64? = nil, data: URL? = nil)
    /// `.npy` files of features, or none for the sequences beside the model; the weights are rounded and not trained.
    case calibration([URL])
  }
  /// Bits that the user chose; nil for what the experiment says, or 16.
  package struct Widths: Hashable, Sendable {
    package var weights: Int?
    package var values: Int?
    package var states: Int?
    package init(weights: Int? = nil, values: Int? = nil, states: Int? = nil) {
      self.weights = weights
      self.values = values
      self.states = states
    }
  }
  package var model: URL
  package var source: Source
  package var output: URL
  package var widths: Widths
  /// Whether the process computes at the common level of `Arithmetic`, which the caller has to enter.
  package var reproducible: Bool
  /// `.npy` files of sequences to measure on, and of what the original gave for them.
  package var expected: (input: URL, output: URL?)?

  package init(
    model: URL, source: Source, output: URL, widths: Widths = Widths(),
    reproducible: Bool = false,
    expected: (input: URL, output: URL?)? = nil
  ) {
    self.model = model
    self.source = source
    self.output = output
    self.widths = widths
    self.reproducible = reproducible
    self.expected = expected
  }

  package var arguments: [String] {
    var list = [model.relativePath]
    switch source {
    case .experiment(let experiment, let seed, let data):
      list += ["--experiment", experiment.relativePath]
      if let seed { list += ["--seed", "\(seed)"] }
      if let data { list += ["--data", data.relativePath] }
    case .calibration(let files):
      for file in files { list += ["--calibration", file.relativePath] }
    }
    list += ["-o", output.relativePath]
    if let bits = widths.weights, widths == Widths(weights: bits, values: bits, states: bits) {
      list += ["--bits", "\(bits)"]
    } else {
      if let bits = widths.weights { list += ["--weight-bits", "\(bits)"] }
      if let bits = widths.values { list += ["--value-bits", "\(bits)"] }
      if let bits = widths.states { list += ["--state-bits", "\(bits)"] }
    }
    if reproducible { list += ["--reproducible"] }
    if let expected {
      list += ["--expect-input", expected.input.relativePath]
      if let output = expected.output { list += ["--expect-output", output.relativePath] }
    }
    return list
  }
  package var inputs: [URL] {
    let given = expected.map { [$0.input] + ($0.output.map { [$0] } ?? []) } ?? []
    return switch source {
    case .experiment(let experiment, _, let data):
      ModelInputs.urls(model) + ExperimentInputs.urls(experiment, data: data) + given
    case .calibration(let files): ModelInputs.urls(model) + files + given
    }
  }
  package var outputs: [URL] {
    switch source {
    case .experiment: ModelFolder.files(output)
    // A model that needs whole sequences has other files than one that streams.
    case .calibration: [output]
    }
  }

  package func run(_ context: StageContext) throws -> StageResult {
    switch source {
    case .experiment(let experiment, let seed, let data):
      if expected != nil {
        throw DiagnosticsEmitted(
          Diagnostic(
            stage: "quantize", path: "--expect-input",
            message: "a fine-tuned network is another one than the original",
            fix: "leave it away, or give --calibration instead of --experiment"))
      }
      return try fineTuned(experiment, seed: seed, data: data, context)
    case .calibration(let files): return try calibrated(files)
    }
  }
}

extension QuantizationPolicy {
  /// The widths that a user chose instead of these.
  mutating func apply(_ widths: QuantizeStage.Widths) {
    if let bits = widths.weights { weightWidth = bits }
    if let bits = widths.values { activationWidth = bits }
    if let bits = widths.states { stateWidth = bits }
  }

  /// The widths and rules as settings of the stage.
  var settings: [JSONValue.Member] {
    [
      .init("weightWidth", .int(weightWidth)), .init("activationWidth", .int(activationWidth)),
      .init("stateWidth", .int(stateWidth)), .init("integratorWidth", .int(integratorWidth)),
      .init("momentWidth", .int(momentWidth)), .init("internalWidth", .int(internalWidth)),
      .init("rounding", .string(rounding.rawValue)),
      .init("tableSegments", tableSegments.map { .int($0) } ?? .string("automatic")),
    ]
  }
}

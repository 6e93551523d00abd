package import RNNGraph
package import RNNSupport

/// What `model.json` says: a network at any stage between training and compilation, without its weights.
///
/// The weights lie beside it in a safetensors file, one float32 tensor `layer.parameter` in the parameter's
/// stored shape. docs/formats/model.md describes both.
package struct ModelFile: Hashable, Sendable {
  /// The version of the format; it changes with every change that an older reader would misread.
  package static let formatVersion = 2

  /// Names the design: a letter, then letters, digits, `_` and `-`.
  package var name: String
  /// What the network is for; nil for a network that maps sequences to sequences of numbers.
  package var task: ModelTask?
  /// The layers with structures and formats, as `applying(_:to:)` made them.
  package var network: Network
  /// What decides the output bits of a quantized network besides its formats; nil for a float network.
  package var integers: IntegerRules?
  /// What was done so far, in order: history, on which nothing depends.
  package var stages: [ModelStage]

  /// - Parameter integers: needed for a quantized network.
  package init(
    name: String, task: ModelTask?, network: Network, integers: IntegerRules? = nil,
    stages: [ModelStage] = []
  ) {
    self.name = name
    self.task = task
    self.network = network
    self.integers = integers
    self.stages = stages
  }

  /// The name of a parameter's tensor.
  package static func tensorName(_ layer: Layer, _ parameter: Parameter) -> String {
    "\(layer.name).\(parameter.name)"
  }
}

/// A classification of whole sequences.
package struct ModelTask: Hashable, Sendable {
  /// How the outputs of the steps become the one that is classified.
  package enum Pooling: String, Hashable, Sendable, CaseIterable {
    /// The mean over all steps.
    case mean
    /// The output of the last step.
    case last
  }
  /// One word per output of the network; the greatest pooled output wins.
  package var labels: [String]
  package var pooling: Pooling
  /// How audio becomes the network's input; nil if the input comes as features.
  package var frontEnd: FrontEndConfiguration?
  /// Applied after the front end; nil for none.
  package var normalisation: FeatureNormalisation?

  package init(
    labels: [String], pooling: Pooling, frontEnd: FrontEndConfiguration?,
    normalisation: FeatureNormalisation?
  ) {
    self.labels = labels
    self.pooling = pooling
    self.frontEnd = frontEnd
    self.normalisation = normalisation
  }
}

/// One step of a model's history.
package struct ModelStage: Hashable, Sendable {
  /// What was done, such as `train`, `compress`, `quantize`.
  package var name: String
  /// The seed of its random choices.
  package var seed: Int
  /// What it was told, such as `epochs`; texts, numbers and truth values.
  package var settings: [JSONValue.Member]
  /// What came out, such as `testAccuracy`; finite numbers.
  package var metrics: [Metric]

  /// A number that a stage measured, and what it is called.
  package struct Metric: Hashable, Sendable {
    package var name: String
    package var value: Double
    package init(_ name: String, _ value: Double) {
      self.name = name
      self.value = value
    }
  }
  package init(
    name: String, seed: Int, settings: [JSONValue.Member] = [], metrics: [Metric] = []
  ) {
    self.name = name
    self.seed = seed
    self.settings = settings
    self.metrics = metrics
  }
}

import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing
import _RNNTestSupport

/// Compares with PyTorch's losses and optimizers; `Tests/Vectors/learning.py` made the vectors.
@Suite struct TorchVectorTests {
  static func vectors(_ name: String) throws -> [JSONValue] {
    let url = packageRoot.appendingPathComponent("Tests/Vectors/learning.json")
    let json = try JSONValue(parsing: try Data(contentsOf: url))
    return try #require(json[name]?.array)
  }
  static func floats(_ json: JSONValue?) throws -> [Float] {
    try #require(json?.array?.compactMap { $0.number }).map(Float.init)
  }
  static func ints(_ json: JSONValue?) throws -> [Int] {
    try #require(json?.array?.compactMap { $0.int })
  }

  /// Compares the mean loss and the gradient of the mean.
  func compare(_ json: JSONValue, _ loss: any Loss, _ target: SequenceTarget) throws {
    let outputs = try TorchVectorTests.floats(json["outputs"])
    let features = try #require(json["features"]?.int)
    let result = loss.evaluate(outputs, features: features, target: target, wantsGradient: true)
    let expected = try #require(json["loss"]?.number)
    #expect(abs(result.sum / result.weight - expected) < 1e-9 * max(1, abs(expected)))
    let gradient = try TorchVectorTests.floats(json["gradient"])
    #expect(gradient.count == outputs.count && !gradient.isEmpty)
    for (got, wanted) in zip(result.gradient, gradient) {
      #expect(abs(got / Float(result.weight) - wanted) < 1e-6)
    }
  }

  @Test func crossEntropyOfSequences() throws {
    for json in try TorchVectorTests.vectors("crossEntropy") {
      let pooling = try #require(Pooling(rawValue: json["pooling"]?.string ?? ""))
      let label = try #require(json["label"]?.int)
      try compare(json, CrossEntropy(.sequence(pooling)), .label(label))
    }
  }
  @Test func crossEntropyOfFrames() throws {
    for json in try TorchVectorTests.vectors("frames") {
      try compare(
        json, CrossEntropy(.frame), .labels(try TorchVectorTests.ints(json["labels"])))
    }
  }
  @Test func meanSquaredError() throws {
    for json in try TorchVectorTests.vectors("squared") {
      try compare(
        json, MeanSquaredError(), .values(try TorchVectorTests.floats(json["target"])))
    }
  }
  @Test func ctc() throws {
    for json in try TorchVectorTests.vectors("ctc") {
      let blank = try #require(json["blank"]?.int)
      try compare(
        json, CtcLoss(blank: blank), .labels(try TorchVectorTests.ints(json["labels"])))
    }
  }

  @Test func optimizers() throws {
    let rules: [String: (OptimizerRule, Double)] = [
      "sgd": (.sgd(momentum: 0), 0.1), "momentum": (.sgd(momentum: 0.9), 0.05),
      "adam": (.adam(beta1: 0.8, beta2: 0.95, epsilon: 1e-6), 0.01),
      "rmsprop": (.rmsprop(decay: 0.8, epsilon: 1e-5), 0.02),
    ]
    let cases = try TorchVectorTests.vectors("optimizers")
    #expect(cases.count == rules.count)
    for json in cases {
      let name = try #require(json["name"]?.string)
      let (rule, rate) = try #require(rules[name])
      var weights = Weights(values: [[try TorchVectorTests.floats(json["start"])]])
      var optimizer = Optimizer(rule, for: weights)
      let gradients = try #require(json["gradients"]?.array)
      for gradient in gradients {
        optimizer.update(
          &weights, gradients: Weights(values: [[try TorchVectorTests.floats(gradient)]]),
          learningRate: rate)
      }
      #expect(optimizer.updates == gradients.count)
      let expected = try TorchVectorTests.floats(json["end"])
      for (got, wanted) in zip(weights.values[0][0], expected) {
        #expect(abs(got - wanted) < 2e-6 * max(1, abs(wanted)), "\(rule)")
      }
    }
  }
}

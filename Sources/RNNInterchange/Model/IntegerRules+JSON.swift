internal import RNNBilinear
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNSupport

extension IntegerRules {
  private static let automatic = "automatic"

  /// The rules as a member of `model.json`.
  var json: JSONValue {
    .object([
      "inputRounding": .string(inputRounding.rawValue),
      "tableSegments": tableSegments.map { .int($0) } ?? .string(Self.automatic),
      "transform": .string(transform.rawValue),
    ])
  }

  /// Reads what `json` wrote; nil after a recorded fault.
  init?(_ node: JSONNode) {
    guard let o = node.object(["inputRounding", "tableSegments", "transform"]) else { return nil }
    let rounding = o["inputRounding"]?.word(RoundingRule.allCases.map(\.rawValue))
      .flatMap(RoundingRule.init(rawValue:))
    let transform = o["transform"]?.word(BlockTransform.allCases.map(\.rawValue))
      .flatMap(BlockTransform.init(rawValue:))
    guard let segments = o["tableSegments"] else { return nil }
    var count: Int?
    if segments.value != .string(Self.automatic) {
      guard let number = segments.int(2...ActivationTable.mostSegments) else { return nil }
      if number.nonzeroBitCount != 1 {
        segments.json.error(
          segments.path, "\(number) is no power of two", fix: "use 128, or \"\(Self.automatic)\"")
        return nil
      }
      count = number
    }
    guard let rounding, let transform else { return nil }
    self.init(inputRounding: rounding, tableSegments: count, transform: transform)
  }

  /// The rules of a file of version 1, which had them in the history of the model and in the network.
  init(version1 network: Network, stages: [ModelStage]) {
    let setting = stages.last { $0.name == "quantize" }?.settings
      .first { $0.key == "tableSegments" }?.value
    var segments: Int? = 128
    if case .int(let count)? = setting { segments = count }
    if setting == .string(Self.automatic) { segments = nil }
    self.init(inputRounding: network.inputRounding ?? .halfUp, tableSegments: segments)
  }
}

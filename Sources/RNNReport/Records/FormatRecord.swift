internal import RNNFixedPoint
package import RNNQuantize
internal import RNNSupport

/// The formats that quantization chose and what they cost, as they stand in a record.
package struct FormatRecord: Hashable {
  struct Value: Hashable {
    var layer: String
    var node: String
    var role: QuantizationPlan.Role
    /// The least and the greatest value seen.
    var low: Double
    var high: Double
    var width: Int
    var fraction: Int
    var rounding: RoundingRule
    var saturates: Bool
  }
  struct Parameter: Hashable {
    var layer: String
    var parameter: String
    var width: Int
    var fraction: Int
    /// The least and the greatest value of the format.
    var low: Double
    var high: Double
    var rmsError: Double
    var lostBits: Int
  }
  var values: [Value]
  var parameters: [Parameter]

  package init(_ plan: QuantizationPlan) {
    values = plan.values.map {
      Value(
        layer: $0.layer, node: $0.node, role: $0.role, low: Double($0.range.lowerBound),
        high: Double($0.range.upperBound), width: $0.format.width, fraction: $0.format.fraction,
        rounding: plan.policy.rounding, saturates: $0.saturates)
    }
    parameters = plan.parameters.map {
      Parameter(
        layer: $0.layer, parameter: $0.parameter, width: $0.format.width,
        fraction: $0.format.fraction, low: $0.format.minValue, high: $0.format.maxValue,
        rmsError: $0.rmsError, lostBits: $0.lostBits)
    }
  }

  var json: JSONValue {
    .object([
      "values": .array(
        values.map {
          .object([
            "layer": .string($0.layer), "node": .string($0.node), "role": .string($0.role.rawValue),
            "low": .double($0.low), "high": .double($0.high), "width": .int($0.width),
            "fraction": .int($0.fraction), "rounding": .string($0.rounding.rawValue),
            "saturates": .bool($0.saturates),
          ])
        }),
      "parameters": .array(
        parameters.map {
          .object([
            "layer": .string($0.layer), "parameter": .string($0.parameter),
            "width": .int($0.width), "fraction": .int($0.fraction), "low": .double($0.low),
            "high": .double($0.high), "rmsError": .double($0.rmsError),
            "lostBits": .int($0.lostBits),
          ])
        }),
    ])
  }

  init?(_ node: JSONNode) {
    guard let o = node.object(["values", "parameters"]) else { return nil }
    let values = o["values"]?.list { Value($0) }
    let parameters = o["parameters"]?.list { Parameter($0) }
    guard let values, let parameters else { return nil }
    self.values = values
    self.parameters = parameters
  }
}

extension JSONObject {
  fileprivate var width: Int? { self["width"]?.int(2...48) }
  fileprivate var fraction: Int? { self["fraction"]?.int(-64...64) }
  /// Two numbers in order.
  fileprivate var range: (low: Double, high: Double)? {
    let (low, high) = (self["low"]?.number(), self["high"]?.number())
    guard let low, let high else { return nil }
    if low > high {
      node.json.error(
        "\(node.path)/low", "\(low) is above high = \(high)", fix: "run the stage again")
      return nil
    }
    return (low, high)
  }
}

extension FormatRecord.Value {
  fileprivate init?(_ node: JSONNode) {
    guard
      let o = node.object([
        "layer", "node", "role", "low", "high", "width", "fraction", "rounding", "saturates",
      ])
    else { return nil }
    let (layer, name) = (o["layer"]?.string(), o["node"]?.string())
    let role = o["role"]?.word(QuantizationPlan.Role.allCases.map(\.rawValue))
      .flatMap(QuantizationPlan.Role.init(rawValue:))
    let rounding = o["rounding"]?.word(RoundingRule.allCases.map(\.rawValue))
      .flatMap(RoundingRule.init(rawValue:))
    let (range, width, fraction) = (o.range, o.width, o.fraction)
    let saturates = o["saturates"]?.bool()
    guard let layer, let name, let role, let range, let width, let fraction, let rounding,
      let saturates
    else { return nil }
    self.init(
      layer: layer, node: name, role: role, low: range.low, high: range.high, width: width,
      fraction: fraction, rounding: rounding, saturates: saturates)
  }
}

extension FormatRecord.Parameter {
  fileprivate init?(_ node: JSONNode) {
    guard
      let o = node.object([
        "layer", "parameter", "width", "fraction", "low", "high", "rmsError", "lostBits",
      ])
    else { return nil }
    let (layer, name) = (o["layer"]?.string(), o["parameter"]?.string())
    let (range, width, fraction) = (o.range, o.width, o.fraction)
    let error = o["rmsError"]?.number(where: { $0 >= 0 }, fix: "use 0 or more")
    let lost = o["lostBits"]?.int(0...128)
    guard let layer, let name, let range, let width, let fraction, let error, let lost else {
      return nil
    }
    self.init(
      layer: layer, parameter: name, width: width, fraction: fraction, low: range.low,
      high: range.high, rmsError: error, lostBits: lost)
  }
}

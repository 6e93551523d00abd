import Foundation
import RNNFixedPoint
import RNNGraph
import RNNSupport
import Testing
import _RNNTestSupport

/// Functions and layers against PyTorch in double precision; `Tests/Vectors/operations.py` made the vectors.
@Suite struct TorchOperationTests {
  static func vectors(_ name: String) throws -> [JSONValue] {
    let url = packageRoot.appendingPathComponent("Tests/Vectors/operations.json")
    let json = try JSONValue(parsing: try Data(contentsOf: url))
    return try #require(json[name]?.array)
  }
  static func doubles(_ json: JSONValue?) throws -> [Double] {
    try #require(json?.array?.compactMap { $0.number })
  }
  private func expectEqual(_ got: [Double], _ wanted: [Double], _ what: String) {
    #expect(got.count == wanted.count && !got.isEmpty, "\(what)")
    for (a, b) in zip(got, wanted) {
      #expect(abs(a - b) <= 1e-6 * max(1, abs(b)), "\(what): \(a) and \(b)")
    }
  }

  @Test func functions() throws {
    let cases = try Self.vectors("functions")
    let ours = Set(ScalarFunction.all.map(\.name)).subtracting(["reciprocal-one-plus"])
    #expect(Set(cases.compactMap { $0["name"]?.string }) == ours)
    for json in cases {
      let function = try #require(ScalarFunction.named(json["name"]?.string ?? ""))
      let x = try Self.doubles(json["x"])
      expectEqual(x.map { function($0) }, try Self.doubles(json["y"]), function.name)
      expectEqual(x.map(function.slope), try Self.doubles(json["slope"]), "\(function.name)'")
    }
  }

  @Test func layers() throws {
    let cases = try Self.vectors("layers")
    #expect(cases.count == 6)
    for json in cases {
      let cell = try #require(json["cell"]?.string)
      guard case .object(let members)? = json["options"] else {
        Issue.record("no options")
        return
      }
      let options = members.map { member -> CellConfiguration.Entry in
        switch member.value {
        case .bool(let value): .init(member.key, .bool(value))
        case .string(let value): .init(member.key, .choice(value))
        default: .init(member.key, .number(member.value.number ?? .nan))
        }
      }
      let units = try #require(json["units"]?.int)
      let layer = try Layer(
        name: "l", cell: cell, inputSize: try #require(json["inputs"]?.int), units: units,
        // A bias that is left away by PyTorch's RMSNorm is none of the cell's options there.
        options: options)
      let given = try #require(json["parameters"]?.array)
      #expect(given.count == layer.graph.parameters.count, "\(cell)")
      let weights = try layer.graph.parameters.map { parameter in
        try Self.doubles(given.first { $0["name"]?.string == parameter.name }?["values"])
      }
      let interpreter = ReferenceInterpreter(network: Network(layers: [layer]), weights: [weights])
      let trace = interpreter.trace(try Self.doubles(json["x"]))
      expectEqual(
        trace[0].flatMap { $0[layer.graph.output.index] }, try Self.doubles(json["y"]), cell)
      let (gradients, input) = interpreter.backward(
        trace, outputGradient: try Self.doubles(json["direction"]))
      expectEqual(input, try Self.doubles(json["inputGradient"]), "\(cell) input")
      for (parameter, gradient) in zip(layer.graph.parameters, gradients[0]) {
        let wanted = given.first { $0["name"]?.string == parameter.name }?["gradient"]
        expectEqual(gradient, try Self.doubles(wanted), "\(cell) \(parameter.name)")
      }
    }
  }
}

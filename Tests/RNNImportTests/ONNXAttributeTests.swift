import Foundation
import RNNImport
import RNNSupport
import Testing

/// One case of `make_vectors.py`.
struct AttributeCase: Sendable, CustomStringConvertible {
  var name: String
  var feature: String
  var json: JSONValue
  var isRefused: Bool { json["outputs"] == nil }
  var description: String { name }

  static let all: [AttributeCase] = {
    guard let list = try? readJSON("attributes/cases.json").array else { return [] }
    return list.compactMap { json in
      guard let name = json["name"]?.string, let feature = json["feature"]?.string else {
        return nil
      }
      return AttributeCase(name: name, feature: feature, json: json)
    }
  }()

  func load() throws -> ImportedModel {
    try ONNXFile.read(fixtures.appendingPathComponent("attributes/\(name).onnx"))
  }
  func compare() throws -> Comparison {
    guard let input = Vector(json["input"]), case .object(let members)? = json["outputs"] else {
      throw Mismatch(description: "\(name) holds no vectors")
    }
    let outputs = members.compactMap { m in Vector(m.value).map { (name: m.key, vector: $0) } }
    return try Comparison(
      load(), input: input, outputs: outputs, lengths: json["lengths"]?.array?.compactMap(\.int))
  }
}

/// Every attribute of recurrent nodes and the graphs around them, against onnxruntime.
@Suite struct ONNXAttributeTests {
  @Test func thereAreEnoughCases() {
    #expect(AttributeCase.all.count >= 100)
    #expect(AttributeCase.all.count(where: \.isRefused) >= 20)
  }

  @Test(arguments: AttributeCase.all.filter { !$0.isRefused })
  func theFloatNetworkGivesTheSame(_ one: AttributeCase) throws {
    let comparison = try one.compare()
    #expect(comparison.count > 0)
    #expect(comparison.relative < 2e-6, "\(one.name) (\(one.feature)): \(comparison.greatest)")
  }

  @Test(arguments: AttributeCase.all.filter(\.isRefused))
  func whatCannotBeHonouredIsRefusedByName(_ one: AttributeCase) throws {
    let error = try #require(throws: DiagnosticsEmitted.self) { try one.load() }
    #expect(error.diagnostics.count == 1, "\(error)")
    #expect(error.diagnostics.allSatisfy { !$0.fix.isEmpty && $0.path.contains(one.name) })
  }
}

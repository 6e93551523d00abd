import Foundation
import RNNGraph
import RNNInterchange
import RNNSupport
import Testing
import _RNNTestSupport

/// The part of JSON Schema (draft 2020-12) that the schemas of docs/formats use.
private struct Schema {
  let root: JSONValue
  /// Places of `properties` that some valid document had.
  var seen: Set<String> = []
  init(_ name: String) throws {
    root = try JSONValue(
      parsing: AtomicFile.read(packageRoot.appendingPathComponent("docs/formats/\(name)")))
  }

  /// The first fault of a value, or nil; records the places of its members.
  mutating func fault(_ value: JSONValue, _ schema: JSONValue, _ path: String, at place: String)
    -> String?
  {
    guard case .object(let keywords) = schema else { return "\(path): the schema is no object" }
    for (keyword, argument) in keywords.map({ ($0.key, $0.value) }) {
      let found: String?
      switch keyword {
      case "$schema", "title", "description", "$defs": found = nil
      case "$ref":
        guard case .string(let text) = argument, let name = text.split(separator: "/").last,
          let target = root["$defs"]?[String(name)]
        else { return "\(path): a reference goes nowhere" }
        found = fault(value, target, path, at: text)
      case "anyOf":
        guard case .array(let branches) = argument else { return "\(path): bad anyOf" }
        var faults: [String] = []
        for (i, branch) in branches.enumerated() {
          var trial = self
          if let text = trial.fault(value, branch, path, at: "\(place)/anyOf/\(i)") {
            faults.append(text)
          } else {
            self = trial
            break
          }
        }
        found = faults.count == branches.count ? faults.joined(separator: " or ") : nil
      case "type": found = Self.has(value, argument) ? nil : "is no \(argument)"
      case "const": found = value == argument ? nil : "is not \(argument)"
      case "enum":
        guard case .array(let words) = argument else { return "\(path): bad enum" }
        found = words.contains(value) ? nil : "is none of \(words)"
      case "properties":
        found = nil
        for member in Self.members(value) {
          guard let property = argument[member.key] else { continue }
          let inner = "\(place)/properties/\(member.key)"
          seen.insert(inner)
          if let text = fault(member.value, property, "\(path)/\(member.key)", at: inner) {
            return text
          }
        }
      case "required":
        guard case .array(let names) = argument else { return "\(path): bad required" }
        found = names.first { name in
          !Self.members(value).contains { .string($0.key) == name }
        }.map { "misses \($0)" }
      case "additionalProperties":
        found =
          Self.members(value).lazy.filter { schema["properties"]?[$0.key] == nil }
          .compactMap { member in
            argument == false
              ? "has the unknown key \(member.key)"
              : Self.has(member.value, argument["type"] ?? .null)
                ? nil : "\(member.key) has a bad type"
          }.first
      case "items":
        found = nil
        for (i, item) in Self.items(value).enumerated() {
          if let text = fault(item, argument, "\(path)/\(i)", at: "\(place)/items") { return text }
        }
      case "minimum": found = Self.number(value) >= Self.number(argument) ? nil : "is too small"
      case "maximum": found = Self.number(value) <= Self.number(argument) ? nil : "is too great"
      case "exclusiveMinimum":
        found = Self.number(value) > Self.number(argument) ? nil : "too small"
      case "exclusiveMaximum":
        found = Self.number(value) < Self.number(argument) ? nil : "too great"
      case "minItems":
        found = Double(Self.items(value).count) >= Self.number(argument) ? nil : "short"
      case "maxItems":
        found = Double(Self.items(value).count) <= Self.number(argument) ? nil : "long"
      case "uniqueItems":
        found = Set(Self.items(value)).count == Self.items(value).count ? nil : "repeats an item"
      case "minLength", "pattern":
        guard case .string(let text) = value else { return nil }
        if case .string(let pattern) = argument {
          found =
            text.range(of: pattern, options: .regularExpression) != nil ? nil : "no \(pattern)"
        } else {
          found = text.isEmpty ? "is empty" : nil
        }
      default: found = "the schema uses \(keyword), which this test does not know"
      }
      if let found { return found.hasPrefix("/") ? found : "\(path): \(found)" }
    }
    return nil
  }

  static func has(_ value: JSONValue, _ type: JSONValue) -> Bool {
    if case .array(let types) = type { return types.contains { has(value, $0) } }
    return switch (value, type) {
    case (.object, "object"), (.array, "array"), (.string, "string"), (.bool, "boolean"),
      (.null, "null"), (.int, "integer"), (.int, "number"), (.double, "number"):
      true
    default: false
    }
  }
  static func members(_ value: JSONValue) -> [JSONValue.Member] {
    if case .object(let members) = value { members } else { [] }
  }
  static func items(_ value: JSONValue) -> [JSONValue] {
    if case .array(let items) = value { items } else { [] }
  }
  static func number(_ value: JSONValue) -> Double {
    switch value {
    case .int(let n): Double(n)
    case .double(let x): x
    default: .nan
    }
  }

  /// The place of every property of the schema.
  func places(_ schema: JSONValue, at place: String) -> [String] {
    switch schema {
    case .object(let keywords):
      keywords.flatMap { keyword -> [String] in
        if keyword.key == "$defs" {
          return Self.members(keyword.value).flatMap { places($0.value, at: "#/$defs/\($0.key)") }
        }
        if keyword.key == "properties" {
          return Self.members(keyword.value).flatMap { member in
            let inner = "\(place)/properties/\(member.key)"
            return [inner] + places(member.value, at: inner)
          }
        }
        return places(keyword.value, at: "\(place)/\(keyword.key)")
      }
    case .array(let items):
      items.enumerated().flatMap { places($0.element, at: "\(place)/\($0.offset)") }
    default: []
    }
  }
}

@Suite struct SchemaTests {
  /// Expects that the documents are valid and together have every property of the schema.
  private func check(_ name: String, _ documents: [JSONValue]) throws {
    var schema = try Schema(name)
    for document in documents {
      let fault = schema.fault(document, schema.root, "", at: "")
      #expect(fault == nil)
    }
    let unused = schema.places(schema.root, at: "").filter { !schema.seen.contains($0) }
    #expect(unused == [], "no document has these keys of \(name)")
  }

  @Test func everyKeyOfModelsIsInTheSchemaAndBack() throws {
    let url = vectors.appendingPathComponent("model.json")
    let model = try JSONValue(parsing: AtomicFile.read(url))
    let operand = JSONValue.object(["width": 8, "fraction": 5])
    try check(
      "model.schema.json",
      [
        model, SampleModel.editing(model, "layers/0/values/0/operand", to: operand),
        SampleModel.editing(
          model, "layers/0/parameters/0/structure",
          to: .object(["kind": "bank-balanced", "bank": 4, "kept": 2])),
      ])
    // The schema refuses what the reader refuses.
    for (pointer, value) in [
      ("colour", "red"), ("layers/0/direction", "bidirectional"), ("name", "7"),
      ("layers/0/parameters/0/structure/block", 3), ("layers/0/values/0/width", 1),
    ] as [(String, JSONValue)] {
      var schema = try Schema("model.schema.json")
      let bad = SampleModel.editing(model, pointer, to: value)
      #expect(schema.fault(bad, schema.root, "", at: "") != nil, "\(pointer)")
    }
  }

  @Test func everyKeyOfExperimentsIsInTheSchemaAndBack() throws {
    let gru = try JSONValue(parsing: AtomicFile.read(ExperimentFileTests.gru))
    func edited(_ edits: [(String, JSONValue?)]) -> JSONValue {
      edits.reduce(gru) { SampleModel.editing($0, $1.0, to: $1.1) }
    }
    let blocks = gru["compression"]?["blocks"] ?? .null
    let documents = [
      gru,
      edited([
        ("data", .object(["kind": "manifest", "path": "x.tsv", "validationShare": 0.5])),
        ("training/optimizer", .object(["kind": "sgd", "momentum": 0])),
        ("training/schedule", .object(["kind": "step", "epochs": 3, "factor": 0.5])),
        ("layers/0/direction", "forward"), ("training/learning", ExperimentFileTests.learning),
        ("training/lyapunov", ExperimentFileTests.lyapunov),
        (
          "compression",
          .object([
            "method": "direct", "blocks": blocks, "start": "scratch",
            "training": gru["training"] ?? .null,
          ])
        ),
      ]),
      edited(ExperimentFileTests.sequences),
      edited([
        (
          "compression/blocks",
          .array([
            .object([
              "matrices": "gru0.*.weight_x",
              "structure": .object(["kind": "bank-balanced", "bank": 8, "kept": 2]),
            ]),
            .object([
              "matrices": "gru0.*.weight_h",
              "structure": .object(["kind": "block-circulant", "block": 4]),
            ]),
          ])
        )
      ]),
      edited([
        (
          "training/optimizer",
          .object(["kind": "rmsprop", "decay": 0.9, "epsilon": 1e-8])
        ),
        ("training/orthogonalLearningRate", 2e-4),
        ("training/gradientNorms", .object(["every": 5])),
        ("quantization/integratorWidth", 18), ("quantization/momentWidth", 20),
      ]),
    ]
    try check("experiment.schema.json", documents)
    for document in documents {
      try withTemporaryFolder { folder in
        let url = folder.appendingPathComponent("e.json")
        try AtomicFile.write(document.text, to: url)
        _ = try ExperimentFile.read(url)
      }
    }
  }
}

package import Foundation
internal import RNNGraph
internal import RNNSupport

extension SequenceModel {
  /// The file that names the parts; each part is a `model.json` of its own beside it.
  package static let fileName = "sequence.json"
  package static let formatWord = "rnnc-sequence"
  /// The file of a part; parts are counted in the order of the steps, the forward one of two first.
  package static func partName(_ index: Int) -> String { "part\(index).json" }
  private static let manual = "docs/formats/import.md"

  /// Writes `sequence.json` and the parts into a folder.
  ///
  /// - Throws: what writing a part throws, or a `ToolError` if the folder is not writable.
  package func write(to folder: URL, stages: [ModelStage]) throws {
    var count = 0
    func write(_ part: Part) throws -> JSONValue {
      let file = Self.partName(count)
      let name = "\(self.name)_part\(count)"
      count += 1
      try ModelFile(
        name: name, task: nil, network: part.network, integers: part.integers, stages: stages
      )
      .write(to: folder.appendingPathComponent(file), weights: part.weights)
      return .string(file)
    }
    let steps = try self.steps.map { step -> JSONValue in
      switch step {
      case .forward(let part): .object(["forward": try write(part)])
      case .reverse(let part): .object(["reverse": try write(part)])
      case .bidirectional(let forward, let reverse):
        .object(["forward": try write(forward), "reverse": try write(reverse)])
      case .select(let selection): .object(["select": .string(selection.rawValue)])
      case .oneHot(let count): .object(["oneHot": .int(count)])
      case .flip: .object(["flip": "time"])
      case .read(let places): .object(["read": .array(places.map { .int($0) })])
      case .attention(let part, let epsilon):
        .object(["attention": try write(part), "epsilon": .double(epsilon)])
      case .softmax: .object(["softmax": "features"])
      }
    }
    let json = JSONValue.object([
      "format": .string(Self.formatWord), "version": 1, "name": .string(name),
      "steps": .array(steps),
    ])
    try AtomicFile.write(json.text, to: folder.appendingPathComponent(Self.fileName))
  }

  /// Reads `sequence.json` and its parts.
  ///
  /// - Throws: `ToolError` if a file cannot be read; `DiagnosticsEmitted` with every fault of a file.
  package static func read(_ url: URL) throws -> SequenceModel {
    let data = try AtomicFile.read(url)
    let folder = url.deletingLastPathComponent()
    return try decodeStrictly(
      url.path, stage: "model", manual: manual, parsing: { try JSONValue(parsing: data) }
    ) { root in
      guard let o = root.object(["format", "version", "name", "steps"]) else { return nil }
      _ = o["format"]?.word([formatWord])
      _ = o["version"]?.int(1...1)
      let name = o["name"]?.identifier(hyphens: true)
      let nodes = o["steps"]?.array() ?? []
      let steps = try nodes.compactMap { try Self.step($0, in: folder) }
      if steps.allSatisfy({ $0.parts.isEmpty }) {
        root.json.error("/steps", "there are no layers", fix: "write the model again")
      }
      let model = SequenceModel(name: name ?? "model", steps: steps)
      if steps.count == nodes.count, let fault = model.fault {
        root.json.error(
          "/steps/\(fault.step)", fault.message, fix: "write the model again with `rnnc import`")
      }
      return name == nil ? nil : model
    }
  }

  private static func step(_ node: JSONNode, in folder: URL) throws -> Step? {
    let keys = [
      "forward", "reverse", "select", "oneHot", "flip", "read", "attention", "epsilon", "softmax",
    ]
    guard let o = node.object([], optional: keys) else { return nil }
    func part(_ key: String) throws -> Part? {
      guard let file = o[key]?.string() else { return nil }
      guard !file.contains("/"), file != ".." else {
        node.json.error(node.path, "\"\(file)\" is no file name", fix: "name a file beside it")
        return nil
      }
      let (model, weights) = try ModelFile.read(folder.appendingPathComponent(file))
      return Part(network: model.network, weights: weights, integers: model.integers)
    }
    if o.members.count == 1 {
      if let select = o["select"] {
        return select.word(Selection.allCases.map(\.rawValue)).flatMap(Selection.init(rawValue:))
          .map(Step.select)
      }
      if let count = o["oneHot"] { return count.int(1...1 << 20).map(Step.oneHot) }
      if let axis = o["flip"] { return axis.word(["time"]).map { _ in .flip } }
      if let axis = o["softmax"] { return axis.word(["features"]).map { _ in .softmax } }
      if let list = o["read"] {
        return list.array().map { .read($0.compactMap { $0.int(0...1 << 20) }) }
      }
    }
    if let epsilon = o["epsilon"], o.members.count == 2, let part = try part("attention") {
      return epsilon.number(where: { (0...1).contains($0) }, fix: "use 0 to 1").map {
        .attention(part, epsilon: $0)
      }
    }
    switch (try part("forward"), try part("reverse")) {
    case (let forward?, let reverse?) where o.members.count == 2:
      return .bidirectional(forward: forward, reverse: reverse)
    case (let forward?, nil) where o.members.count == 1: return .forward(forward)
    case (nil, let reverse?) where o.members.count == 1: return .reverse(reverse)
    default:
      node.json.error(
        node.path,
        "a step is one of forward, reverse, both of them, select, oneHot, flip, read, softmax, or "
          + "attention with epsilon",
        fix: "write the model again with `rnnc import`")
      return nil
    }
  }
}

package import Foundation
internal import RNNGraph
internal import RNNSupport

extension SequenceModel {
  /// The file that names the parts; each part is a `model.json` of its own beside it.
  package static let fileName = "sequence.json"
  static let formatWord = "rnnc-sequence"
  private static let manual = "docs/formats/import.md"

  /// Writes `sequence.json` and the parts into a folder.
  ///
  /// - Throws: what writing a part throws, or a `ToolError` if the folder is not writable.
  package func write(to folder: URL, stages: [ModelStage]) throws {
    var count = 0
    func write(_ part: Part) throws -> JSONValue {
      let name = "part\(count)"
      count += 1
      try ModelFile(name: "\(self.name)_\(name)", task: nil, network: part.network, stages: stages)
        .write(to: folder.appendingPathComponent("\(name).json"), weights: part.weights)
      return .string("\(name).json")
    }
    let steps = try self.steps.map { step -> JSONValue in
      switch step {
      case .forward(let part): .object(["forward": try write(part)])
      case .reverse(let part): .object(["reverse": try write(part)])
      case .bidirectional(let forward, let reverse):
        .object(["forward": try write(forward), "reverse": try write(reverse)])
      case .select(let selection): .object(["select": .string(selection.rawValue)])
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
      var steps: [Step] = []
      var size: Int?
      for node in o["steps"]?.array() ?? [] {
        guard let step = try Self.step(node, in: folder) else { continue }
        for part in step.parts {
          if let size, part.network.inputSize != size {
            root.json.error(
              node.path,
              "a part takes \(part.network.inputSize) values, the step before gives \(size)",
              fix: "write the model again with `rnnc import`")
          }
        }
        size = step.outputSize ?? size
        steps.append(step)
      }
      if steps.allSatisfy({ $0.parts.isEmpty }) {
        root.json.error("/steps", "there are no layers", fix: "write the model again")
      }
      return name.map { SequenceModel(name: $0, steps: steps) }
    }
  }

  private static func step(_ node: JSONNode, in folder: URL) throws -> Step? {
    guard let o = node.object([], optional: ["forward", "reverse", "select"]) else { return nil }
    func part(_ key: String) throws -> Part? {
      guard let file = o[key]?.string() else { return nil }
      guard !file.contains("/"), file != ".." else {
        node.json.error(node.path, "\"\(file)\" is no file name", fix: "name a file beside it")
        return nil
      }
      let (model, weights) = try ModelFile.read(folder.appendingPathComponent(file))
      return Part(network: model.network, weights: weights)
    }
    if o["select"] != nil, o.members.count == 1 {
      return o["select"]?.word(Selection.allCases.map(\.rawValue)).flatMap(
        Selection.init(rawValue:)
      )
      .map(Step.select)
    }
    switch (try part("forward"), try part("reverse")) {
    case (let forward?, let reverse?) where o.members.count == 2:
      return .bidirectional(forward: forward, reverse: reverse)
    case (let forward?, nil) where o.members.count == 1: return .forward(forward)
    case (nil, let reverse?) where o.members.count == 1: return .reverse(reverse)
    default:
      node.json.error(
        node.path, "a step is one of forward, reverse, both of them, or select",
        fix: "write the model again with `rnnc import`")
      return nil
    }
  }
}

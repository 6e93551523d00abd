package import Foundation
internal import RNNGraph
internal import RNNImport
internal import RNNInterchange
internal import RNNReport
internal import RNNSupport

/// `rnnc import`: a model of another program to a model of rnnc.
package struct ImportStage: Stage {
  package static let verb = "import"
  package var file: URL
  package var output: URL
  /// Nil for the name of the file.
  package var name: String?
  /// Files of tensors for inputs of an ONNX graph.
  package var constants: [(name: String, file: URL)]
  package var input: String?
  package var architecture: URL?
  /// Tensors that the original read and gave, in the layout of the file.
  package var expected: (input: URL, output: URL)?
  /// The greatest difference to the original that passes; nil for any.
  package var tolerance: Double?

  package init(
    file: URL, output: URL, name: String? = nil, constants: [(name: String, file: URL)] = [],
    input: String? = nil, architecture: URL? = nil, expected: (input: URL, output: URL)? = nil,
    tolerance: Double? = nil
  ) {
    self.file = file
    self.output = output
    self.name = name
    self.constants = constants
    self.input = input
    self.architecture = architecture
    self.expected = expected
    self.tolerance = tolerance
  }

  package var arguments: [String] {
    var list = [file.relativePath, "-o", output.relativePath]
    if let name { list += ["--name", name] }
    for constant in constants {
      list += ["--constant", "\(constant.name)=\(constant.file.relativePath)"]
    }
    if let input { list += ["--input", input] }
    if let architecture { list += ["--architecture", architecture.relativePath] }
    if let expected {
      list += ["--expect-input", expected.input.relativePath]
      list += ["--expect-output", expected.output.relativePath]
    }
    if let tolerance { list += ["--tolerance", "\(tolerance)"] }
    return list
  }
  package var inputs: [URL] {
    [file] + constants.map(\.file) + (architecture.map { [$0] } ?? [])
      + (expected.map { [$0.input, $0.output] } ?? [])
  }
  package var outputs: [URL] { [output] }

  package func run(_ context: StageContext) throws -> StageResult {
    let claim = try OutputClaim(folder: output, kind: .model, inputs: inputs)
    defer { claim.release() }
    let name = try modelName()
    var options = ModelImporter.Options()
    options.constants = try constants.map { ($0.name, try Self.tensor($0.file)) }
    options.input = input
    options.architecture = architecture
    var imported = try ModelImporter.read(file, options)
    imported.model.name = name
    let kept = try expected.map { try sequences(of: imported, $0) }
    let errors = try kept.map { try difference(imported, $0) }
    let passed = tolerance.map { limit in (errors?.greatest ?? 0) <= limit } ?? true

    let summary = ImportSummary(imported, errors: errors)
    let stage = ModelStage(
      name: "import", seed: 0,
      settings: [
        .init("file", .string(file.lastPathComponent)), .init("origin", .string(imported.origin)),
        .init("result", .string(summary.result)),
      ],
      metrics: errors.map { [.init("maxError", $0.greatest), .init("meanError", $0.mean)] } ?? [])
    let record = StageRecord(content: .import(members: summary.members))
    let streaming = imported.model.streaming?.part
    let written = streaming == nil ? SequenceModel.fileName : "model.json"
    try OutputKind.model.requireReplaceable(claim.url)
    try AtomicFile.writeFolder(at: claim.url) { staging in
      if let streaming {
        try ModelFile(
          name: imported.model.name, task: nil, network: streaming.network, stages: [stage]
        ).write(to: staging.appendingPathComponent(written), weights: streaming.weights)
      } else {
        try imported.model.joined.write(to: staging, stages: [stage])
      }
      try kept?.write(beside: staging.appendingPathComponent(written))
      try AtomicFile.write(
        record.json.text, to: staging.appendingPathComponent(StageRecord.fileName))
    }
    let path = output.appendingPathComponent(written).relativePath
    var text = summary.text(title: "imported \(imported.model.name) from \(file.lastPathComponent)")
    if !passed, let errors, let tolerance {
      text += "\nFAILED: the maximal error \(errors.greatest) is above \(tolerance)"
    }
    return StageResult(
      json: .object(
        [.init("model", .string(path)), .init("passed", .bool(passed))] + summary.members),
      text: text + "\nmodel in \(path)", passed: passed)
  }

  /// A tensor from `.npy` or, as the ONNX project stores them, `.pb`.
  private static func tensor(_ url: URL) throws -> NPYArray {
    url.pathExtension.lowercased() == "pb" ? try ONNXFile.readTensor(url) : try NPYArray.read(url)
  }

  /// The name of the design: the one given, or the file's with `_` for what names may not have.
  private func modelName() throws -> String {
    if let name {
      guard isIdentifier(name, hyphens: true) else {
        throw DiagnosticsEmitted(
          Diagnostic(
            stage: "import", path: "--name", message: "\"\(name)\" is no name",
            fix: "use a letter, then at most 63 letters, digits, _ and -"))
      }
      return name
    }
    let stem = file.deletingPathExtension().lastPathComponent
    let letters = stem.unicodeScalars.map { c -> Character in
      c.isASCII
        && (c.properties.isAlphabetic || ("0"..."9").contains(c) || "_-".unicodeScalars.contains(c))
        ? Character(c) : "_"
    }
    let first = letters.first.map { $0.isLetter } ?? false
    return String(((first ? "" : "m") + String(letters)).prefix(64))
  }

  /// What the original read and gave, in the layout of a run.
  private func sequences(of imported: ImportedModel, _ files: (input: URL, output: URL)) throws
    -> KeptSequences
  {
    func sequences(_ url: URL, _ tensor: ImportedTensor) throws -> [[[Double]]] {
      let array = try Self.tensor(url)
      guard let rows = tensor.sequences(array.shape, array.floats) else {
        throw DiagnosticsEmitted(
          Diagnostic(
            stage: "import", path: url.relativePath,
            message: "its shape is \(array.shape), which is not that of \(tensor.name)",
            fix: "give a tensor with the axes \(tensor.description)"))
      }
      return rows.map { $0.map { $0.map(Double.init) } }
    }
    let inputs = try sequences(files.input, imported.input)
    let wanted = try sequences(files.output, imported.outputs[0].tensor)
    // A model of which only the last step counts has one step in the original.
    let steps = imported.model.givesOneStep ? 1 : inputs[0].count
    guard inputs.count == wanted.count, wanted.allSatisfy({ $0.count == steps }) else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "import", path: files.output.relativePath,
          message:
            "it holds \(wanted.count) sequences of \(wanted.first?.count ?? 0) steps, the input gives "
            + "\(inputs.count) of \(steps)",
          fix: "give input and output of one run"))
    }
    return KeptSequences(inputs: inputs, expected: wanted)
  }

  /// How far the float network is from what the original gave.
  private func difference(_ imported: ImportedModel, _ kept: KeptSequences) throws
    -> AccuracyTable.Errors
  {
    let run = SequenceRun(imported.model)
    return AccuracyTable.Errors(
      try kept.inputs.map { try run.run($0).output }, kept.expected ?? [])
  }
}

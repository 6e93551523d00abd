package import Foundation
package import RNNInterchange
internal import RNNSupport

/// Reads Keras models: HDF5 files of Keras 2 and 3, archives of Keras 3, and files of weights with their architecture.
package enum KerasFile {
  /// Reads a file whose ending says what it is.
  ///
  /// - Parameter architecture: the JSON of `model.to_json()`, for files that hold weights alone.
  /// - Throws: `ToolError` if a file cannot be read; `DiagnosticsEmitted` with what cannot be honoured.
  package static func read(_ url: URL, architecture: URL?) throws -> ImportedModel {
    let data = try AtomicFile.read(url)
    let json = try architecture.map { (data: try AtomicFile.read($0), path: $0.relativePath) }
    return try model(
      parsing: data, path: url.relativePath, isArchive: url.pathExtension.lowercased() == "keras",
      architecture: json)
  }

  /// Reads a model from bytes; the paths stand in messages.
  package static func model(
    parsing data: Data, path: String, isArchive: Bool,
    architecture: (data: Data, path: String)? = nil
  ) throws -> ImportedModel {
    guard isArchive else {
      return try model(
        of: HDF5File(parsing: data, path: path), path: path, architecture: architecture)
    }
    return try diagnosed(path) { try archive(data, path: path, architecture != nil) }
  }

  /// Reads a model from an HDF5 file; the paths stand in messages.
  package static func model(
    of file: HDF5File, path: String, architecture: (data: Data, path: String)? = nil
  ) throws -> ImportedModel {
    try diagnosed(path) { try hdf5(file, path: path, architecture) }
  }

  /// What a reading gives; its refusal with the path of the file.
  private static func diagnosed(_ path: String, _ read: () throws -> ImportedModel) throws
    -> ImportedModel
  {
    do { return try read() } catch let refusal as KerasRefusal {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "import", path: refusal.place.isEmpty ? path : "\(path):\(refusal.place)",
          message: refusal.message, fix: refusal.fix))
    }
  }

  private static func hdf5(
    _ file: HDF5File, path: String, _ architecture: (data: Data, path: String)?
  ) throws -> ImportedModel {
    let versions = ["", "/model_weights"].compactMap { file.texts($0, "keras_version")?.first }
    switch (file.texts("", "model_config")?.first, architecture) {
    case (let config?, nil):
      let json = try parse(Data(config.utf8), "\(path):model_config")
      return try model(KerasArchitecture(json), file, versions)
    case (nil, let architecture?):
      let json = try parse(architecture.data, architecture.path)
      return try model(KerasArchitecture(json), file, versions)
    case (_?, _?):
      throw KerasRefusal(
        place: "", message: "the file holds its architecture, and --architecture gives another",
        fix: "leave --architecture away")
    case (nil, nil):
      throw KerasRefusal(
        place: "", message: "the file holds weights and does not say what they belong to",
        fix: "name the file that model.to_json() wrote with --architecture")
    }
  }

  private static func archive(_ data: Data, path: String, _ hasArchitecture: Bool) throws
    -> ImportedModel
  {
    if hasArchitecture {
      throw KerasRefusal(
        place: "", message: "the archive holds its architecture, and --architecture gives another",
        fix: "leave --architecture away")
    }
    let contents: [Data]
    do {
      let zip = try ZipArchive(data)
      contents = try ["config.json", "metadata.json", "model.weights.h5"].map { name in
        guard let data = try zip.contents(name) else {
          throw KerasRefusal(
            place: "", message: "\"\(name)\" is not in it", fix: "save the model with Keras 3")
        }
        return data
      }
    } catch let fault as ZipArchive.Fault {
      throw KerasRefusal(
        place: "", message: fault.message,
        fix: "save the model again with Keras 3, or fetch it again")
    }
    let metadata = try parse(contents[1], "\(path):metadata.json")
    return try model(
      KerasArchitecture(parse(contents[0], "\(path):config.json")),
      HDF5File(parsing: contents[2], path: "\(path):model.weights.h5"),
      [metadata["keras_version"]?.string].compactMap { $0 })
  }

  private static func parse(_ data: Data, _ path: String) throws -> JSONValue {
    do {
      return try JSONValue(parsing: data)
    } catch {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "import", path: path, message: "not valid JSON: \(error)",
          fix: "save the model again"))
    }
  }

  /// - Parameter versions: what the file with the weights says; it has to agree with the architecture.
  private static func model(
    _ architecture: KerasArchitecture, _ file: HDF5File, _ versions: [String]
  ) throws -> ImportedModel {
    let all = versions + [architecture.version].compactMap { $0 }
    let majors = Set(all.map { Int($0.prefix { $0 != "." }) ?? 0 })
    guard majors.count <= 1, majors.isSubset(of: [2, 3]) else {
      throw KerasRefusal(
        place: "", message: "it comes from Keras \(all.joined(separator: " and "))",
        fix: "save weights and architecture with one version, Keras 2 or 3")
    }
    var builder = KerasModelBuilder(
      architecture, version: majors.first, try KerasTensors(file, layers: architecture.layers))
    try builder.build()
    if let path = builder.tensors.unused.first {
      throw KerasRefusal(
        place: path, message: "no layer of the architecture uses the tensor",
        fix: "give weights and architecture of one model")
    }
    let model = SequenceModel(name: "model", steps: builder.steps)
    guard model.steps.contains(where: { !$0.parts.isEmpty }) else {
      throw KerasRefusal(
        place: "", message: "no layer has weights", fix: "give a model with recurrent layers")
    }
    if let fault = model.fault {
      throw KerasRefusal(
        place: "step \(fault.step)", message: fault.message, fix: "save the model again")
    }
    var warnings: [Diagnostic] = []
    if !builder.isStateful.isEmpty {
      warnings.append(
        Diagnostic(
          .warning, stage: "import", path: builder.isStateful.joined(separator: ", "),
          message: "stateful = true: Keras goes on from the states of the batch before",
          fix: "give what belongs together as one sequence; every run starts from zero"))
    }
    if !builder.computesInHalf.isEmpty {
      warnings.append(
        Diagnostic(
          .warning, stage: "import", path: builder.computesInHalf.joined(separator: ", "),
          message: "Keras computes these layers in 16 bits, rnnc in 64",
          fix: "expect differences of that size to the original"))
    }
    let input =
      builder.readsIndices
      ? ImportedTensor(name: "input", axes: [.batch, .time])
      : .batchFirst("input", features: model.inputSize)
    return ImportedModel(
      model: model,
      origin: "Keras \(all.last(where: { $0.contains(".") }) ?? all.last ?? "of unknown version")",
      notes: builder.notes, warnings: warnings, input: input,
      outputs: [
        .init(
          tensor: model.givesOneStep
            ? ImportedTensor(name: "output", axes: [.batch, .feature(0, size: model.outputSize)])
            : .batchFirst("output", features: model.outputSize), source: .result)
      ])
  }
}

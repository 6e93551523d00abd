package import Foundation
package import RNNCodegen
package import RNNGraph
package import RNNInterchange
internal import RNNCosim
internal import RNNQuantize
internal import RNNSupport

/// A folder that `compile` wrote: Verilog, memory images, and the model that they came from.
///
/// The design is never read back from its files: it is compiled again from the model inside the folder and
/// must give the same bytes, so nothing can drift apart.
package struct BuildFolder: Sendable {
  package let url: URL
  package let model: ModelFile
  package let weights: Weights
  package let design: any HardwareDesign
  /// The integers of the model in the folder, as they are before the compiler: what the design has to compute.
  package let golden: IntegerGraph
  /// The files of the design without its memory images, relative to the folder; other Verilog is no part of it.
  package let files: [EmittedFile]

  /// The file that marks a build folder.
  static let marker = "manifest.json"
  static let modelPath = "model/\(modelName).json"
  private static let modelName = "model"

  /// The integers of a model and the design that computes them; the result is the same in every process.
  ///
  /// - Throws: `DiagnosticsEmitted` for a model that is not quantized or a device that is too small.
  package static func compiled(_ model: ModelFile, weights: Weights, options: CompileOptions) throws
    -> (
      golden: IntegerGraph, design: any HardwareDesign
    )
  {
    let golden = try freeze(
      model.network, weights: weights, name: options.name,
      rules: model.integers ?? IntegerRules())
    let design = try compileHardware(golden, options: options) {
      try model.digest(name: modelName, weights: weights)
    }
    return (golden, design)
  }

  /// Opens a build folder and checks every file against the design.
  ///
  /// - Throws: `ToolError` if a file is missing or cannot be read; `DiagnosticsEmitted` naming the files that
  ///   are not what the model gives.
  package init(opening url: URL) throws {
    let manifestURL = url.appendingPathComponent(Self.marker)
    guard FileManager.default.fileExists(atPath: manifestURL.path) else {
      throw ToolError(
        .file, "\(url.relativePath) is no build folder: it has no \(Self.marker)",
        hint: "give the folder that `rnnc compile` wrote")
    }
    let manifest: JSONValue
    do {
      manifest = try JSONValue(parsing: AtomicFile.read(manifestURL))
    } catch let error as ToolError {
      throw error
    } catch {
      throw Self.fault(manifestURL.path, "is not a manifest: \(error)")
    }
    guard let options = manifest["options"] else {
      throw Self.fault(manifestURL.path, "has no options")
    }
    let (model, weights) = try ModelFile.read(url.appendingPathComponent(Self.modelPath))
    let (golden, design) = try Self.compiled(
      model, weights: weights,
      options: CompileOptions(json: options, path: "\(manifestURL.path):/options"))
    var sink = DiagnosticSink(stage: "build")
    let files = try design.files()
    for file in files {
      let path = url.appendingPathComponent(file.path)
      guard let data = try? Data(contentsOf: path) else {
        sink.error(path.path, "the file is missing", fix: "compile the model again")
        continue
      }
      if data != Data(file.text.utf8) {
        sink.error(
          path.path, "the file is not what this rnnc makes of \(Self.modelPath)",
          fix: "compile the model again; generated files are not for editing")
      }
    }
    try sink.throwIfErrors()
    self.url = url
    self.model = model
    self.weights = weights
    self.design = design
    self.golden = golden
    self.files = files.filter { !$0.path.hasPrefix("mem/") }
  }

  /// Claims a build for a stage that adds to it.
  ///
  /// - Throws: `ToolError` with code `.file`.
  static func claim(_ url: URL) throws -> OutputClaim {
    try OutputClaim(in: url, parts: ["bench", "mem", "model", "rtl", "sim", "synth"])
  }

  /// Writes the files of a design and a copy of its model, whole or not at all.
  ///
  /// Simulation libraries of an older build stay: they are found by the hash of their sources, and nothing is loaded
  /// without a look at its own.
  ///
  /// - Parameter source: the file of the model, whose float model and sequences come along if it has them.
  static func write(
    _ design: any HardwareDesign, model: ModelFile, weights: Weights, source: URL? = nil,
    to claim: OutputClaim
  ) throws -> [EmittedFile] {
    let url = claim.url
    let files = try design.files()
    // Much time may have passed since the folder was claimed.
    try OutputKind.build.requireReplaceable(url)
    return try AtomicFile.writeFolder(at: url) { staging in
      for file in files {
        try AtomicFile.write(file.text, to: staging.appendingPathComponent(file.path))
      }
      try model.write(to: staging.appendingPathComponent(modelPath), weights: weights)
      if let source {
        try FloatOrigin.copy(of: source, to: staging.appendingPathComponent(modelPath))
      }
      let old = url.appendingPathComponent("sim")
      SimulationBuilder.keepLibraries(of: old, in: staging.appendingPathComponent("sim"))
      return files
    }
  }

  /// Claims a folder and writes a build into it.
  ///
  /// - Throws: as the claim and the writing.
  package static func write(
    _ design: any HardwareDesign, model: ModelFile, weights: Weights, to url: URL
  ) throws {
    let claim = try OutputClaim(folder: url, kind: .build)
    defer { claim.release() }
    _ = try write(design, model: model, weights: weights, to: claim)
  }

  private static func fault(_ path: String, _ message: String) -> DiagnosticsEmitted {
    DiagnosticsEmitted(
      Diagnostic(stage: "build", path: path, message: message, fix: "compile the model again"))
  }
}

internal import Foundation
internal import RNNGraph
internal import RNNInterchange
internal import RNNLearning
internal import RNNReport
internal import RNNSupport
internal import RNNTensor

/// A folder with `model.json`, its weights, `record.json` with what the stage saw on the way, and `curve.svg`.
///
/// `gradients.svg` lies beside `curve.svg` where the training measured the gradients by the states, `spectrum.svg`
/// where it recorded Lyapunov spectra.
enum ModelFolder {
  static let marker = "model.json"

  /// The files of a model folder, for plans.
  static func files(_ folder: URL) -> [URL] {
    ["model.json", "model.safetensors", "record.json", "curve.svg"].map(
      folder.appendingPathComponent)
  }

  /// The model file that a user means: a folder stands for the `model.json` in it, or for its `sequence.json`.
  static func modelURL(_ url: URL) -> URL {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
    guard exists, isFolder.boolValue else { return url }
    let model = url.appendingPathComponent("model.json")
    let sequence = url.appendingPathComponent(SequenceModel.fileName)
    // Only a folder that holds no streaming model is meant by its other file.
    return !FileManager.default.fileExists(atPath: model.path)
      && FileManager.default.fileExists(atPath: sequence.path) ? sequence : model
  }

  /// Writes the files, whole or not at all.
  static func write(
    _ model: ModelFile, weights: Weights, record: StageRecord, to claim: OutputClaim
  ) throws {
    // Hours may have passed since the folder was claimed.
    try OutputKind.model.requireReplaceable(claim.url)
    try AtomicFile.writeFolder(at: claim.url) { staging in
      try model.write(to: staging.appendingPathComponent("model.json"), weights: weights)
      try AtomicFile.write(
        record.json.text, to: staging.appendingPathComponent(StageRecord.fileName))
      let name =
        switch record.content {
        case .train: "float"
        case .compress: "circulant"
        case .quantize, .calibrate: "quantized"
        case .import: "imported"
        }
      try AtomicFile.write(
        LearningCurveChart(curves: record.curves(of: name)).svg,
        to: staging.appendingPathComponent("curve.svg"))
      if let chart = GradientNormChart(curve: record.curve) {
        try AtomicFile.write(chart.svg, to: staging.appendingPathComponent("gradients.svg"))
      }
      if let spectrum = SpectrumCourseChart(curve: record.curve) {
        try AtomicFile.write(spectrum.svg, to: staging.appendingPathComponent("spectrum.svg"))
      }
    }
  }

  /// Where an unfinished stage keeps its state: beside the folder that it will write.
  static func checkpoint(_ folder: URL) -> URL {
    folder.deletingLastPathComponent().appendingPathComponent(
      "\(folder.lastPathComponent).checkpoint")
  }

  /// How a stage that trains is computed, for the model's history; says so if its checkpoint was computed otherwise.
  ///
  /// A training that goes on with other instructions or another number of threads ends in bits that neither machine alone
  /// would give.
  static func arithmetic(resuming checkpoint: URL, _ progress: any ProgressSink) throws
    -> JSONValue.Member
  {
    let files = [checkpoint, checkpoint.appendingPathExtension("fine-tune")]
    var history: [String] = []
    // A folder of that name is the user's, and no training resumes from it.
    for url in files where FileManager.default.fileExists(atPath: url.path) && !isFolder(url) {
      for level in try CheckpointFile(contentsOf: url).arithmetic where history.last != level {
        history.append(level)
      }
    }
    let all = Arithmetic.appended(to: history)
    if all.count > 1 {
      progress.note(
        Diagnostic(
          .warning, stage: "train", path: checkpoint.relativePath,
          message:
            "its epochs were computed with \(history.joined(separator: "; then ")), these are with \(Arithmetic.description), so the last bits will be those of neither",
          fix: "remove it to start over, or train with --reproducible on both machines"
        ).description)
    }
    return .init("arithmetic", .string(all.joined(separator: "; then ")))
  }

  private static func isFolder(_ url: URL) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  /// Removes what an unfinished stage would have resumed from.
  static func removeCheckpoints(_ folder: URL) {
    let first = checkpoint(folder)
    for url in [first, first.appendingPathExtension("fine-tune")] { CheckpointFile.remove(url) }
  }
}

/// The files of a model that a stage reads.
enum ModelInputs {
  static func urls(_ model: URL) -> [URL] {
    let json = ModelFolder.modelURL(model)
    if json.lastPathComponent == SequenceModel.fileName {
      let folder = json.deletingLastPathComponent()
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      return [json]
        + names.sorted().filter { $0.hasPrefix("part") }.map(folder.appendingPathComponent)
    }
    return [json, json.deletingPathExtension().appendingPathExtension("safetensors")]
  }
}

package import Foundation
package import RNNInterchange
internal import RNNSupport

/// Labelled utterances as features, made as a model's task says.
package enum AudioInput {
  /// Lists the recordings: a folder with the names of the spoken-digit data set, or a manifest (`.tsv`).
  static func list(_ url: URL) throws -> AudioDataSet {
    url.pathExtension.lowercased() == "tsv"
      ? try AudioDataSet.manifest(url) : try AudioDataSet.spokenDigits(folder: url)
  }

  /// Reads one split of a data set for a model.
  ///
  /// Labels are indices into the model's labels, whatever the order in the data set.
  ///
  /// - Throws: `DiagnosticsEmitted` if the model takes no audio or has no such label, or a file is bad.
  package static func load(
    _ url: URL, split: AudioDataSet.Split, for model: ModelFile, path: String
  ) throws -> LabelledSequences {
    guard let task = model.task, let configuration = task.frontEnd else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "data", path: path, message: "the model has no front end, so it cannot take audio",
          fix: "give features with --input FILE.npy"))
    }
    let set = try list(url)
    let frontEnd = try LogMelFrontEnd(configuration, normalisation: task.normalisation)
    var loaded = try set.load(split, frontEnd: frontEnd)
    var sink = DiagnosticSink(stage: "data")
    let indices = set.classes.map { word -> Int in
      if let index = task.labels.firstIndex(of: word) { return index }
      sink.error(
        url.relativePath, "the class \"\(word)\" is none of the model's labels",
        fix: "use data with the classes \(task.labels.joined(separator: ", "))")
      return 0
    }
    try sink.throwIfErrors()
    loaded.labels = loaded.labels.map { indices[$0] }
    loaded.classes = task.labels
    return loaded
  }
}

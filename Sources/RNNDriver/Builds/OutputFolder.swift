internal import Foundation
internal import RNNSupport

/// Guards the folders that stages replace whole.
enum OutputFolder {
  /// Refuses a folder that would lose something rnnc did not write.
  ///
  /// A folder may be replaced if it is missing, is empty, or holds the file that marks it as the
  /// same kind of output.
  ///
  /// - Throws: `ToolError` with code `.file`.
  static func requireReplaceable(_ url: URL, marker: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else { return }
    guard isFolder.boolValue else {
      throw ToolError(
        .file, "cannot write the folder \(url.relativePath): a file of this name exists",
        hint: "remove it or choose another folder with -o")
    }
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    if !entries.isEmpty, !entries.contains(marker) {
      throw ToolError(
        .file,
        "the folder \(url.relativePath) holds other files (no \(marker) among them) and would be replaced",
        hint: "choose a new folder with -o, or empty this one")
    }
    let parent = url.standardizedFileURL.deletingLastPathComponent().path
    guard FileManager.default.isWritableFile(atPath: parent) else {
      throw ToolError(
        .file, "cannot write into the folder \(parent): permission denied",
        hint: "choose a folder that you may write to")
    }
  }

  /// Checks before any work that an output folder can be written at the end.
  ///
  /// - Throws: `ToolError` with code `.file`.
  static func prepare(_ url: URL, marker: String) throws {
    try AtomicFile.makeFolder(url.standardizedFileURL.deletingLastPathComponent())
    try requireReplaceable(url, marker: marker)
  }
}

extension OutputFolder {
  /// Checks before any work that a file can be written.
  static func prepareFile(_ url: URL) throws {
    let parent = url.standardizedFileURL.deletingLastPathComponent()
    try AtomicFile.makeFolder(parent)
  }
}

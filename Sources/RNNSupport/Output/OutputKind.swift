package import Foundation

/// A kind of folder that a stage replaces whole, and what makes a folder one of this kind.
///
/// A folder is ours if a file in it says so by its content, and if it holds nothing but files that we write.
package struct OutputKind: Sendable {
  /// Such as `model folder`.
  package var name: String
  /// The files of which one must say that the folder is ours.
  package var markers: [String]
  /// Whether the content of a marker says so, and with it which files may be there.
  ///
  /// The argument has the marker's name and content; the result tells for a path relative to the folder whether we
  /// write it, and is nil for a content that is not ours.
  package var files: @Sendable (_ marker: String, _ content: JSONValue) -> ((String) -> Bool)?

  package init(
    name: String, markers: [String],
    files: @escaping @Sendable (String, JSONValue) -> ((String) -> Bool)?
  ) {
    self.name = name
    self.markers = markers
    self.files = files
  }

  /// The greatest marker that is read.
  private static let greatestMarker = 64 << 20

  /// Refuses a folder that would lose something which rnnc did not write.
  ///
  /// - Parameter part: the subfolder that will be replaced; nil for the whole folder.
  /// - Throws: `ToolError` with code `.file` that names what is foreign.
  package func requireReplaceable(_ url: URL, part: String? = nil) throws {
    let folder = part.map(url.appendingPathComponent) ?? url
    guard let kind = Disk.kind(of: folder.path) else { return }
    guard kind == .folder else {
      throw ToolError(
        .file, "cannot write the folder \(folder.relativePath): a file of this name exists",
        hint: "remove it or choose another folder with -o")
    }
    let entries = try OutputKind.entries(below: folder.path)
    if entries.isEmpty { return }
    guard let mayHold = ours(url) else {
      let found = markers.filter { Disk.kind(of: url.appendingPathComponent($0).path) != nil }
      let why =
        found.isEmpty
        ? "no \(markers[0]) among them" : "its \(found[0]) is not that of a \(name) of rnnc"
      throw ToolError(
        .file, "the folder \(url.relativePath) holds other files (\(why)) and would be replaced",
        hint: "choose a new folder with -o, or empty this one")
    }
    for entry in entries {
      let path = part.map { "\($0)/\(entry.path)" } ?? entry.path
      guard entry.isFile, mayHold(path) else {
        throw ToolError(
          .file,
          "the folder \(url.relativePath) holds \(path), which is not a file of a \(name), and would be replaced",
          hint: "move it away, or choose a new folder with -o")
      }
    }
  }

  /// Tells which files the folder may hold; nil if nothing in it says that it is ours.
  private func ours(_ url: URL) -> ((String) -> Bool)? {
    for marker in markers {
      let file = url.appendingPathComponent(marker)
      guard let status = Disk.status(file.path), Disk.kind(status) == .file,
        status.st_size <= OutputKind.greatestMarker, let data = try? Data(contentsOf: file),
        let content = try? JSONValue(parsing: data)
      else { continue }
      if let mayHold = files(marker, content) { return mayHold }
    }
    return nil
  }

  /// Everything below a folder that has no entries itself: files, links, and folders that are empty.
  ///
  /// - Throws: `ToolError` for a folder whose files cannot be removed.
  private static func entries(
    below folder: String, prefix: String = "", device: dev_t? = nil
  ) throws -> [(path: String, isFile: Bool)] {
    guard let status = Disk.status(folder), device.map({ $0 == status.st_dev }) ?? true else {
      throw ToolError(
        .file, "cannot replace the folder \(folder): another file system is mounted there",
        hint: "choose a folder inside of it with -o")
    }
    guard access(folder, R_OK | W_OK | X_OK) == 0,
      let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
    else {
      throw ToolError(
        .file, "cannot replace the folder \(folder): permission denied",
        hint: "choose a folder that you may write to")
    }
    return try names.sorted().flatMap { name -> [(path: String, isFile: Bool)] in
      let path = prefix + name
      switch Disk.kind(of: "\(folder)/\(name)") {
      case .folder:
        let inside = try entries(
          below: "\(folder)/\(name)", prefix: path + "/", device: status.st_dev)
        return inside.isEmpty ? [(path, false)] : inside
      case .file: return [(path, true)]
      case .link, .other: return [(path, false)]
      case nil: return []
      }
    }
  }
}

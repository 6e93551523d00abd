package import Foundation

/// Writes files and folders that appear whole or not at all; the only writer of outputs.
///
/// Everything is written to a sibling with a temporary name, brought to the disk, and renamed at the end, so that a
/// reader, or a user after a crash, sees either the old content or the new one. What a killed process left is
/// removed by the next one that writes there (`OutputClaim`).
package enum AtomicFile {
  /// Replaces a file's content, creating missing parent folders.
  ///
  /// - Throws: `ToolError` with code `.file` naming the path and the reason; the old file stays.
  package static func write(_ data: Data, to url: URL) throws { try write([(data, url)]) }

  /// Replaces several files that belong together: all are complete before the first is replaced.
  ///
  /// Between the first and the last renaming an observer can see old and new files side by side.
  package static func write(_ files: [(data: Data, url: URL)]) throws {
    var staged: [(partial: Partial, url: URL)] = []
    defer { for file in staged { file.partial.discard() } }
    for (data, url) in files {
      try makeFolder(url.deletingLastPathComponent())
      try refuseFolder(url)
      do {
        // The folder that it is in becomes visible, and safe, as a whole.
        if Partial.isInside(url) {
          unlink(url.path)
          let file = try Disk.create(url.path)
          defer { close(file) }
          try Disk.write(data, to: file)
          continue
        }
        let partial = try Partial.file(for: url)
        staged.append((partial, url))
        try Disk.write(data, to: partial.file)
        try Disk.sync(partial.file)
      } catch {
        throw cannotWrite(url, error)
      }
    }
    try commit(staged)
  }
  /// Replaces a file by a text in UTF-8, whole or not at all.
  package static func write(_ text: String, to url: URL) throws {
    try write(Data(text.utf8), to: url)
  }

  /// Replaces a file by one that `fill` writes by itself, at the path that it is given.
  ///
  /// - Throws: what `fill` throws, or a `ToolError` with code `.file`.
  package static func write<Result>(to url: URL, by fill: (_ file: URL) throws -> Result) throws
    -> Result
  {
    try makeFolder(url.deletingLastPathComponent())
    try refuseFolder(url)
    let partial: Partial
    do { partial = try Partial.file(for: url) } catch { throw cannotWrite(url, error) }
    defer { partial.discard() }
    let result = try fill(URL(fileURLWithPath: partial.path))
    do { try Disk.sync(path: partial.path) } catch { throw cannotWrite(url, error) }
    try commit([(partial, url)])
    return result
  }

  /// Fills a temporary folder and then puts it in the place of `url`, whole.
  ///
  /// An older folder at `url` is replaced only after `fill` has returned; both change names in one step. If `fill`
  /// throws, nothing changes.
  ///
  /// - Parameter fill: writes below the folder that it is given.
  /// - Throws: what `fill` throws, or a `ToolError` with code `.file`.
  package static func writeFolder<Result>(
    at url: URL, _ fill: (_ staging: URL) throws -> Result
  ) throws -> Result {
    try makeFolder(url.deletingLastPathComponent())
    if let kind = Disk.kind(of: url.path), kind != .folder {
      throw ToolError(
        .file,
        "cannot write the folder \(url.path): a \(kind == .link ? "link" : "file") of this name exists",
        hint: "remove it or choose another folder")
    }
    let staging: Partial
    do { staging = try Partial.folder(for: url) } catch { throw cannotWrite(url, error) }
    defer { staging.discard() }
    let result = try fill(URL(fileURLWithPath: staging.path, isDirectory: true))
    do {
      try Disk.syncTree(staging.path)
      try replace(url, by: staging)
    } catch {
      throw cannotWrite(url, error)
    }
    return result
  }

  /// Removes what killed processes left of files and folders in a folder.
  package static func sweep(_ folder: URL) { Partial.sweep(folder.path) }

  private static func commit(_ staged: [(partial: Partial, url: URL)]) throws {
    var parents: [String] = []
    for file in staged {
      do {
        try Disk.rename(file.partial.path, to: file.url.path)
        let parent = file.url.deletingLastPathComponent().path
        if !parents.contains(parent) { parents.append(parent) }
      } catch {
        throw cannotWrite(file.url, error)
      }
    }
    for parent in parents {
      do {
        try Disk.sync(path: parent)
      } catch {
        throw cannotWrite(URL(fileURLWithPath: parent, isDirectory: true), error)
      }
    }
  }

  /// Gives the folder in work its final name; an older one is under the temporary name afterwards.
  private static func replace(_ url: URL, by staging: Partial) throws {
    let parent = url.deletingLastPathComponent().path
    guard Disk.kind(of: url.path) != nil else {
      try Disk.rename(staging.path, to: url.path)
      return try Disk.sync(path: parent)
    }
    // From now on nobody may take the old folder for a leftover.
    let old = open(url.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if old >= 0 { close(old) } }
    if old >= 0 { _ = Disk.lock(old) }
    if try !Disk.exchange(staging.path, url.path) {
      let aside = Partial.name(for: url, "replaced")
      try Disk.rename(url.path, to: aside)
      do {
        try Disk.rename(staging.path, to: url.path)
      } catch {
        try? Disk.rename(aside, to: url.path)
        throw error
      }
      Disk.remove(aside)
    }
    try Disk.sync(path: parent)
  }

  /// Creates a folder and its missing parents.
  ///
  /// - Throws: `ToolError` with code `.file`, also where the folder is not writable.
  package static func makeFolder(_ url: URL) throws {
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw cannotWrite(url, error)
    }
    if !FileManager.default.isWritableFile(atPath: url.path) {
      throw ToolError(
        .file, "cannot write into the folder \(url.path): permission denied",
        hint: "choose a folder that you may write to")
    }
  }

  /// Reads a whole file.
  ///
  /// - Throws: `ToolError` with code `.file` naming the path and the reason.
  package static func read(_ url: URL) throws -> Data {
    do {
      if isFolder(url) {
        throw ToolError(
          .file, "cannot read \(url.path): it is a folder", hint: "give the path of a file")
      }
      return try Data(contentsOf: url)
    } catch let error as ToolError {
      throw error
    } catch {
      throw ToolError(
        .file, "cannot read \(url.path): \(reason(error))",
        hint: "check the path and its permissions")
    }
  }

  private static func isFolder(_ url: URL) -> Bool {
    var folder: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &folder)
      && folder.boolValue
  }
  private static func refuseFolder(_ url: URL) throws {
    guard isFolder(url) else { return }
    throw ToolError(
      .file, "cannot write \(url.path): it is a folder", hint: "give the path of a file")
  }
  static func cannotWrite(_ url: URL, _ error: any Error) -> ToolError {
    (error as? ToolError)
      ?? ToolError(
        .file, "cannot write \(url.path): \(reason(error))",
        hint: "check the path, its permissions and the free space")
  }
  private static func reason(_ error: any Error) -> String {
    if let fault = error as? Disk.Fault { return fault.description }
    var next: NSError? = error as NSError
    while let e = next {
      if e.domain == NSPOSIXErrorDomain {
        return String(cString: strerror(Int32(e.code))).lowercased()
      }
      next = e.userInfo[NSUnderlyingErrorKey] as? NSError
    }
    switch (error as? CocoaError)?.code {
    case .fileNoSuchFile, .fileReadNoSuchFile: return "no such file or directory"
    case .fileReadNoPermission, .fileWriteNoPermission: return "permission denied"
    case .fileWriteOutOfSpace: return "no space left on device"
    default: return "\(error.localizedDescription)"
    }
  }
}

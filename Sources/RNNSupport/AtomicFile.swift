package import Foundation

/// Writes files and folders that appear whole or not at all.
///
/// Everything is written to a sibling with a temporary name and renamed at the end, so that a reader, or a
/// user after a crash, sees either the old content or the new one.
package enum AtomicFile {
  /// Replaces a file's content, creating missing parent folders.
  ///
  /// - Throws: `ToolError` with code `.file` naming the path and the reason; the old file stays.
  package static func write(_ data: Data, to url: URL) throws { try write([(data, url)]) }

  /// Replaces several files that belong together: all are complete before the first is replaced.
  ///
  /// Between the first and the last renaming an observer can see old and new files side by side.
  package static func write(_ files: [(data: Data, url: URL)]) throws {
    var staged: [(temporary: URL, url: URL)] = []
    defer { for file in staged { try? FileManager.default.removeItem(at: file.temporary) } }
    for (data, url) in files {
      try makeFolder(url.deletingLastPathComponent())
      if isFolder(url) {
        throw ToolError(
          .file, "cannot write \(url.path): it is a folder", hint: "give the path of a file")
      }
      let temporary = sibling(of: url)
      staged.append((temporary, url))
      do {
        try data.write(to: temporary)
      } catch {
        throw cannotWrite(url, error)
      }
    }
    for file in staged {
      do {
        try rename(file.temporary, to: file.url)
      } catch {
        throw cannotWrite(file.url, error)
      }
    }
  }
  package static func write(_ text: String, to url: URL) throws {
    try write(Data(text.utf8), to: url)
  }

  /// Fills a temporary folder and then puts it in the place of `url`, whole.
  ///
  /// An older folder at `url` is replaced only after `fill` has returned. If `fill` throws, nothing changes.
  ///
  /// - Parameter fill: writes below the folder that it is given.
  /// - Throws: what `fill` throws, or a `ToolError` with code `.file`.
  package static func writeFolder<Result>(
    at url: URL, _ fill: (_ staging: URL) throws -> Result
  ) throws -> Result {
    try makeFolder(url.deletingLastPathComponent())
    if FileManager.default.fileExists(atPath: url.path), !isFolder(url) {
      throw ToolError(
        .file, "cannot write the folder \(url.path): a file of this name exists",
        hint: "remove it or choose another folder")
    }
    let staging = sibling(of: url)
    do {
      try FileManager.default.createDirectory(at: staging, withIntermediateDirectories: false)
    } catch {
      throw cannotWrite(url, error)
    }
    defer { try? FileManager.default.removeItem(at: staging) }
    // A signal that ends the program inside must not leave the staging folder behind.
    let result = try Interrupt.shared.cleaningUp(
      { try? FileManager.default.removeItem(at: staging) }, { try fill(staging) })
    let old = sibling(of: url)
    do {
      let replaces = FileManager.default.fileExists(atPath: url.path)
      if replaces { try rename(url, to: old) }
      do {
        try rename(staging, to: url)
      } catch {
        if replaces { try? rename(old, to: url) }
        throw error
      }
      if replaces { try? FileManager.default.removeItem(at: old) }
    } catch {
      throw cannotWrite(url, error)
    }
    return result
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
  private static func sibling(of url: URL) -> URL {
    // The name must be fresh, not reproducible: it never outlives the call.
    url.deletingLastPathComponent().appendingPathComponent(
      ".\(url.lastPathComponent).\(UUID().uuidString.prefix(8)).partial")
  }
  private static func rename(_ from: URL, to: URL) throws {
    guard Foundation.rename(from.path, to.path) == 0 else {
      throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
    }
  }
  private static func cannotWrite(_ url: URL, _ error: any Error) -> ToolError {
    (error as? ToolError)
      ?? ToolError(
        .file, "cannot write \(url.path): \(reason(error))",
        hint: "check the path, its permissions and the free space")
  }
  private static func reason(_ error: any Error) -> String {
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

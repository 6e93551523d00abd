package import Foundation

/// The right to write an output: everything that can be refused is refused when it is taken, before long work.
///
/// It says where the output lies when its path is a link, locks it against other processes, removes what killed
/// ones left beside it, and checks that the output can be written and that nothing of the user's would be lost.
package final class OutputClaim: @unchecked Sendable {
  /// The output, where the links of its path lead.
  package let url: URL
  private let lock: OutputLock
  private let made: [String]
  private let guardState = NSLock()
  private var isReleased = false
  private var cleanup: Int?

  /// Claims a folder that is replaced whole.
  ///
  /// - Parameter inputs: what the work reads; the output may not hold any of it.
  /// - Throws: `ToolError` with code `.file`.
  package convenience init(folder: URL, kind: OutputKind, inputs: [URL] = []) throws {
    try self.init(folder) { url in
      let path = url.path
      if let input = inputs.first(where: { Self.holds(path, $0) }) {
        throw ToolError(
          .file,
          "the output \(folder.relativePath) would replace the input \(input.relativePath)",
          hint: "choose another folder with -o")
      }
      if Self.holds(path, URL(fileURLWithPath: ".")) {
        throw ToolError(
          .file, "cannot replace the folder \(path): it is the current one",
          hint: "choose a folder inside of it with -o")
      }
      try kind.requireReplaceable(url)
      try Self.requireRenaming(url)
    }
  }

  /// Claims a file that is replaced.
  ///
  /// - Parameter inputs: what the work reads; the output may be none of it, nor a file in a folder of it unless
  ///   `mayLieInInput`.
  /// - Throws: `ToolError` with code `.file`.
  package convenience init(file: URL, inputs: [URL] = [], mayLieInInput: Bool = false) throws {
    try self.init(file) { url in
      switch Disk.kind(of: url.path) {
      case nil: break
      case .folder:
        throw ToolError(
          .file, "cannot write \(file.relativePath): it is a folder",
          hint: "give the path of a file")
      case .link, .other:
        throw ToolError(
          .file, "cannot write \(file.relativePath): it is no regular file",
          hint: "give the path of a file")
      case .file:
        for input in inputs
        where Self.isSame(url, input) || !mayLieInInput && Self.holds(Self.real(input), url) {
          throw ToolError(
            .file,
            "the output \(file.relativePath) would replace the input \(input.relativePath)",
            hint: "choose another file with -o")
        }
        try Self.requireRenaming(url)
      }
    }
  }

  /// Claims a folder in which files are added and replaced one by one, such as a build.
  ///
  /// - Parameter parts: subfolders in which files are written; links are refused, since they lead elsewhere.
  /// - Throws: `ToolError` with code `.file`.
  package convenience init(in folder: URL, parts: [String] = []) throws {
    try self.init(folder, isFolderOfFiles: true) { url in
      if let kind = Disk.kind(of: url.path), kind != .folder {
        throw ToolError(
          .file, "cannot write into \(folder.relativePath): it is no folder",
          hint: "give the path of a folder")
      }
      if Disk.kind(of: url.path) == .folder, access(url.path, W_OK | X_OK) != 0 {
        throw ToolError(
          .file, "cannot write into the folder \(folder.relativePath): permission denied",
          hint: "choose a folder that you may write to")
      }
      Partial.sweep(url.path)
      for part in parts {
        let path = url.appendingPathComponent(part).path
        switch Disk.kind(of: path) {
        case nil: break
        case .folder: Partial.sweep(path)
        case .file, .link, .other:
          throw ToolError(
            .file, "cannot write into \(path): it is no folder",
            hint: "remove it; rnnc makes it anew")
        }
      }
    }
  }

  private init(_ given: URL, isFolderOfFiles: Bool = false, _ check: (URL) throws -> Void) throws {
    url = try Self.resolved(given)
    let parent = url.deletingLastPathComponent()
    made = Self.missing(parent.path)
    var lock: OutputLock?
    do {
      if !isFolderOfFiles || Disk.kind(of: url.path) == nil { try AtomicFile.makeFolder(parent) }
      // Where only the folder itself can be written to, nobody replaces it either.
      let inside = isFolderOfFiles && access(parent.path, W_OK) != 0
      let held = try OutputLock(inside ? url.appendingPathComponent("folder") : url)
      lock = held
      Partial.sweep(parent.path)
      if Disk.kind(of: url.path) == .folder { Partial.sweep(url.path) }
      try check(url)
      self.lock = held
    } catch {
      lock?.release()
      Self.unmake(made)
      throw error
    }
    // A signal ends the program without unwinding.
    cleanup = Interrupt.shared.register { [weak self] in self?.release() }
  }

  deinit { release() }

  /// Gives the output free; folders that were made for it and are empty are removed again.
  package func release() {
    let isFirst = guardState.withLock {
      defer { isReleased = true }
      return !isReleased
    }
    guard isFirst else { return }
    if let cleanup { Interrupt.shared.forget(cleanup) }
    lock.release()
    Self.unmake(made)
  }

  // MARK: - Paths

  /// Follows links, of which the last component may not dangle.
  private static func resolved(_ given: URL) throws -> URL {
    let url = given.standardizedFileURL
    func refuse(_ why: String) -> ToolError {
      ToolError(
        .file, "cannot write \(given.relativePath): \(why)",
        hint: "remove the link or choose another output with -o")
    }
    if Disk.kind(of: url.path) == .link {
      var target = stat()
      if stat(url.path, &target) != 0 {
        let reason = errno
        throw refuse(
          reason == ELOOP
            ? "it is a link that leads in a circle"
            : "it is a link that leads nowhere (\(Disk.Fault(code: reason)))")
      }
    }
    return URL(fileURLWithPath: real(url))
  }

  /// The path without links, as far as it exists.
  private static func real(_ url: URL) -> String {
    var rest: [String] = []
    var path = url.standardizedFileURL.path
    while true {
      if let found = realpath(path, nil) {
        defer { free(found) }
        return ([String(cString: found)] + rest.reversed()).joined(separator: "/")
          .replacingOccurrences(of: "//", with: "/")
      }
      let name = (path as NSString).lastPathComponent
      let parent = (path as NSString).deletingLastPathComponent
      if parent == path || parent.isEmpty { return url.path }
      rest.append(name)
      path = parent
    }
  }

  private static func isSame(_ a: URL, _ b: URL) -> Bool {
    var one = stat()
    var other = stat()
    return stat(a.path, &one) == 0 && stat(b.path, &other) == 0 && Disk.isSame(one, other)
  }

  /// True if a path is the folder or lies in it.
  private static func holds(_ folder: String, _ url: URL) -> Bool {
    let path = real(url)
    return path == folder || path.hasPrefix(folder == "/" ? "/" : folder + "/")
  }

  // MARK: - Folders

  /// The folders of a path that do not exist, the outermost first.
  private static func missing(_ path: String) -> [String] {
    var path = path
    var list: [String] = []
    while path != "/", !path.isEmpty, Disk.kind(of: path) == nil {
      list.insert(path, at: 0)
      path = (path as NSString).deletingLastPathComponent
    }
    return list
  }
  /// `rmdir` removes a folder only if it is empty.
  private static func unmake(_ folders: [String]) {
    for folder in folders.reversed() { rmdir(folder) }
  }

  /// Refuses what the system would refuse when the output gets its name.
  private static func requireRenaming(_ url: URL) throws {
    let parent = url.deletingLastPathComponent().path
    guard let output = Disk.status(url.path), let folder = Disk.status(parent) else { return }
    if output.st_dev != folder.st_dev {
      throw ToolError(
        .file, "cannot replace \(url.path): another file system is mounted there",
        hint: "choose an output inside of it with -o")
    }
    // In a folder such as /tmp only the owner of a file may rename it.
    let user = geteuid()
    if folder.st_mode & S_ISVTX != 0, user != 0, output.st_uid != user, folder.st_uid != user {
      throw ToolError(
        .file,
        "cannot replace \(url.path): it belongs to another user, and in \(parent) only the owner may replace a file",
        hint: "choose another output with -o")
    }
  }
}

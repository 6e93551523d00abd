internal import Foundation

/// Keeps a second process away from an output while a first one works for it.
///
/// The lock is a file `.NAME.rnnc-lock` beside the output with the number of the process, locked by the system: it
/// ends with its process, however that ends. The file is removed with the lock; one that a killed process left is
/// taken over.
final class OutputLock: @unchecked Sendable {
  private let path: String
  private let file: Int32

  /// - Throws: `ToolError` naming the process that holds the lock, or why nothing can be written there.
  init(_ url: URL) throws {
    path =
      url.deletingLastPathComponent().appendingPathComponent(
        ".\(url.lastPathComponent).rnnc-lock"
      ).path
    while true {
      let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o644)
      guard file >= 0 else {
        throw AtomicFile.cannotWrite(url, Disk.Fault(code: errno))
      }
      switch Disk.lock(file) {
      case .taken:
        let holder = Self.holder(file)
        close(file)
        throw ToolError(
          .file,
          "another rnnc\(holder.map { " (process \($0))" } ?? "") is writing \(url.path)",
          hint: "wait for its end, or choose another output")
      case .held, .unknown: break
      }
      // The one before may have removed the file between our opening and locking it.
      if let now = Disk.status(path), let mine = Disk.status(file), Disk.isSame(now, mine) {
        ftruncate(file, 0)
        // Without the number the lock still holds.
        try? Disk.write(Data("\(getpid())\n".utf8), to: file)
        self.file = file
        return
      }
      close(file)
    }
  }

  /// Ends the lock and removes its file.
  func release() {
    unlink(path)
    close(file)
  }

  private static func holder(_ file: Int32) -> Int32? {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = pread(file, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    return Int32(
      String(decoding: bytes.prefix(count), as: UTF8.self).trimmingCharacters(in: .newlines))
  }
}

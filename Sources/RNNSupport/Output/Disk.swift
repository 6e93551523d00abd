internal import CRNNSystem
internal import Foundation

/// The system calls by which outputs come to lie on a disk, each with its error number.
///
/// Nothing else in the project creates, renames or removes output files. `Foundation.Data.write` does not serve:
/// after a write that took only a part it goes on from the start of the buffer.
enum Disk {
  /// A call that failed.
  struct Fault: Error, CustomStringConvertible {
    var code: Int32
    /// The system's words, lower case.
    var description: String { String(cString: strerror(code)).lowercased() }
  }

  @discardableResult
  private static func check(_ result: Int32) throws -> Int32 {
    if result < 0 { throw Fault(code: errno) }
    return result
  }
  private static func retrying(_ call: () -> Int) -> Int {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }

  // MARK: - Files

  /// Opens a file that must not exist yet for writing.
  static func create(_ path: String) throws -> Int32 {
    try check(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666))
  }

  /// Writes all bytes, however few the system takes at once.
  static func write(_ data: Data, to file: Int32) throws {
    try data.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        guard let base = bytes.baseAddress else { return }
        let count = retrying { Foundation.write(file, base + done, bytes.count - done) }
        if count < 0 { throw Fault(code: errno) }
        // A file that takes nothing and says nothing would be tried for ever.
        if count == 0 { throw Fault(code: ENOSPC) }
        done += count
      }
    }
  }

  /// Waits until a file's bytes are on the disk.
  static func sync(_ file: Int32) throws {
    if retrying({ Int(fsync(file)) }) < 0 { throw Fault(code: errno) }
  }

  /// Waits until a file, or the names in a folder, are on the disk.
  static func sync(path: String) throws {
    let file = try check(open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK))
    defer { close(file) }
    do {
      try sync(file)
    } catch let fault as Fault where fault.code == EINVAL {
      // Some file systems cannot wait for a folder.
    }
  }

  /// Waits until everything below a folder is on the disk.
  static func syncTree(_ folder: String) throws {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      let path = "\(folder)/\(name)"
      switch kind(of: path) {
      case .folder: try syncTree(path)
      case .file: try sync(path: path)
      case .link, .other, nil: break
      }
    }
    try sync(path: folder)
  }

  static func rename(_ from: String, to: String) throws { try check(Foundation.rename(from, to)) }

  /// Exchanges two folders; false where the file system cannot.
  static func exchange(_ one: String, _ other: String) throws -> Bool {
    let fault = rnn_exchange(one, other)
    if fault == 0 { return true }
    if [EINVAL, ENOSYS, EOPNOTSUPP, ENOTSUP].contains(fault) { return false }
    throw Fault(code: fault)
  }

  static func makeFolder(_ path: String) throws { try check(mkdir(path, 0o777)) }

  /// Removes a file, or a folder with all that is in it, as far as it can be; links are not followed.
  static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

  // MARK: - What is there

  enum Kind { case file, folder, link, other }

  /// What lies at a path, a link being one; nil if there is nothing.
  static func kind(of path: String) -> Kind? { status(path).map { kind($0) } }

  static func kind(_ status: stat) -> Kind {
    switch status.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .folder
    case S_IFLNK: .link
    default: .other
    }
  }

  /// What the system says about a path, a link being one.
  static func status(_ path: String) -> stat? {
    var result = stat()
    return lstat(path, &result) == 0 ? result : nil
  }
  static func status(_ file: Int32) -> stat? {
    var result = stat()
    return fstat(file, &result) == 0 ? result : nil
  }
  static func isSame(_ a: stat, _ b: stat) -> Bool { a.st_ino == b.st_ino && a.st_dev == b.st_dev }

  // MARK: - Locks

  enum Lock { case held, taken, unknown }

  /// Tries to lock an open file or folder; the lock ends with the descriptor, so at the latest with this process.
  static func lock(_ file: Int32) -> Lock {
    if retrying({ Int(flock(file, LOCK_EX | LOCK_NB)) }) == 0 { return .held }
    return errno == EWOULDBLOCK ? .taken : .unknown
  }
}

internal import Foundation
internal import RNNSupport

/// What this user's rnnc compiled: the digests of machine code that lies in build folders.
///
/// A build folder may come from anywhere, and loading a library runs it. So the digests lie apart, in the user's
/// own folder for such things: `$XDG_STATE_HOME/rnnc/built`, or `~/.local/state/rnnc/built`. Code without a digest
/// there, or with another one, is built anew.
struct BuiltDigests {
  /// Nil where the user has no such folder: then only what this process built counts.
  private let folder: URL?

  private static let lock = NSLock()
  private nonisolated(unsafe) static var ofThisProcess: [String: String] = [:]
  /// More are not kept; what is forgotten is built again.
  private static let most = 1000

  init(environment: [String: String]) {
    func absolute(_ name: String) -> URL? {
      environment[name].flatMap { $0.hasPrefix("/") ? URL(fileURLWithPath: $0) : nil }
    }
    // A user without a home is not given one.
    let home = absolute("HOME").flatMap { url in
      (try? url.checkResourceIsReachable()) == true
        ? url.appendingPathComponent(".local/state") : nil
    }
    folder = (absolute("XDG_STATE_HOME") ?? home)?.appendingPathComponent("rnnc/built")
  }

  /// The bytes of a file, if they are what was built for this key.
  ///
  /// - Parameter key: 64 hexadecimal digits that stand for everything which went into the file.
  func read(_ file: URL, key: String) -> (data: Data, digest: String)? {
    guard let recorded = digest(key), let data = try? Data(contentsOf: file) else { return nil }
    let digest = sha256(data)
    return digest == recorded ? (data, digest) : nil
  }

  private func digest(_ key: String) -> String? {
    if let known = Self.lock.withLock({ Self.ofThisProcess[key] }) { return known }
    guard let folder, isOnlyMine(folder),
      let text = try? String(contentsOf: folder.appendingPathComponent(key), encoding: .utf8)
    else { return nil }
    return text.trimmingCharacters(in: .newlines)
  }

  /// Remembers what was built; where the user's folder cannot be written, until the process ends.
  func record(_ digest: String, key: String) {
    Self.lock.withLock { Self.ofThisProcess[key] = digest }
    guard let folder else { return }
    let manager = FileManager.default
    try? manager.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    guard isOnlyMine(folder) else { return }
    AtomicFile.sweep(folder)
    try? AtomicFile.write(digest + "\n", to: folder.appendingPathComponent(key))
    let files =
      (try? manager.contentsOfDirectory(
        at: folder, includingPropertiesForKeys: [.contentModificationDateKey])) ?? []
    guard files.count > Self.most else { return }
    func date(_ url: URL) -> Date {
      (try? url.resourceValues(forKeys: [.contentModificationDateKey]))?
        .contentModificationDate ?? .distantPast
    }
    let oldest = files.map { (date: date($0), url: $0) }.sorted { $0.date < $1.date }
    for file in oldest.prefix(files.count - Self.most) { try? manager.removeItem(at: file.url) }
  }

  /// What others can write to says nothing about what this user built.
  private func isOnlyMine(_ folder: URL) -> Bool {
    var status = stat()
    return stat(folder.path, &status) == 0 && status.st_uid == geteuid()
      && status.st_mode & 0o022 == 0
  }
}

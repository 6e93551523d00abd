internal import Foundation

/// A file or folder that is being written beside the output whose name it will get.
///
/// It is locked while its writer lives, so that what a killed writer left can be told from what is in work. Its name
/// is `.NAME.rnnc-XXXXXXXX.partial`; a folder that makes way where two names cannot be exchanged is called
/// `.NAME.rnnc-XXXXXXXX.replaced` for a moment.
final class Partial: @unchecked Sendable {
  let path: String
  /// Open for writing for a file, for reading for a folder.
  let file: Int32
  private let cleanup: Int

  private init(path: String, file: Int32) {
    self.path = path
    self.file = file
    // A signal that ends the program must not leave it behind.
    cleanup = Interrupt.shared.register { Disk.remove(path) }
  }
  deinit { close(file) }

  /// A new empty file beside `url`.
  static func file(for url: URL) throws -> Partial {
    try make(url) { try Disk.create($0) }
  }
  /// A new empty folder beside `url`.
  static func folder(for url: URL) throws -> Partial {
    try make(url) { path in
      try Disk.makeFolder(path)
      let file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      if file < 0 {
        let fault = Disk.Fault(code: errno)
        rmdir(path)
        throw fault
      }
      return file
    }
  }

  private static func make(_ url: URL, _ create: (String) throws -> Int32) throws -> Partial {
    while true {
      let path = name(for: url, "partial")
      let file = try create(path)
      _ = Disk.lock(file)
      // Another process that swept in this moment took it for a leftover.
      if let now = Disk.status(path), let mine = Disk.status(file), Disk.isSame(now, mine) {
        return Partial(path: path, file: file)
      }
      close(file)
    }
  }

  /// Removes what is still there under the temporary name.
  func discard() {
    Interrupt.shared.forget(cleanup)
    Disk.remove(path)
  }

  // MARK: - Names

  /// The output that a temporary name stands for, and whether it was moved aside; nil for any other name.
  static func parse(_ name: some StringProtocol) -> (output: String, isReplaced: Bool)? {
    guard name.hasPrefix("."),
      let ending = ["partial", "replaced"].first(where: { name.hasSuffix("." + $0) })
    else { return nil }
    let body = name.dropFirst().dropLast(ending.count + 1)
    let tag = body.suffix(14)
    guard body.count > 14, tag.hasPrefix(".rnnc-"),
      tag.dropFirst(6).allSatisfy({ "0123456789ABCDEF".contains($0) })
    else { return nil }
    return (String(body.dropLast(14)), ending == "replaced")
  }

  static func name(for url: URL, _ ending: String) -> String {
    // The name must be fresh, not reproducible: it never outlives the call.
    let fresh = UUID().uuidString.prefix(8)
    return url.deletingLastPathComponent().appendingPathComponent(
      ".\(url.lastPathComponent).rnnc-\(fresh).\(ending)"
    ).path
  }

  /// True for a file below a folder that is itself written under a temporary name.
  static func isInside(_ url: URL) -> Bool {
    url.deletingLastPathComponent().path.split(separator: "/").contains { parse($0) != nil }
  }

  // MARK: - Leftovers

  /// Removes what killed writers left in a folder, and puts back what one of them had only moved aside.
  static func sweep(_ folder: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      guard let (base, isReplaced) = parse(name) else { continue }
      let path = "\(folder)/\(name)"
      guard let status = Disk.status(path), status.st_uid == geteuid() else { continue }
      let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      guard file >= 0 else { continue }
      defer { close(file) }
      guard Disk.lock(file) == .held else { continue }
      let output = "\(folder)/\(base)"
      if isReplaced, Disk.kind(of: output) == nil {
        try? Disk.rename(path, to: output)
      } else {
        Disk.remove(path)
      }
    }
  }
}

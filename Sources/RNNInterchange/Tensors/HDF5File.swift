internal import CHDF5Reader
package import Foundation
internal import RNNSupport

/// What an HDF5 file holds: its datasets of numbers and the texts in attributes of its groups.
///
/// The HDF5 library reads it, in a process of its own because damaged files can crash it; time and memory of that
/// process are bounded by the size of the file. Datasets have to lie in the file as plain numbers: compressed ones and
/// those in other files are not read, nor are links to other places.
package struct HDF5File: Sendable {
  /// An array of numbers and its shape.
  package struct Dataset: Hashable, Sendable {
    package var shape: [Int]
    /// Row-major.
    package var values: [Double]
    package init(shape: [Int], values: [Double]) {
      self.shape = shape
      self.values = values
    }
  }
  /// The datasets by their paths, such as `/lstm/kernel:0`.
  package private(set) var datasets: [String: Dataset] = [:]
  /// The paths of the datasets in the order of the file.
  package private(set) var paths: [String] = []
  /// Datasets and links that are not read, and why, by their paths.
  package private(set) var skipped: [String: String] = [:]
  /// Texts by the path of a group (empty for the root) and the name of the attribute.
  private var attributes: [String: [String: [String]]] = [:]

  /// The texts of an attribute of a group; the root's path is empty.
  package func texts(_ group: String, _ name: String) -> [String]? { attributes[group]?[name] }
  /// Whether anything lies below a path.
  package func hasGroup(_ path: String) -> Bool {
    attributes[path] != nil || paths.contains { $0.hasPrefix("\(path)/") }
  }

  /// Reads a file.
  ///
  /// - Throws: `ToolError` if it cannot be read; `DiagnosticsEmitted` with one finding if it is damaged.
  package static func read(_ url: URL) throws -> HDF5File {
    try HDF5File(parsing: AtomicFile.read(url), path: url.relativePath)
  }

  /// Parses the bytes of a file; `path` stands in the messages.
  package init(parsing file: Data, path: String) throws {
    func fault(_ place: String, _ message: String) -> DiagnosticsEmitted {
      DiagnosticsEmitted(
        Diagnostic(
          stage: "hdf5", path: place.isEmpty ? path : "\(path):\(place)", message: message,
          fix: "save the file again, or fetch it again"))
    }
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    let end = file.withUnsafeBytes {
      rnn_hdf5_read($0.baseAddress, $0.count, &bytes, &count)
    }
    defer { rnn_hdf5_free(bytes) }
    if end == rnn_hdf5_not_started {
      throw ToolError(
        .file, "cannot start a process to read \(path)",
        hint: "close other programs, or raise the limit of processes")
    }
    guard end == rnn_hdf5_done else {
      throw fault("", "the HDF5 library failed on it; the file is damaged")
    }
    var records = Records(bytes: UnsafeBufferPointer(start: bytes, count: count))
    while true {
      switch try Self.next(&records) {
      case nil: throw fault("", "the HDF5 library failed on it; the file is damaged")
      case .end?: return
      case .fault(let object, let reason)?: throw fault(object, reason)
      case .skipped(let object, let reason)?: skipped[object] = reason
      case .attribute(let object, let name, let texts)?:
        attributes[object, default: [:]][name] = texts
      case .dataset(let object, let dataset)?:
        if datasets.updateValue(dataset, forKey: object) == nil { paths.append(object) }
      }
    }
  }

  private enum Record {
    case end
    case fault(object: String, reason: String)
    case skipped(object: String, reason: String)
    case attribute(object: String, name: String, texts: [String])
    case dataset(object: String, Dataset)
  }

  /// The next record as `rnn_hdf5.h` describes it; nil if there is none, which a whole reading never gives.
  private static func next(_ records: inout Records) throws -> Record? {
    guard let kind = records.byte() else { return nil }
    if kind == UInt8(ascii: "Z") { return records.isAtEnd ? .end : nil }
    guard let object = records.text() else { return nil }
    switch kind {
    case UInt8(ascii: "E"): return records.text().map { .fault(object: object, reason: $0) }
    case UInt8(ascii: "X"): return records.text().map { .skipped(object: object, reason: $0) }
    case UInt8(ascii: "A"):
      guard let name = records.text(), let count = records.number(4) else { return nil }
      var texts: [String] = []
      for _ in 0..<count {
        guard let text = records.text() else { return nil }
        texts.append(text)
      }
      return .attribute(object: object, name: name, texts: texts)
    case UInt8(ascii: "D"):
      guard let rank = records.number(4), rank <= 8 else { return nil }
      var shape: [Int] = []
      var count = 1
      for _ in 0..<rank {
        guard let length = records.number(8) else { return nil }
        shape.append(length)
        let (product, overflow) = count.multipliedReportingOverflow(by: length)
        if overflow { return nil }
        count = product
      }
      guard let values = records.doubles(count) else { return nil }
      return .dataset(object: object, Dataset(shape: shape, values: values))
    default: return nil
    }
  }
}

/// Bytes from a process that is not trusted; every access is checked.
private struct Records {
  let bytes: UnsafeBufferPointer<UInt8>
  private var at = 0
  init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }
  var isAtEnd: Bool { at == bytes.count }

  mutating func byte() -> UInt8? {
    guard at < bytes.count else { return nil }
    defer { at += 1 }
    return bytes[at]
  }
  /// An unsigned number of some bytes, if an `Int` holds it.
  mutating func number(_ size: Int) -> Int? {
    guard bytes.count - at >= size else { return nil }
    defer { at += size }
    return Int(exactly: (0..<size).reduce(UInt64(0)) { $0 | UInt64(bytes[at + $1]) << (8 * $1) })
  }
  mutating func text() -> String? {
    guard let count = number(4), bytes.count - at >= count else { return nil }
    defer { at += count }
    return String(decoding: bytes[at..<at + count], as: UTF8.self)
  }
  mutating func doubles(_ count: Int) -> [Double]? {
    guard count >= 0, (bytes.count - at) / 8 >= count else { return nil }
    defer { at += 8 * count }
    let raw = UnsafeRawBufferPointer(bytes)
    return (0..<count).map {
      Double(
        bitPattern: UInt64(
          littleEndian: raw.loadUnaligned(fromByteOffset: at + 8 * $0, as: UInt64.self)))
    }
  }
}

package import Foundation
package import RNNSupport

/// A file that holds a training's whole state, so that a resumed training ends in the same bits.
///
/// Layout: the line `rnnc checkpoint 1`, a line with the number of bytes of the header, the header (a JSON
/// object with `kind`, `fields` and `arrays` of names and counts, and `doubles` of the same kind if there are any), the
/// arrays as little-endian IEEE singles in that order, the doubles, and the SHA-256 of everything before it as 64 hexadecimal digits.
package struct CheckpointFile: Hashable, Sendable {
  /// One named array of singles.
  package struct NamedArray: Hashable, Sendable {
    package var name: String
    package var values: [Float]
    /// Creates a named array.
    package init(_ name: String, _ values: [Float]) {
      self.name = name
      self.values = values
    }
  }
  /// One named array of doubles.
  package struct NamedDoubles: Hashable, Sendable {
    package var name: String
    package var values: [Double]
    /// Creates a named array.
    package init(_ name: String, _ values: [Double]) {
      self.name = name
      self.values = values
    }
  }
  /// What wrote it, such as `train`.
  package var kind: String
  /// Everything but the arrays.
  package var fields: JSONValue
  /// The arrays in file order.
  package var arrays: [NamedArray]
  /// The arrays that need double precision, after the others.
  package var doubles: [NamedDoubles]

  /// Creates the contents of a file.
  package init(
    kind: String, fields: JSONValue, arrays: [NamedArray], doubles: [NamedDoubles] = []
  ) {
    self.kind = kind
    self.fields = fields
    self.arrays = arrays
    self.doubles = doubles
  }

  private static let magic = "rnnc checkpoint 1\n"

  /// The file's bytes; equal contents give equal bytes.
  package var data: Data {
    func list(_ entries: [(name: String, count: Int)]) -> JSONValue {
      .array(entries.map { .object(["name": .string($0.name), "count": .int($0.count)]) })
    }
    var members: [JSONValue.Member] = [
      .init("kind", .string(kind)), .init("fields", fields),
      .init("arrays", list(arrays.map { ($0.name, $0.values.count) })),
    ]
    if !doubles.isEmpty {
      members.append(
        .init("doubles", list(doubles.map { ($0.name, $0.values.count) })))
    }
    let text = Data(JSONValue.object(members).text.utf8)
    var bytes = Data((CheckpointFile.magic + "\(text.count)\n").utf8)
    bytes.append(text)
    for array in arrays { bytes.append(littleEndian: array.values) }
    for array in doubles {
      for value in array.values {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
      }
    }
    bytes.append(Data(sha256(bytes).utf8))
    return bytes
  }

  /// Writes the file whole or not at all.
  package func write(to url: URL) throws {
    try AtomicFile.write(data, to: url)
  }

  /// Removes a checkpoint; anything else of this name stays.
  package static func remove(_ url: URL) {
    guard let file = try? FileHandle(forReadingFrom: url) else { return }
    defer { try? file.close() }
    if (try? file.read(upToCount: magic.utf8.count)) == Data(magic.utf8) {
      try? FileManager.default.removeItem(at: url)
    }
  }

  /// Reads a file; refuses a damaged, truncated or foreign one by its path.
  package init(contentsOf url: URL) throws {
    let bytes = try AtomicFile.read(url)
    guard let contents = try CheckpointFile(parsing: bytes, path: url.path) else {
      throw ToolError(
        .file, "checkpoint \(url.path) has a header of another version",
        hint: "delete it to start over, or use the version of rnnc that wrote it")
    }
    self = contents
  }

  private init?(parsing bytes: Data, path: String) throws {
    let magic = Data(CheckpointFile.magic.utf8)
    guard bytes.starts(with: magic) else {
      throw ToolError(
        .file, "\(path) is not a checkpoint of this version of rnnc",
        hint: "delete it to start over, or give another path")
    }
    let body = bytes.dropLast(64)
    guard bytes.count > magic.count + 64, Data(sha256(Data(body)).utf8) == bytes.suffix(64) else {
      throw ToolError(
        .file, "checkpoint \(path) is truncated or damaged (\(bytes.count) bytes, wrong SHA-256)",
        hint: "delete it to start over")
    }
    let rest = body.dropFirst(magic.count)
    guard let newline = rest.firstIndex(of: UInt8(ascii: "\n")),
      let length = Int(String(decoding: rest[rest.startIndex..<newline], as: UTF8.self)),
      length >= 0, length <= rest.endIndex - newline - 1
    else { return nil }
    let headerEnd = newline + 1 + length
    guard let header = try? JSONValue(parsing: Data(rest[newline + 1..<headerEnd])),
      let kind = header["kind"]?.string, let fields = header["fields"],
      let entries = header["arrays"]?.array
    else { return nil }
    var position = headerEnd
    var arrays: [NamedArray] = []
    for entry in entries {
      guard let name = entry["name"]?.string, let count = entry["count"]?.int, count >= 0,
        count <= (rest.endIndex - position) / 4
      else { return nil }
      arrays.append(NamedArray(name, rest[position..<position + 4 * count].littleEndianFloats))
      position += 4 * count
    }
    var doubles: [NamedDoubles] = []
    for entry in header["doubles"]?.array ?? [] {
      guard let name = entry["name"]?.string, let count = entry["count"]?.int, count >= 0,
        count <= (rest.endIndex - position) / 8
      else { return nil }
      doubles.append(NamedDoubles(name, rest[position..<position + 8 * count].littleEndianDoubles))
      position += 8 * count
    }
    guard position == rest.endIndex else { return nil }
    self.init(kind: kind, fields: fields, arrays: arrays, doubles: doubles)
  }

  /// The values of a named array; nil if there is none.
  package func array(_ name: String) -> [Float]? {
    arrays.first { $0.name == name }?.values
  }
  /// The values of a named array of doubles; nil if there is none.
  package func doubles(_ name: String) -> [Double]? {
    doubles.first { $0.name == name }?.values
  }
}

extension Data {
  /// IEEE doubles in little-endian byte order.
  var littleEndianDoubles: [Double] {
    withUnsafeBytes { bytes in
      (0..<count / 8).map {
        Double(
          bitPattern: UInt64(
            littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)))
      }
    }
  }
  /// IEEE singles in little-endian byte order.
  var littleEndianFloats: [Float] {
    withUnsafeBytes { bytes in
      (0..<count / 4).map {
        Float(
          bitPattern: UInt32(
            littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
      }
    }
  }
}

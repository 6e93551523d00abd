package import Foundation
internal import RNNSupport

/// Named tensors in the safetensors format (github.com/huggingface/safetensors, version 0.x).
///
/// Read strictly: the header fits the file, offsets cover the data exactly once in some order, every length
/// is that of its shape. Written in one canonical form: tensors in order of their names, header padded with
/// spaces to 8 bytes.
package struct SafeTensors: Hashable, Sendable {
  /// The kind of the elements.
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    case float64 = "F64"
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int64 = "I64"
    case int32 = "I32"
    case int16 = "I16"

    package var bytes: Int {
      switch self {
      case .float64, .int64: 8
      case .float32, .int32: 4
      case .float16, .bfloat16, .int16: 2
      }
    }
  }
  /// Numbers of one kind and their shape.
  package struct Tensor: Hashable, Sendable {
    package var kind: Kind
    package var shape: [Int]
    /// Row-major, little endian.
    package var data: Data

    package init(shape: [Int], floats: [Float]) {
      precondition(shape.reduce(1, *) == floats.count, "\(shape) does not hold \(floats.count)")
      kind = .float32
      self.shape = shape
      data = floats.map(\.bitPattern).littleEndianData
    }
    package init(shape: [Int], integers: [Int32]) {
      precondition(
        shape.reduce(1, *) == integers.count, "\(shape) does not hold \(integers.count)")
      kind = .int32
      self.shape = shape
      data = integers.map { UInt32(bitPattern: $0) }.littleEndianData
    }
    init(kind: Kind, shape: [Int], data: Data) {
      self.kind = kind
      self.shape = shape
      self.data = data
    }

    /// The elements of an `I32` tensor.
    package var integers: [Int32] {
      precondition(kind == .int32, "the elements are \(kind.rawValue)")
      return [Int32](littleEndian: data)
    }
    /// The elements as floats; nearest where a float cannot hold them.
    package var floats: [Float] {
      switch kind {
      case .float64: [UInt64](littleEndian: data).map { Float(Double(bitPattern: $0)) }
      case .float32: [UInt32](littleEndian: data).map(Float.init(bitPattern:))
      case .float16: [UInt16](littleEndian: data).map(Float.init(half:))
      case .bfloat16: [UInt16](littleEndian: data).map(Float.init(brainHalf:))
      case .int64: [Int64](littleEndian: data).map(Float.init)
      case .int32: [Int32](littleEndian: data).map(Float.init)
      case .int16: [Int16](littleEndian: data).map(Float.init)
      }
    }
  }

  /// In order of their names.
  package private(set) var names: [String] = []
  private var tensors: [String: Tensor] = [:]
  /// The texts of `__metadata__`, in order of their keys.
  package var metadata: [(key: String, value: String)] {
    metadataStorage.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
  private var metadataStorage: [String: String] = [:]

  package init() {}
  package subscript(name: String) -> Tensor? { tensors[name] }
  /// Adds a tensor under a new name.
  package mutating func add(_ name: String, _ tensor: Tensor) {
    precondition(tensors.updateValue(tensor, forKey: name) == nil, "\(name) is there twice")
    let i = names.firstIndex { $0 > name } ?? names.count
    names.insert(name, at: i)
  }
  /// Sets a text of the file's `__metadata__`, in the place of an older one.
  package mutating func setMetadata(_ key: String, _ value: String) { metadataStorage[key] = value }

  /// Reads a file.
  ///
  /// - Throws: `ToolError` if it cannot be read; `DiagnosticsEmitted` with one finding if it is damaged.
  package static func read(_ url: URL) throws -> SafeTensors {
    try SafeTensors(parsing: AtomicFile.read(url), path: url.path)
  }

  /// Parses the bytes of a file; `path` stands in the messages.
  package init(parsing file: Data, path: String) throws {
    func fault(_ message: String, at place: String = "") -> DiagnosticsEmitted {
      DiagnosticsEmitted(
        Diagnostic(
          stage: "safetensors", path: place.isEmpty ? path : "\(path):\(place)", message: message,
          fix: "write the file again, or fetch it again"))
    }
    let file = Data(file)
    var reader = ByteReader(file.prefix(8))
    guard reader.remaining == 8 else {
      throw fault("truncated: the header needs 8 bytes, found \(file.count)")
    }
    let promised = reader.integer(UInt64.self)
    guard promised <= 100_000_000 else {
      throw fault("not a safetensors file: a header of \(promised) bytes is impossible")
    }
    let length = Int(promised)
    guard length <= file.count - 8 else {
      throw fault("truncated: the header promises \(length) bytes, found \(file.count - 8)")
    }
    guard length > 0, file[8] == UInt8(ascii: "{") else {
      throw fault("not a safetensors file: the header does not start with {")
    }
    let header: JSONValue
    do {
      header = try JSONValue(parsing: file[8..<8 + length])
    } catch {
      throw fault("the header is not valid JSON: \(error)")
    }
    guard case .object(let members) = header else { throw fault("the header is no object") }
    let body = file.suffix(from: 8 + length)
    var spans: [(name: String, start: Int, end: Int)] = []
    for member in members {
      if member.key == "__metadata__" {
        guard case .object(let entries) = member.value else {
          throw fault("it is no object", at: member.key)
        }
        for entry in entries {
          guard case .string(let text) = entry.value else {
            throw fault("it is no text", at: "\(member.key).\(entry.key)")
          }
          metadataStorage[entry.key] = text
        }
        continue
      }
      do {
        let entry = try Entry(member.value, available: body.count)
        tensors[member.key] = Tensor(
          kind: entry.kind, shape: entry.shape,
          data: Data(body[body.startIndex + entry.start..<body.startIndex + entry.end]))
        spans.append((member.key, entry.start, entry.end))
      } catch {
        throw fault(error.message, at: member.key)
      }
    }
    var at = 0
    for span in spans.sorted(by: { ($0.start, $0.end, $0.name) < ($1.start, $1.end, $1.name) }) {
      if span.start != at {
        throw fault(
          span.start < at
            ? "its data begins at \(span.start), inside another tensor that ends at \(at)"
            : "\(span.start - at) bytes before its data belong to no tensor", at: span.name)
      }
      at = span.end
    }
    if at != body.count { throw fault("\(body.count - at) bytes at the end belong to no tensor") }
    names = tensors.keys.sorted()
  }

  /// The bytes of the file.
  package var data: Data {
    var members: [String] = []
    if !metadataStorage.isEmpty {
      let entries = metadata.map { "\(Self.quoted($0.key)):\(Self.quoted($0.value))" }
      members.append("\"__metadata__\":{\(entries.joined(separator: ","))}")
    }
    var body = Data()
    for name in names {
      guard let tensor = tensors[name] else { continue }
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(Self.quoted(name)):{\"dtype\":\"\(tensor.kind.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(body.count),\(body.count + tensor.data.count)]}")
      body.append(tensor.data)
    }
    var header = Data("{\(members.joined(separator: ","))}".utf8)
    while header.count % 8 != 0 { header.append(0x20) }
    return [UInt64(header.count)].littleEndianData + header + body
  }
  private static func quoted(_ text: String) -> String {
    String(JSONValue.string(text).text.dropLast())
  }
}

/// One member of the header.
private struct Entry {
  var kind: SafeTensors.Kind
  var shape: [Int] = []
  var start: Int
  var end: Int

  struct Fault: Error {
    var message: String
  }

  init(_ value: JSONValue, available: Int) throws(Fault) {
    guard case .object(let members) = value else { throw Fault(message: "it is no object") }
    let known = ["dtype", "shape", "data_offsets"]
    for member in members where !known.contains(member.key) {
      throw Fault(message: "unknown key \"\(member.key)\"")
    }
    guard case .string(let dtype)? = value["dtype"] else {
      throw Fault(message: "\"dtype\" is missing or no text")
    }
    guard let kind = SafeTensors.Kind(rawValue: dtype) else {
      let all = SafeTensors.Kind.allCases.map(\.rawValue).joined(separator: " ")
      throw Fault(message: "elements of kind \"\(dtype)\" are not supported (only \(all))")
    }
    self.kind = kind
    guard let shape = Self.lengths(value["shape"]) else {
      throw Fault(message: "\"shape\" is missing or no list of lengths")
    }
    self.shape = shape
    guard let offsets = Self.lengths(value["data_offsets"]), offsets.count == 2 else {
      throw Fault(message: "\"data_offsets\" is missing or no pair of positions")
    }
    (start, end) = (offsets[0], offsets[1])
    guard start <= end, end <= available else {
      throw Fault(
        message: "its data \(start)..<\(end) is outside the \(available) bytes of the file")
    }
    var bytes = kind.bytes
    for n in shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: n)
      if overflow { throw Fault(message: "its shape \(shape) is impossible") }
      bytes = product
    }
    if bytes != end - start {
      throw Fault(
        message: "its shape \(shape) needs \(bytes) bytes, but its data has \(end - start)")
    }
  }
  private static func lengths(_ value: JSONValue?) -> [Int]? {
    guard case .array(let values)? = value else { return nil }
    var result: [Int] = []
    for value in values {
      guard case .int(let n) = value, n >= 0 else { return nil }
      result.append(n)
    }
    return result
  }
}

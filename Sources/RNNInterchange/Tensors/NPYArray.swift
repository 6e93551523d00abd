package import Foundation
internal import RNNSupport

/// An array in NumPy's `.npy` format (NEP 1), versions 1.0 and 2.0, C order, little endian.
///
/// Read and written are `<f4`, `<f8`, `<i8`, `<i4` and `<i2`; every other kind of element is refused by name.
package struct NPYArray: Hashable, Sendable {
  /// Row-major elements of one kind.
  package enum Elements: Hashable, Sendable {
    case float32([Float])
    case float64([Double])
    case int64([Int64])
    case int32([Int32])
    case int16([Int16])

    package var count: Int {
      switch self {
      case .float32(let e): e.count
      case .float64(let e): e.count
      case .int64(let e): e.count
      case .int32(let e): e.count
      case .int16(let e): e.count
      }
    }
    /// NumPy's name of the kind.
    package var descriptor: String {
      switch self {
      case .float32: "<f4"
      case .float64: "<f8"
      case .int64: "<i8"
      case .int32: "<i4"
      case .int16: "<i2"
      }
    }
  }
  package var shape: [Int]
  package var elements: Elements

  package init(shape: [Int], elements: Elements) {
    precondition(shape.reduce(1, *) == elements.count, "\(shape) does not hold \(elements.count)")
    self.shape = shape
    self.elements = elements
  }

  /// The elements as floats; nearest where a float cannot hold them.
  package var floats: [Float] {
    switch elements {
    case .float32(let e): e
    case .float64(let e): e.map(Float.init)
    case .int64(let e): e.map(Float.init)
    case .int32(let e): e.map(Float.init)
    case .int16(let e): e.map(Float.init)
    }
  }
  /// The elements as integers, or nil for an array of floats.
  package var integers: [Int64]? {
    switch elements {
    case .float32, .float64: nil
    case .int64(let e): e
    case .int32(let e): e.map(Int64.init)
    case .int16(let e): e.map(Int64.init)
    }
  }

  /// Reads a file.
  ///
  /// - Throws: `ToolError` if it cannot be read; `DiagnosticsEmitted` with one finding if it is damaged or of
  ///   a kind that is not supported.
  package static func read(_ url: URL) throws -> NPYArray {
    try NPYArray(parsing: AtomicFile.read(url), path: url.path)
  }

  /// Parses the bytes of a file; `path` stands in the messages.
  package init(parsing data: Data, path: String) throws {
    func fault(_ message: String, _ fix: String = "write the file again with `numpy.save`")
      -> DiagnosticsEmitted
    {
      DiagnosticsEmitted(Diagnostic(stage: "npy", path: path, message: message, fix: fix))
    }
    let data = Data(data)  // so that indices start at 0
    guard data.starts(with: [0x93] + Array("NUMPY".utf8)) else {
      throw fault("not an .npy file: it does not start with \\x93NUMPY")
    }
    var reader = ByteReader(data)
    reader.at = 6
    guard reader.remaining >= 4 else { throw fault("truncated: \(data.count) bytes") }
    let major = Int(reader.integer(UInt8.self))
    let minor = Int(reader.integer(UInt8.self))
    guard minor == 0, major == 1 || major == 2 else {
      throw fault("version \(major).\(minor) is not supported")
    }
    if major == 2, reader.remaining < 4 { throw fault("truncated: \(data.count) bytes") }
    let length = major == 1 ? Int(reader.integer(UInt16.self)) : Int(reader.integer(UInt32.self))
    guard length <= reader.remaining else {
      throw fault("truncated: the header promises \(length) bytes, found \(reader.remaining)")
    }
    let header: NPYHeader
    do {
      header = try NPYHeader(Array(data[reader.at..<reader.at + length]))
    } catch {
      throw fault("the header is damaged: \(error.message)")
    }
    let body = data.suffix(from: reader.at + length)
    let convert = "convert it with `numpy.ascontiguousarray(a, dtype=\"<f4\")`"
    guard let size = ["<f4": 4, "<f8": 8, "<i8": 8, "<i4": 4, "<i2": 2][header.descriptor] else {
      throw fault(
        "elements of kind \"\(header.descriptor)\" are not supported (only <f4 <f8 <i8 <i4 <i2)",
        convert)
    }
    if header.isFortranOrder && header.shape.count > 1 {
      throw fault("Fortran (column-major) order is not supported", convert)
    }
    var bytes = size
    for n in header.shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: n)
      if overflow { throw fault("its shape \(header.shape) is impossible") }
      bytes = product
    }
    if bytes != body.count {
      throw fault(
        "\(bytes > body.count ? "truncated: " : "")the shape \(header.shape) needs \(bytes) bytes, "
          + "found \(body.count)")
    }
    shape = header.shape
    switch header.descriptor {
    case "<f4": elements = .float32([UInt32](littleEndian: body).map(Float.init(bitPattern:)))
    case "<f8": elements = .float64([UInt64](littleEndian: body).map(Double.init(bitPattern:)))
    case "<i8": elements = .int64([Int64](littleEndian: body))
    case "<i4": elements = .int32([Int32](littleEndian: body))
    default: elements = .int16([Int16](littleEndian: body))
    }
  }

  /// The bytes that `numpy.save` would write.
  package var data: Data {
    let list = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var header =
      "{'descr': '\(elements.descriptor)', 'fortran_order': False, 'shape': (\(list)), }"
    // NumPy leaves room for the first length to grow in place, then aligns the elements to 64 bytes.
    if let first = shape.first { header += String(repeating: " ", count: 21 - "\(first)".count) }
    header += String(repeating: " ", count: (64 - (10 + header.utf8.count + 1) % 64) % 64) + "\n"
    precondition(header.utf8.count < 65536, "an array of rank \(shape.count) is not supported")
    var data = Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0])
    data.append([UInt16(header.utf8.count)].littleEndianData)
    data.append(contentsOf: header.utf8)
    switch elements {
    case .float32(let e): data.append(e.map(\.bitPattern).littleEndianData)
    case .float64(let e): data.append(e.map(\.bitPattern).littleEndianData)
    case .int64(let e): data.append(e.littleEndianData)
    case .int32(let e): data.append(e.littleEndianData)
    case .int16(let e): data.append(e.littleEndianData)
    }
    return data
  }
}

/// The header: a Python dictionary of exactly `descr`, `fortran_order` and `shape`.
private struct NPYHeader {
  var descriptor = ""
  var isFortranOrder = false
  var shape: [Int] = []

  struct Fault: Error {
    var message: String
  }
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) throws(Fault) {
    rest = bytes[...]
    var seen: [String] = []
    try expect("{")
    while !accept("}") {
      let key = try string()
      if seen.contains(key) { throw Fault(message: "\"\(key)\" occurs twice") }
      seen.append(key)
      try expect(":")
      switch key {
      case "descr": descriptor = try string()
      case "fortran_order":
        if accept("True") {
          isFortranOrder = true
        } else {
          try expect("False")
        }
      case "shape": try tuple()
      default: throw Fault(message: "unknown key \"\(key)\"")
      }
      if !accept(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    if !rest.isEmpty { throw Fault(message: "text after the dictionary") }
    for key in ["descr", "fortran_order", "shape"] where !seen.contains(key) {
      throw Fault(message: "\"\(key)\" is missing")
    }
  }
  private mutating func tuple() throws(Fault) {
    try expect("(")
    while !accept(")") {
      skipSpace()
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      guard let n = Int(String(decoding: digits, as: UTF8.self)) else {
        throw Fault(message: "expected a length")
      }
      rest = rest.dropFirst(digits.count)
      shape.append(n)
      if shape.count > 32 { throw Fault(message: "more than 32 dimensions") }
      if !accept(",") {
        try expect(")")
        break
      }
    }
  }
  private mutating func skipSpace() {
    rest = rest.drop { $0 == 0x20 || $0 == 0x0A }
  }
  private mutating func accept(_ word: String) -> Bool {
    skipSpace()
    guard rest.starts(with: word.utf8) else { return false }
    rest = rest.dropFirst(word.utf8.count)
    return true
  }
  private mutating func expect(_ word: String) throws(Fault) {
    if !accept(word) { throw Fault(message: "expected \"\(word)\"") }
  }
  private mutating func string() throws(Fault) -> String {
    try expect("'")
    let bytes = rest.prefix { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "'") }
    rest = rest.dropFirst(bytes.count)
    try expect("'")
    return String(decoding: bytes, as: UTF8.self)
  }
}

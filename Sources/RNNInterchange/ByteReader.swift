internal import Foundation

/// Reads little-endian numbers from bytes; every access is checked by the caller through `remaining`.
struct ByteReader {
  let bytes: [UInt8]
  /// The position of the next byte.
  var at = 0
  init(_ data: Data) { bytes = Array(data) }
  var remaining: Int { bytes.count - at }

  mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T {
    let size = MemoryLayout<T>.size
    precondition(remaining >= size, "read of \(size) bytes with \(remaining) left")
    defer { at += size }
    return bytes.withUnsafeBytes {
      T(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: T.self))
    }
  }
  /// Four bytes as ASCII; other bytes as `?`.
  mutating func tag() -> String {
    defer { at += 4 }
    return String(
      bytes[at..<at + 4].map { (0x20...0x7E).contains($0) ? Character(Unicode.Scalar($0)) : "?" })
  }
}

extension Array where Element: FixedWidthInteger {
  /// Elements from little-endian bytes; the count of bytes must be a multiple of the element's size.
  init(littleEndian bytes: Data) {
    self.init(unsafeUninitializedCapacity: bytes.count / MemoryLayout<Element>.size) {
      buffer, count in
      count = buffer.count
      _ = bytes.copyBytes(to: buffer)
      for i in buffer.indices { buffer[i] = Element(littleEndian: buffer[i]) }
    }
  }
  /// The elements as little-endian bytes.
  var littleEndianData: Data {
    map(\.littleEndian).withUnsafeBufferPointer { Data(buffer: $0) }
  }
}

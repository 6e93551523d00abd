internal import CZlib
package import Foundation

/// The files of a ZIP archive (APPNOTE.TXT of PKWARE, without encryption, volumes and ZIP64), unpacked by zlib.
package struct ZipArchive: Sendable {
  /// An archive that is damaged or uses what is not supported.
  package struct Fault: Error, Hashable, Sendable {
    /// What is wrong: lower case, no full stop.
    package var message: String
  }
  private struct Entry {
    var method: Int
    var checksum: UInt32
    var packed: Int
    var size: Int
    var offset: Int
  }
  private let bytes: [UInt8]
  private var entries: [String: Entry] = [:]
  /// The names of the files in the order of the directory.
  package private(set) var names: [String] = []

  /// Reads the directory of an archive.
  package init(_ data: Data) throws(Fault) {
    bytes = Array(data)
    // The last record, 22 bytes and a comment of at most 65535.
    let last = bytes.count - 22
    guard last >= 0,
      let end = stride(from: last, through: max(0, last - 65535), by: -1).first(where: {
        number($0, 4) == 0x0605_4b50 && number($0 + 20, 2) == bytes.count - $0 - 22
      })
    else { throw Fault(message: "it is no ZIP archive, or its end is missing") }
    let (count, size, start) = (number(end + 10, 2), number(end + 12, 4), number(end + 16, 4))
    guard number(end + 4, 4) == 0, count == number(end + 8, 2), start <= end, size <= end - start
    else {
      throw Fault(message: "its directory is damaged, or it has more than one volume or 4 GiB")
    }
    var at = start
    for _ in 0..<count {
      guard start + size - at >= 46, number(at, 4) == 0x0201_4b50 else {
        throw Fault(message: "its directory is damaged")
      }
      let (nameLength, extra, comment) = (
        number(at + 28, 2), number(at + 30, 2), number(at + 32, 2)
      )
      let next = at + 46 + nameLength + extra + comment
      guard next <= start + size else { throw Fault(message: "its directory is damaged") }
      let name = String(decoding: bytes[at + 46..<at + 46 + nameLength], as: UTF8.self)
      guard number(at + 8, 2) & 1 == 0 else { throw Fault(message: "\"\(name)\" is encrypted") }
      let entry = Entry(
        method: number(at + 10, 2), checksum: UInt32(number(at + 16, 4)),
        packed: number(at + 20, 4), size: number(at + 24, 4), offset: number(at + 42, 4))
      guard entries.updateValue(entry, forKey: name) == nil else {
        throw Fault(message: "\"\(name)\" is in it twice")
      }
      names.append(name)
      at = next
    }
  }

  /// What a file may unpack to beside 16 bytes for each packed one.
  ///
  /// Trained weights hardly shrink, and a description is small; only what was made to fill a memory unpacks to more.
  private static let freeBytes = 64 << 20

  /// The contents of a file; nil if the archive has none of this name.
  ///
  /// Length and checksum are checked. The length that the directory promises is judged before anything is unpacked.
  package func contents(_ name: String) throws(Fault) -> Data? {
    guard let entry = entries[name] else { return nil }
    let at = entry.offset
    guard at <= bytes.count - 30, number(at, 4) == 0x0403_4b50 else {
      throw Fault(message: "the head of \"\(name)\" is damaged")
    }
    let start = at + 30 + number(at + 26, 2) + number(at + 28, 2)
    guard start <= bytes.count, entry.packed <= bytes.count - start else {
      throw Fault(message: "\"\(name)\" is cut off")
    }
    let packed = bytes[start..<start + entry.packed]
    let contents: Data
    switch entry.method {
    case 0:
      guard entry.size == entry.packed else { throw Fault(message: "\"\(name)\" is damaged") }
      contents = Data(packed)
    case 8:
      guard entry.size <= Self.freeBytes + 16 * entry.packed else {
        throw Fault(
          message:
            "\"\(name)\" would unpack from \(entry.packed) bytes to \(entry.size), more than any model's"
        )
      }
      guard let data = inflated(packed, size: entry.size) else {
        throw Fault(message: "\"\(name)\" is damaged")
      }
      contents = data
    default:
      throw Fault(message: "\"\(name)\" is packed by method \(entry.method), not by DEFLATE")
    }
    let checksum = contents.withUnsafeBytes {
      UInt32(
        truncatingIfNeeded: crc32_z(0, $0.bindMemory(to: UInt8.self).baseAddress, $0.count))
    }
    // zlib gives 0 for no bytes at all, as the format wants.
    guard checksum == entry.checksum else {
      throw Fault(message: "\"\(name)\" is damaged: its checksum is wrong")
    }
    return contents
  }

  /// A little-endian number that the caller knows to be inside; 0 where it is not.
  private func number(_ at: Int, _ size: Int) -> Int {
    guard at >= 0, at <= bytes.count - size else { return 0 }
    return (0..<size).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
  }

  /// Unpacks exactly `size` bytes; nil if the data are damaged or give another number.
  private func inflated(_ packed: ArraySlice<UInt8>, size: Int) -> Data? {
    var stream = z_stream()
    // A negative number of bits of window asks for data without a head.
    guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return nil }
    defer { inflateEnd(&stream) }
    var input = Array(packed)
    // One byte more than promised shows data that are too long.
    var output = Data(count: size + 1)
    let status = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBytes { output in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.avail_out = UInt32(output.count)
        return inflate(&stream, Z_FINISH)
      }
    }
    guard status == Z_STREAM_END, stream.total_out == size, stream.avail_in == 0 else { return nil }
    output.removeLast()
    return output
  }
}

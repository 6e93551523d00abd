internal import CZlib
package import Foundation

/// The contents of a gzip file (RFC 1952), unpacked by zlib; nil if it is damaged, cut off or none.
///
/// Length and checksum are checked. Only the first member of a file of several is unpacked.
package func gunzip(_ data: Data) -> Data? {
  var stream = z_stream()
  // 15 bits of window; 16 more ask for the gzip format.
  guard
    inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
  else { return nil }
  defer { inflateEnd(&stream) }
  var input = [UInt8](data)
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  var output = Data()
  return input.withUnsafeMutableBufferPointer { input in
    chunk.withUnsafeMutableBufferPointer { chunk in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      while true {
        stream.next_out = chunk.baseAddress
        stream.avail_out = UInt32(chunk.count)
        let status = inflate(&stream, Z_NO_FLUSH)
        output.append(contentsOf: chunk.dropLast(Int(stream.avail_out)))
        if status == Z_STREAM_END { return output }
        // Anything else that is no progress is an error or a missing end.
        guard status == Z_OK, stream.avail_in > 0 || stream.avail_out == 0 else { return nil }
      }
    }
  }
}

internal import CCrypto
package import Foundation

/// SHA-256 (FIPS 180-4) of bytes, as 64 lower-case hexadecimal digits.
package func sha256(_ data: Data) -> String {
  var digest = [UInt8](repeating: 0, count: 32)
  data.withUnsafeBytes { bytes in
    _ = SHA256(bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, &digest)
  }
  let hex = Array("0123456789abcdef")
  return String(digest.flatMap { [hex[Int($0 >> 4)], hex[Int($0 & 15)]] })
}

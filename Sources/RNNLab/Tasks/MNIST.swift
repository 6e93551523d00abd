package import Foundation
package import RNNLearning
internal import RNNSupport

/// The MNIST digits from a folder with the four files of the original distribution, packed (`.gz`) or not.
package struct MNIST: Sendable {
  /// Pixels in a row and in a column.
  package static let side = 28
  private let folder: URL

  package init(folder: URL) { self.folder = folder }

  /// The first images of both sets as sequences of 28 rows of 28 pixels in 0...1.
  ///
  /// - Throws: `ToolError` for a missing file, `DiagnosticsEmitted` for one that is no MNIST file.
  package func rows(training: Int, test: Int) throws -> (training: SequenceSet, test: SequenceSet) {
    (
      try set("train", count: training),
      try set("t10k", count: test)
    )
  }

  private func set(_ prefix: String, count: Int) throws -> SequenceSet {
    let size = Self.side * Self.side
    let images = try contents("\(prefix)-images-idx3-ubyte", magic: 0x803, itemBytes: size)
    let labels = try contents("\(prefix)-labels-idx1-ubyte", magic: 0x801, itemBytes: 1)
    let used = min(count, labels.count, images.count / size)
    return SequenceSet(
      features: Self.side,
      sequences: (0..<used).map { i in
        images[i * size..<(i + 1) * size].map { Float($0) / 255 }
      }, labels: labels.prefix(used).map(Int.init))
  }

  /// The bytes after the header of an IDX file: a magic number and one big-endian size a dimension.
  private func contents(_ name: String, magic: Int, itemBytes: Int) throws -> [UInt8] {
    let plain = folder.appendingPathComponent(name)
    let packed = plain.appendingPathExtension("gz")
    let isPacked = !FileManager.default.fileExists(atPath: plain.path)
    let url = isPacked ? packed : plain
    var data = try AtomicFile.read(url)
    if isPacked {
      guard let unpacked = gunzip(data) else { throw fault(url, "is no gzip file") }
      data = unpacked
    }
    let bytes = [UInt8](data)
    func word(_ at: Int) -> Int { bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
    let header = 4 + 4 * (magic & 0xff)
    guard bytes.count >= header, word(0) == magic, bytes.count == header + word(4) * itemBytes
    else { throw fault(url, "is no MNIST file") }
    return Array(bytes[header...])
  }

  private func fault(_ url: URL, _ message: String) -> DiagnosticsEmitted {
    DiagnosticsEmitted(
      Diagnostic(
        stage: "data", path: url.path, message: message,
        fix: "give the folder of the original MNIST files"))
  }
}

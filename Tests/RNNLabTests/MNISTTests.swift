import Foundation
import RNNLab
import RNNLearning
import RNNSupport
import Testing
import _RNNTestSupport

@Suite struct MNISTTests {
  /// What zlib made of the beginning of `text`: stored, fixed codes, codes of its own, and a file with a name.
  private static let packed: [(count: Int, base64: String)] = [
    (
      60,
      "H4sIAAAAAAAEAwE8AMP/dGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZy4gdGhlIHF1aWNrIGJyb3du0fKcYzwAAAA="
    ),
    (
      200,
      "H4sIAAAAAAACAyvJSFUoLM1MzlZIKsovz1NIy69QyCrNLShWyC9LLVIoAUrnJFZVKqTkp+uBeYNUMQAwYbYbyAAAAA=="
    ),
    (
      796,
      "H4sIAAAAAAACAyvJSFUoLM1MzlZIKsovz1NIy69QyCrNLShWyC9LLVIoAUrnJFZVKqTkp+uBeaOKR4xiBkYmZhZWNnYOTi5uHl4+fgFBIWERUTFxCUkpaRlZOXkFRSVlFVU1dQ1NLW0dXT19A0MjYxNTM3MLSytrG1s7ewdHJ2cXVzd3D08vbx9fP/+AwKDgkNCw8IjIqOiY2Lj4hMSk5JTUtPSMzKzsnNy8/ILCouKS0rLyisqq6prauvqGxqbmlta29o7Oru6e3r7+CRMnTZ4yddr0GTNnzZ4zd978BQsXLV6ydNnyFStXrV6zdt36DRs3bd6yddv2HTt37d6zd9/+AwcPHT5y9NjxEydPnT5z9tz5CxcvXb5y9dr1Gzdv3b5z9979Bw8fPX7y9NnzFy9fvX7z9t37Dx8/ff7y9dv3Hz9//f7z999/AFB+oCgcAwAA"
    ),
    (
      60,
      "H4sICAAAAAAC/2EudHh0ACvJSFUoLM1MzlZIKsovz1NIy69QyCrNLShWyC9LLVIoAUrnJFZVKqTkp+uBeUiKAdHynGM8AAAA"
    ),
  ]
  private static let text =
    [UInt8](String(repeating: "the quick brown fox jumps over the lazy dog. ", count: 12).utf8)
    + (0...255).map { UInt8($0) }

  @Test(arguments: packed.indices)
  func unpacksWhatZlibPacked(_ i: Int) throws {
    let data = try #require(Data(base64Encoded: Self.packed[i].base64))
    #expect(gunzip(data) == Data(Self.text.prefix(Self.packed[i].count)))
    // Cut off, it is refused at every place.
    for count in 0..<data.count { #expect(gunzip(data.prefix(count)) == nil) }
  }

  /// The files of a set of two images: row r of image i holds i + r in its first pixel.
  private func write(_ prefix: String, _ folder: URL, labels: [UInt8]) throws {
    func word(_ n: Int) -> [UInt8] { [0, 0, UInt8(n >> 8), UInt8(n & 255)] }
    var images = word(0x803) + word(labels.count) + word(28) + word(28)
    for i in labels.indices {
      for r in 0..<28 {
        images += [UInt8(i + r)] + [UInt8](repeating: 255, count: 27)
      }
    }
    try AtomicFile.write(
      Data(images), to: folder.appendingPathComponent("\(prefix)-images-idx3-ubyte"))
    try AtomicFile.write(
      Data(word(0x801) + word(labels.count) + labels),
      to: folder.appendingPathComponent("\(prefix)-labels-idx1-ubyte"))
  }

  @Test func imagesBecomeSequencesOfRows() throws {
    try withTemporaryFolder { folder in
      try write("train", folder, labels: [7, 0, 9])
      try write("t10k", folder, labels: [4])
      let sets = try MNIST(folder: folder).rows(training: 2, test: 5)
      #expect(sets.training.targets == [.label(7), .label(0)])
      #expect(sets.test.targets == [.label(4)])
      #expect(sets.training.features == 28 && sets.training.steps(1) == 28)
      #expect(sets.training.sequences[1][3 * 28] == 4.0 / 255)
      #expect(sets.training.sequences[1][3 * 28 + 1] == 1)
    }
  }

  @Test func aMissingOrForeignFileIsNamed() throws {
    try withTemporaryFolder { folder in
      #expect(throws: ToolError.self) { try MNIST(folder: folder).rows(training: 1, test: 1) }
      try write("train", folder, labels: [1])
      try write("t10k", folder, labels: [1])
      let bad = folder.appendingPathComponent("t10k-labels-idx1-ubyte")
      try AtomicFile.write(Data([0, 0, 8, 3, 0, 0, 0, 1, 1]), to: bad)
      do {
        _ = try MNIST(folder: folder).rows(training: 1, test: 1)
        Issue.record("a foreign file was read")
      } catch let error as DiagnosticsEmitted {
        #expect("\(error)".contains("t10k-labels-idx1-ubyte"))
      }
    }
  }
}

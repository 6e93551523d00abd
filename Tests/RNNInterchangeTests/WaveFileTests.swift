import Foundation
import RNNInterchange
import RNNSupport
import Testing

@Suite struct WaveFileTests {
  /// A WAV file built by hand from its fields.
  static func wav(
    format: Int = 1, channels: Int = 1, rate: Int = 8000, bits: Int = 16, body: [UInt8],
    before: [UInt8] = []
  ) -> Data {
    func le(_ value: Int, _ n: Int) -> [UInt8] {
      (0..<n).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let align = channels * bits / 8
    var chunks: [UInt8] = Array("WAVE".utf8) + before + Array("fmt ".utf8) + le(16, 4)
    chunks += le(format, 2) + le(channels, 2) + le(rate, 4) + le(rate * align, 4)
    chunks += le(align, 2) + le(bits, 2) + Array("data".utf8) + le(body.count, 4) + body
    if body.count % 2 == 1 { chunks.append(0) }
    return Data(Array("RIFF".utf8) + le(chunks.count, 4) + chunks)
  }
  static let path = "d/x.wav"
  static func samples(_ data: Data) throws -> [Float] {
    try WaveFile(parsing: data, path: path).samples
  }

  @Test func readsEveryWidth() throws {
    #expect(try Self.samples(Self.wav(bits: 8, body: [0, 128, 255])) == [-1, 0, 127 / 128])
    #expect(
      try Self.samples(Self.wav(body: [0, 0x80, 0xFF, 0x7F, 1, 0]))
        == [-1, 32767 / 32768, 1 / 32768])
    #expect(
      try Self.samples(Self.wav(bits: 24, body: [0, 0, 0x80, 0xFF, 0xFF, 0xFF, 1, 2, 0x40]))
        == [-1, -0x1p-23, 0x400201 * 0x1p-23])
    #expect(try Self.samples(Self.wav(bits: 32, body: [0, 0, 0, 0xC0])) == [-0.5])
    #expect(try Self.samples(Self.wav(format: 3, bits: 32, body: [0, 0, 0x40, 0xC0])) == [-3])
  }

  @Test func skipsOtherChunksWithPadding() throws {
    let list = Array("LIST".utf8) + [3, 0, 0, 0, 1, 2, 3, 0]
    #expect(try Self.samples(Self.wav(body: [1, 0], before: list)) == [0x1p-15])
  }

  @Test func writesWhatItReads() throws {
    let data = Self.wav(rate: 44100, body: [0, 0x80, 0xFF, 0x7F, 1, 0, 0xFE, 0xFF])
    let wave = try WaveFile(parsing: data, path: "x")
    #expect(wave.sampleRate == 44100)
    #expect(wave.data == data)
    #expect(
      try Self.samples(WaveFile(sampleRate: 1, samples: [2, -2]).data) == [32767 / 32768, -1])
  }

  @Test func eachFaultHasOneClearMessage() {
    let good = Self.wav(body: [1, 0, 2, 0])
    func refused(_ data: Data, _ message: String, rate: Int? = nil, line: Int = #line) {
      expectDiagnostic(
        Self.path, message,
        sourceLocation: SourceLocation(
          fileID: #fileID, filePath: #filePath, line: line, column: 1)
      ) { try WaveFile(parsing: data, path: Self.path, sampleRate: rate) }
    }
    refused(Data(), "the file is empty")
    refused(Data("hello, world".utf8), "not a WAV file: it starts with \"hell\"")
    refused(good.prefix(10), "truncated")
    refused(good.prefix(40), "truncated: the header promises 48 bytes, found 40")
    refused(good + [1], "1 bytes follow")
    refused(Self.wav(channels: 2, body: [1, 0, 2, 0]), "it has 2 channels")
    refused(good, "sample rate is 8000 Hz, but the features need 16000 Hz", rate: 16000)
    refused(Self.wav(body: []), "\"data\" chunk is empty")
    refused(Self.wav(body: [1, 0, 2]), "3 bytes of data are not whole samples")
    refused(Self.wav(bits: 12, body: [1, 0]), "samples of 12 bits are not supported")
    refused(Self.wav(format: 7, bits: 8, body: [1]), "mu-law")
    refused(Self.wav(format: 85, body: [1, 0]), "encoding 85 is not supported")
    refused(Self.wav(format: 3, bits: 32, body: [0, 0, 0xC0, 0x7F]), "sample 0 is nan")
    refused(Self.wav(rate: 0, body: [1, 0]), "rate is 0")
    let noData = Data(Array("RIFF".utf8) + [4, 0, 0, 0] + Array("WAVE".utf8))
    refused(noData, "it has no \"fmt \" chunk")
    var huge = good
    huge.replaceSubrange(40..<44, with: [0xFF, 0xFF, 0xFF, 0xFF])
    refused(huge, "chunk \"data\" promises 4294967295 bytes, found 4")
  }

  @Test func aMissingFileIsNamed() {
    let text = errorText { try WaveFile.read(URL(fileURLWithPath: "/nowhere/a.wav")) }
    #expect(text.contains("/nowhere/a.wav") && text.contains("no such file"), "\(text)")
  }

  @Test func mutantsNeverCrash() {
    let data = Self.wav(body: [1, 0, 2, 0, 3, 0], before: Array("LIST".utf8) + [2, 0, 0, 0, 1, 2])
    #expect(acceptedMutants(of: data) { try WaveFile(parsing: $0, path: "x") } > 0)
    for n in 0..<data.count {
      #expect(throws: DiagnosticsEmitted.self) {
        try WaveFile(parsing: data.prefix(n), path: "x")
      }
    }
  }
}

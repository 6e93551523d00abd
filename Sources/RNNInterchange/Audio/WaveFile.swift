package import Foundation
internal import RNNSupport

/// One channel of audio from a RIFF/WAVE file.
///
/// Read are integer PCM of 8 (unsigned), 16, 24 and 32 bits and IEEE float of 32 bits, plain or as
/// WAVE_FORMAT_EXTENSIBLE (Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0";
/// Microsoft, "Multiple channel audio data and WAVE files"). Anything else is refused by name.
package struct WaveFile: Hashable, Sendable {
  /// Samples per second.
  package var sampleRate: Int
  package var bitsPerSample: Int
  /// Integer samples divided by 2^(bits - 1), so in [-1, 1); float samples as they are.
  package var samples: [Float]

  /// Reads a file.
  ///
  /// - Parameter sampleRate: the rate that the caller needs; nil accepts any.
  /// - Throws: `ToolError` if the file cannot be read; `DiagnosticsEmitted` with one finding that names the
  ///   file, the value and the remedy if it is no mono WAV file, is damaged, is empty, or has another rate.
  package static func read(_ url: URL, sampleRate: Int? = nil) throws -> WaveFile {
    try WaveFile(parsing: AtomicFile.read(url), path: url.path, sampleRate: sampleRate)
  }

  /// Parses the bytes of a file; `path` stands in the messages.
  package init(parsing data: Data, path: String, sampleRate wanted: Int? = nil) throws {
    func fault(_ message: String, fix: String) -> DiagnosticsEmitted {
      DiagnosticsEmitted(Diagnostic(stage: "audio", path: path, message: message, fix: fix))
    }
    let convert = "convert it to mono PCM, for example with `sox IN.wav -c 1 -b 16 OUT.wav`"
    let fetch = "copy or record the file again"
    var reader = ByteReader(data)
    if data.isEmpty { throw fault("the file is empty", fix: fetch) }
    guard reader.remaining >= 4 else {
      throw fault("not a WAV file: it has \(data.count) bytes", fix: convert)
    }
    let magic = reader.tag()
    if magic != "RIFF" { throw fault("not a WAV file: it starts with \"\(magic)\"", fix: convert) }
    guard reader.remaining >= 8 else {
      throw fault("truncated: the RIFF header needs 12 bytes, found \(data.count)", fix: fetch)
    }
    let riffSize = Int(reader.integer(UInt32.self))
    if riffSize + 8 > data.count {
      throw fault(
        "truncated: the header promises \(riffSize + 8) bytes, found \(data.count)", fix: fetch)
    }
    if riffSize + 8 + (riffSize & 1) < data.count {
      throw fault(
        "\(data.count - riffSize - 8) bytes follow the \(riffSize + 8) that the header promises",
        fix: fetch)
    }
    let form = reader.tag()
    if form != "WAVE" {
      throw fault("not a WAV file: a RIFF file of form \"\(form)\"", fix: convert)
    }

    var format: Format?
    var body: Range<Int>?
    while reader.remaining >= 8 {
      let id = reader.tag()
      let size = Int(reader.integer(UInt32.self))
      if size > reader.remaining {
        throw fault(
          "truncated: chunk \"\(id)\" promises \(size) bytes, found \(reader.remaining)", fix: fetch
        )
      }
      let end = reader.at + size
      switch id {
      case "fmt ":
        if format != nil { throw fault("it has two \"fmt \" chunks", fix: convert) }
        do {
          format = try Format(&reader, size: size)
        } catch {
          throw fault(error.message, fix: convert)
        }
      case "data":
        if format == nil { throw fault("the \"data\" chunk comes before \"fmt \"", fix: convert) }
        if body != nil { throw fault("it has two \"data\" chunks", fix: convert) }
        body = reader.at..<end
      default: break  // The standard lets a reader skip chunks that say nothing about the samples.
      }
      reader.at = min(end + (size & 1), data.count)
    }
    if reader.remaining > 0 {
      throw fault("truncated: \(reader.remaining) bytes of a chunk header at the end", fix: fetch)
    }
    guard let format, let body else {
      throw fault("it has no \"\(format == nil ? "fmt " : "data")\" chunk", fix: fetch)
    }
    if format.channels != 1 {
      throw fault(
        "it has \(format.channels) channels, but one is needed",
        fix: "mix it to mono, for example with `sox IN.wav OUT.wav remix -`")
    }
    if let wanted, format.sampleRate != wanted {
      throw fault(
        "its sample rate is \(format.sampleRate) Hz, but the features need \(wanted) Hz",
        fix: "resample it, for example with `sox IN.wav -r \(wanted) OUT.wav`")
    }
    if body.isEmpty { throw fault("its \"data\" chunk is empty", fix: fetch) }
    let bytesPerSample = format.bits / 8
    if body.count % bytesPerSample != 0 {
      throw fault(
        "truncated: \(body.count) bytes of data are not whole samples of \(bytesPerSample) bytes",
        fix: fetch)
    }
    self.sampleRate = format.sampleRate
    bitsPerSample = format.bits
    reader.at = body.lowerBound
    let count = body.count / bytesPerSample
    samples = []
    samples.reserveCapacity(count)
    for i in 0..<count {
      let sample: Float
      switch (format.bits, format.isFloat) {
      case (8, _): sample = (Float(reader.integer(UInt8.self)) - 128) * 0x1p-7
      case (16, _): sample = Float(reader.integer(Int16.self)) * 0x1p-15
      case (24, _):
        let low = Int32(reader.integer(UInt16.self))
        sample = Float(low | Int32(reader.integer(Int8.self)) << 16) * 0x1p-23
      case (_, false): sample = Float(reader.integer(Int32.self)) * 0x1p-31
      case (_, true): sample = Float(bitPattern: reader.integer(UInt32.self))
      }
      if !sample.isFinite { throw fault("sample \(i) is \(sample)", fix: fetch) }
      samples.append(sample)
    }
  }

  /// The bytes of a 16-bit mono PCM file; samples are rounded half to even and saturate.
  package var data: Data {
    let codes = samples.map { sample -> Int16 in
      precondition(sample.isFinite, "a sample must be finite")
      return Int16(
        saturating: Double(min(max((sample * 0x1p15).rounded(.toNearestOrEven), -32768), 32767)))
    }
    var data = Data("RIFF".utf8)
    func append(_ value: Int, bytes: Int) {
      for i in 0..<bytes { data.append(UInt8(truncatingIfNeeded: value >> (8 * i))) }
    }
    append(36 + 2 * codes.count, bytes: 4)
    data.append(contentsOf: "WAVEfmt ".utf8)
    append(16, bytes: 4)
    append(1, bytes: 2)
    append(1, bytes: 2)
    append(sampleRate, bytes: 4)
    append(2 * sampleRate, bytes: 4)
    append(2, bytes: 2)
    append(16, bytes: 2)
    data.append(contentsOf: "data".utf8)
    append(2 * codes.count, bytes: 4)
    data.append(codes.littleEndianData)
    return data
  }
  package init(sampleRate: Int, samples: [Float]) {
    self.sampleRate = sampleRate
    bitsPerSample = 16
    self.samples = samples
  }
}

/// The `fmt ` chunk.
private struct Format {
  var channels: Int
  var sampleRate: Int
  var bits: Int
  var isFloat: Bool

  struct Fault: Error {
    var message: String
  }

  init(_ reader: inout ByteReader, size: Int) throws(Fault) {
    guard size >= 16 else {
      throw Fault(message: "its \"fmt \" chunk has \(size) bytes instead of at least 16")
    }
    var tag = reader.integer(UInt16.self)
    channels = Int(reader.integer(UInt16.self))
    sampleRate = Int(reader.integer(UInt32.self))
    _ = reader.integer(UInt32.self)  // Bytes per second: redundant, and often wrong in practice.
    let blockAlign = Int(reader.integer(UInt16.self))
    bits = Int(reader.integer(UInt16.self))
    if tag == 0xFFFE {
      guard size >= 40 else {
        throw Fault(message: "its extensible \"fmt \" chunk has \(size) bytes instead of 40")
      }
      reader.at += 8  // Size of the extension, valid bits, channel mask.
      tag = reader.integer(UInt16.self)
    }
    switch (tag, bits) {
    case (1, 8), (1, 16), (1, 24), (1, 32): isFloat = false
    case (3, 32): isFloat = true
    case (1, _), (3, _): throw Fault(message: "samples of \(bits) bits are not supported")
    case (6, _), (7, _):
      throw Fault(message: "\(tag == 6 ? "A" : "mu")-law samples are not supported")
    default: throw Fault(message: "encoding \(tag) is not supported")
    }
    if channels == 0 { throw Fault(message: "it has 0 channels") }
    if sampleRate == 0 { throw Fault(message: "its sample rate is 0 Hz") }
    if blockAlign != channels * bits / 8 {
      throw Fault(
        message: "its frames have \(blockAlign) bytes instead of \(channels * bits / 8)")
    }
  }
}

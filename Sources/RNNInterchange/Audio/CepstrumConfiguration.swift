package import Foundation
internal import RNNSupport

/// The parameters of a Mycroft Precise model, the file `MODEL.pb.params` beside the model.
package struct CepstrumConfiguration: Hashable, Sendable {
  package var sampleRate: Int
  /// Samples that a frame takes, of which only the first `fftSize` count.
  package var windowSamples: Int
  /// Samples between two frames.
  package var hopSamples: Int
  /// Points of the transform, a power of two.
  package var fftSize: Int
  package var filters: Int
  package var coefficients: Int
  /// Frames that the network sees at once.
  package var bufferFrames: Int

  package init(
    sampleRate: Int, windowSamples: Int, hopSamples: Int, fftSize: Int, filters: Int,
    coefficients: Int, bufferFrames: Int
  ) {
    self.sampleRate = sampleRate
    self.windowSamples = windowSamples
    self.hopSamples = hopSamples
    self.fftSize = fftSize
    self.filters = filters
    self.coefficients = coefficients
    self.bufferFrames = bufferFrames
  }

  /// Reads the JSON that Precise writes; times are in seconds.
  ///
  /// - Throws: `ToolError` if it cannot be read; `DiagnosticsEmitted` for features that are not computed here.
  package static func read(_ url: URL) throws -> CepstrumConfiguration {
    let data = try AtomicFile.read(url)
    func fault(_ place: String, _ message: String, _ fix: String) -> DiagnosticsEmitted {
      DiagnosticsEmitted(
        Diagnostic(
          stage: "features", path: "\(url.relativePath):\(place)", message: message, fix: fix))
    }
    let json: JSONValue
    do {
      json = try JSONValue(parsing: data)
    } catch {
      throw fault("", "not valid JSON: \(error)", "copy the file again")
    }
    func number(_ key: String) throws -> Double {
      guard let value = json[key]?.number, value > 0, value < 1e9 else {
        throw fault("/\(key)", "it is missing or no positive number", "copy the file again")
      }
      return value
    }
    func whole(_ key: String) throws -> Int {
      let value = try number(key)
      guard let whole = Int(exactly: value) else {
        throw fault("/\(key)", "\(value) is no whole number", "copy the file again")
      }
      return whole
    }
    // Precise's numbers: 1 log-mel, 2 cepstra, 3 cepstra of another library.
    guard json["vectorizer"]?.int == 2 else {
      throw fault(
        "/vectorizer", "\(json["vectorizer"]?.text ?? "nothing") is not supported",
        "use a model with vectorizer 2, mel cepstra of Sonopy")
    }
    guard json["use_delta"] == .bool(false) else {
      throw fault("/use_delta", "differences are not supported", "use a model without them")
    }
    let rate = try number("sample_rate")
    func samples(_ key: String) throws -> Int {
      let seconds = try number(key)
      return try Int(
        checked: rate * seconds, in: 0...1 << 24,
        Diagnostic(
          stage: "features", path: "\(url.relativePath):/\(key)",
          message: "\(seconds) s at \(rate) Hz are not supported", fix: "copy the file again"))
    }
    let window = try samples("window_t")
    let hop = try samples("hop_t")
    let buffer = try samples("buffer_t")
    guard hop > 0, window > 0, buffer / hop * hop >= window else {
      throw fault("/buffer_t", "the buffer is shorter than a window", "copy the file again")
    }
    let configuration = CepstrumConfiguration(
      sampleRate: try whole("sample_rate"), windowSamples: window, hopSamples: hop,
      fftSize: try whole("n_fft"), filters: try whole("n_filt"),
      coefficients: try whole("n_mfcc"), bufferFrames: 1 + (buffer / hop * hop - window) / hop
    )
    try configuration.check(path: url.relativePath)
    return configuration
  }

  /// Refuses values that no front end can have.
  func check(path: String) throws {
    var sink = DiagnosticSink(stage: "features")
    if fftSize < 4 || fftSize > 65536 || fftSize.nonzeroBitCount != 1 {
      sink.error(
        "\(path):/n_fft", "\(fftSize) points are not supported",
        fix: "use a power of two from 4 to 65536")
    }
    if !(1...max(1, fftSize / 2 - 1)).contains(filters) {
      sink.error("\(path):/n_filt", "\(filters) filters are not supported", fix: "use 20")
    }
    if !(1...max(1, filters)).contains(coefficients) {
      sink.error(
        "\(path):/n_mfcc", "\(coefficients) coefficients cannot be made of \(filters) filters",
        fix: "use 1 to \(filters)")
    }
    for (name, value) in [
      ("sample_rate", sampleRate), ("window_t", windowSamples), ("hop_t", hopSamples),
      ("buffer_t", bufferFrames),
    ] where value < 1 || value > 1 << 24 {
      sink.error("\(path):/\(name)", "\(value) is not supported", fix: "copy the file again")
    }
    try sink.throwIfErrors()
  }
}

import Foundation
import RNNInterchange
import RNNSupport
import Testing
import _RNNTestSupport

/// The front end of wake-word models against NumPy (Tests/Vectors/interchange/make.py).
@Suite struct CepstrumTests {
  private static let precise = CepstrumConfiguration(
    sampleRate: 16000, windowSamples: 1600, hopSamples: 800, fftSize: 512, filters: 20,
    coefficients: 13, bufferFrames: 29)
  private static let dense = CepstrumConfiguration(
    sampleRate: 8000, windowSamples: 200, hopSamples: 77, fftSize: 256, filters: 33,
    coefficients: 33, bufferFrames: 4)
  private func samples() throws -> [Float] {
    try WaveFile.read(FrontEndTests.audio, sampleRate: 8000).samples
  }

  @Test(arguments: [("precise", precise), ("dense", dense)])
  func equalsNumPy(_ name: String, _ configuration: CepstrumConfiguration) throws {
    let expected = try NPYArray.read(vectors.appendingPathComponent("cepstra-\(name).npy"))
    let found = try CepstrumFrontEnd(configuration, path: "x").features(samples())
    #expect(expected.shape == [found.count, configuration.coefficients])
    #expect(found.count >= 3)
    let error = zip(found.joined(), expected.floats).map { abs($0 - Double($1)) }.max() ?? 1
    #expect(error < 5e-6, "\(error)")
  }

  @Test func theBufferStartsWithZerosAndMovesFrameByFrame() throws {
    let frontEnd = try CepstrumFrontEnd(Self.dense, path: "x")
    let all = try samples()
    let frames = frontEnd.features(all)
    let windows = frontEnd.windows(all)
    #expect(windows.count == frames.count && windows.allSatisfy { $0.count == 4 })
    let zeros = [Double](repeating: 0, count: 33)
    #expect(windows[0] == [zeros, zeros, zeros, frames[0]])
    #expect(windows[1] == [zeros, zeros, frames[0], frames[1]])
    #expect(windows[7] == Array(frames[4...7]))
    // A frame needs its window and nothing after it; less than a window gives nothing.
    #expect(frontEnd.features(Array(all.prefix(200 + 77))) == Array(frames.prefix(2)))
    #expect(frontEnd.features(Array(all.prefix(199))).isEmpty)
  }

  @Test func parametersOfPreciseAreRead() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("x.pb.params")
      let text =
        #"{"window_t": 0.1, "hop_t": 0.05, "buffer_t": 1.5, "sample_rate": 16000, "sample_depth": 2, "n_mfcc": 13, "n_filt": 20, "n_fft": 512, "use_delta": false, "vectorizer": 2}"#
      try Data(text.utf8).write(to: url)
      #expect(try CepstrumConfiguration.read(url) == Self.precise)
      for (old, new, named) in [
        ("\"vectorizer\": 2", "\"vectorizer\": 1", "/vectorizer"),
        ("\"use_delta\": false", "\"use_delta\": true", "/use_delta"),
        ("\"n_fft\": 512", "\"n_fft\": 500", "/n_fft"), ("512", "512.5", "/n_fft"),
        ("\"n_mfcc\": 13", "\"n_mfcc\": 21", "/n_mfcc"), ("0.05", "0", "/hop_t"),
        ("\"buffer_t\": 1.5, ", "", "/buffer_t"), ("1.5", "0.05", "/buffer_t"), ("{", "[", ""),
      ] {
        try Data(text.replacingOccurrences(of: old, with: new).utf8).write(to: url)
        let error = try #require(throws: DiagnosticsEmitted.self) {
          try CepstrumConfiguration.read(url)
        }
        #expect(error.description.contains("x.pb.params:\(named)"), "\(error)")
      }
    }
  }
}

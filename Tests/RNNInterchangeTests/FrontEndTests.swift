import Foundation
import RNNInterchange
import RNNSupport
import Testing
import _RNNTestSupport

@Suite struct FrontEndTests {
  static let audio = packageRoot.appendingPathComponent("Examples/digits/recordings/7_theo_0.wav")
  static let cases: [(String, FrontEndConfiguration)] = [
    ("logmel", FrontEndConfiguration()),
    (
      "mfcc",
      FrontEndConfiguration(melBands: 26, minFrequency: 0, preEmphasis: 0, cepstra: 13, deltas: 2)
    ),
    (
      "odd",
      FrontEndConfiguration(
        windowMilliseconds: 23.125, hopMilliseconds: 7.875, fftSize: 1024, melBands: 7,
        maxFrequency: 3333.5, logFloor: 1e-3, cepstra: 7, deltas: 1, utteranceMean: true)
    ),
  ]

  @Test(arguments: cases)
  func equalsNumPy(name: String, configuration: FrontEndConfiguration) throws {
    let expected = try NPYArray.read(vectors.appendingPathComponent("features-\(name).npy"))
    let wave = try WaveFile.read(Self.audio, sampleRate: 8000)
    let got = try LogMelFrontEnd(configuration).features(wave.samples, path: "x")
    #expect(expected.shape == [got.count / configuration.featureCount, configuration.featureCount])
    #expect(got.count > 100)
    let error = zip(got, expected.floats).map { abs($0 - $1) }.max() ?? .infinity
    #expect(error < 2e-6, "\(error)")
  }

  @Test func aFrameDependsOnPastSamplesOnly() throws {
    let frontEnd = try LogMelFrontEnd(FrontEndConfiguration(deltas: 2))
    let wave = try WaveFile.read(Self.audio, sampleRate: 8000)
    let all = try frontEnd.features(wave.samples, path: "x")
    for frames in [1, 2, 3, 10] {
      let enough = Array(wave.samples.prefix(200 + 80 * (frames - 1)))
      let some = try frontEnd.features(enough, path: "x")
      #expect(some == Array(all.prefix(frames * frontEnd.featureCount)))
      let fewer = enough.dropLast()
      if frames > 1 {
        #expect(try frontEnd.features(Array(fewer), path: "x").count < some.count)
      }
    }
  }

  @Test func normalisationGivesMeanZeroAndDeviationOne() throws {
    let configuration = FrontEndConfiguration(melBands: 5)
    let wave = try WaveFile.read(Self.audio, sampleRate: 8000)
    let raw = try LogMelFrontEnd(configuration).features(wave.samples, path: "x")
    let half = raw.count / 10 * 5
    let normalisation = FeatureNormalisation(
      fitting: [Array(raw[..<half]), Array(raw[half...])], features: 5)
    let frontEnd = try LogMelFrontEnd(configuration, normalisation: normalisation)
    let features = try frontEnd.features(wave.samples, path: "x")
    for f in 0..<5 {
      let column = stride(from: f, to: features.count, by: 5).map { Double(features[$0]) }
      let mean = column.reduce(0, +) / Double(column.count)
      let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(column.count)
      #expect(abs(mean) < 1e-5)
      #expect(abs(variance - 1) < 1e-5)
    }
    #expect(FeatureNormalisation(fitting: [[3, 1, 3, 2]], features: 2).deviation == [1, 0.5])
  }

  @Test func silenceGivesTheFloor() throws {
    let features = try LogMelFrontEnd(FrontEndConfiguration())
      .features([Float](repeating: 0, count: 400), path: "x")
    #expect(features.allSatisfy { $0 == Float(log(1e-6)) })
  }

  @Test func impossibleValuesAreNamed() {
    let cases: [(FrontEndConfiguration, String)] = [
      (FrontEndConfiguration(sampleRate: 2_000_000), "sampleRate: a rate of 2000000 Hz"),
      (FrontEndConfiguration(windowMilliseconds: 25.01), "25.01 ms at 8000 Hz are 200.08 samples"),
      (FrontEndConfiguration(hopMilliseconds: 0), "hopMilliseconds"),
      (FrontEndConfiguration(hopMilliseconds: .nan), "hopMilliseconds"),
      (FrontEndConfiguration(fftSize: 300), "fftSize: 300 points are not supported"),
      (FrontEndConfiguration(fftSize: 128), "128 points are fewer than the 200 samples"),
      (FrontEndConfiguration(melBands: 0), "melBands: 0 bands"),
      (FrontEndConfiguration(melBands: 300), "lies between two points"),
      (FrontEndConfiguration(minFrequency: 4000), "minFrequency: 4000.0 Hz"),
      (FrontEndConfiguration(maxFrequency: 4001), "maxFrequency: 4001.0 Hz exceeds"),
      (FrontEndConfiguration(preEmphasis: 1), "preEmphasis: 1.0"),
      (FrontEndConfiguration(logFloor: 0), "logFloor: 0.0"),
      (FrontEndConfiguration(cepstra: 25), "cepstra: 25 cepstra"),
      (FrontEndConfiguration(deltas: 3), "deltas: order 3"),
    ]
    for (configuration, message) in cases {
      expectDiagnostic(message) { try LogMelFrontEnd(configuration) }
    }
    expectDiagnostic("1 means for 24 features") {
      try LogMelFrontEnd(
        FrontEndConfiguration(), normalisation: FeatureNormalisation(mean: [0], deviation: [1]))
    }
    expectDiagnostic("199 samples are shorter than one window of 200") {
      try LogMelFrontEnd(FrontEndConfiguration())
        .features([Float](repeating: 0, count: 199), path: "x")
    }
  }
}

internal import Foundation
internal import RNNSupport

/// Turns audio into log-mel bands or mel-frequency cepstra (Davis and Mermelstein, IEEE TASSP 1980).
///
/// With S samples per hop, W per window, N points, window w[n] = 1/2 - 1/2 cos(2 pi n / W):
///
///     y[n]   = x[n] - a x[n - 1]                                            x[-1] = 0
///     X_t[k] = sum over n < W of w[n] y[t S + n] exp(-2 pi i k n / N)       k = 0 ... N/2
///     P_t[k] = |X_t[k]|^2 / sum over n of w[n]^2
///     B_t[m] = ln(max(floor, sum over k of H_m[k] P_t[k]))                  m = 0 ... M-1
///     C_t[j] = s_j sum over m of B_t[m] cos(pi j (m + 1/2) / M)             s_0 = sqrt(1/M), else sqrt(2/M)
///     D_t    = (C_t - C_{t-2}) / 2                                          C_{-1} = C_{-2} = C_0
///
/// H_m is a triangle in frequency of height 1 over the edges e_m, e_{m+1}, e_{m+2}, equally spaced in
/// mel(f) = 2595 log10(1 + f / 700). Frame t needs samples up to t S + W - 1 only (without `utteranceMean`);
/// samples after the last whole window are dropped. All arithmetic is in double precision.
package struct LogMelFrontEnd: Sendable {
  package let configuration: FrontEndConfiguration
  package let normalisation: FeatureNormalisation?
  private let window: [Double]
  private let fft: RealFFT
  private let filters: [Filter]
  /// `[cepstra][melBands]`, scaled; empty without cepstra.
  private let cosines: [[Double]]

  /// One triangle: its first point of the transform and the weights from there on.
  struct Filter: Hashable, Sendable {
    var first: Int
    var weights: [Double]
  }

  /// - Throws: `DiagnosticsEmitted` for impossible values and for a normalisation of another size.
  package init(
    _ configuration: FrontEndConfiguration, normalisation: FeatureNormalisation? = nil,
    path: String = "frontEnd"
  ) throws {
    var sink = DiagnosticSink(stage: "features")
    configuration.validate(path: path, into: &sink)
    if let normalisation, normalisation.mean.count != configuration.featureCount {
      sink.error(
        "\(path)/normalisation",
        "\(normalisation.mean.count) means for \(configuration.featureCount) features",
        fix: "fit the normalisation with this front end")
    }
    try sink.throwIfErrors()
    self.configuration = configuration
    self.normalisation = normalisation
    let count = configuration.windowSamples
    let hann = (0..<count).map { 0.5 - 0.5 * cos(2 * Double.pi * Double($0) / Double(count)) }
    // The window carries the normalisation of the power by its energy.
    let scale = 1 / hann.reduce(0) { $0 + $1 * $1 }.squareRoot()
    window = hann.map { $0 * scale }
    fft = RealFFT(size: configuration.fftSize)
    filters = Self.filters(configuration)
    let bands = configuration.melBands
    cosines = (0..<configuration.cepstra).map { j in
      let s = ((j == 0 ? 1 : 2) / Double(bands)).squareRoot()
      return (0..<bands).map { s * cos(Double.pi * Double(j) * (Double($0) + 0.5) / Double(bands)) }
    }
  }

  package var featureCount: Int { configuration.featureCount }

  static func filters(_ c: FrontEndConfiguration) -> [Filter] {
    func mel(_ f: Double) -> Double { 2595 * log10(1 + f / 700) }
    let low = mel(c.minFrequency)
    let high = mel(c.maxFrequency)
    let edges = (0..<c.melBands + 2).map { i in
      700 * (pow(10, (low + (high - low) * Double(i) / Double(c.melBands + 1)) / 2595) - 1)
    }
    return (0..<c.melBands).map { m in
      var filter = Filter(first: 0, weights: [])
      for k in 0...c.fftSize / 2 {
        let f = Double(k) * Double(c.sampleRate) / Double(c.fftSize)
        let rising = (f - edges[m]) / (edges[m + 1] - edges[m])
        let falling = (edges[m + 2] - f) / (edges[m + 2] - edges[m + 1])
        let weight = min(rising, falling)
        guard weight > 0 else { continue }
        if filter.weights.isEmpty { filter.first = k }
        filter.weights.append(weight)
      }
      return filter
    }
  }

  /// The features of one utterance, row-major `[frames][featureCount]`, normalised if the front end is.
  ///
  /// - Parameter path: the place of the audio, for messages.
  /// - Throws: `DiagnosticsEmitted` if the audio is shorter than one window.
  package func features(_ samples: [Float], path: String) throws -> [Float] {
    let c = configuration
    let w = c.windowSamples
    if samples.count < w {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "features", path: path,
          message: "\(samples.count) samples are shorter than one window of \(w)",
          fix: "use longer audio or a shorter window"))
    }
    let frames = 1 + (samples.count - w) / c.hopSamples
    let emphasised = samples.indices.map { n in
      Double(samples[n]) - (n > 0 ? c.preEmphasis * Double(samples[n - 1]) : 0)
    }
    var rows: [[Double]] = []
    rows.reserveCapacity(frames)
    var block = [Double](repeating: 0, count: c.fftSize)
    for t in 0..<frames {
      for n in 0..<w { block[n] = window[n] * emphasised[t * c.hopSamples + n] }
      let power = fft.powerSpectrum(block)
      let bands = filters.map { filter in
        var sum = 0.0
        for (k, weight) in filter.weights.enumerated() { sum += weight * power[filter.first + k] }
        return log(max(c.logFloor, sum))
      }
      rows.append(
        cosines.isEmpty
          ? bands
          : cosines.map { row in
            var sum = 0.0
            for m in row.indices { sum += row[m] * bands[m] }
            return sum
          })
    }
    if c.utteranceMean {
      for f in rows[0].indices {
        let mean = rows.reduce(0) { $0 + $1[f] } / Double(frames)
        for t in rows.indices { rows[t][f] -= mean }
      }
    }
    var parts = [rows]
    for _ in 0..<c.deltas {
      let last = parts[parts.count - 1]
      parts.append(
        last.indices.map { t in zip(last[t], last[max(0, t - 2)]).map { ($0 - $1) / 2 } })
    }
    var features: [Float] = []
    features.reserveCapacity(frames * featureCount)
    for t in 0..<frames {
      for part in parts { features.append(contentsOf: part[t].map(Float.init)) }
    }
    normalisation?.apply(to: &features)
    return features
  }
}

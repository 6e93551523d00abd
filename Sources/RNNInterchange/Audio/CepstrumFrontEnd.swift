internal import Foundation
internal import RNNSupport

/// Mel cepstra as the Sonopy library computes them for Mycroft Precise, from raw samples x in [-1, 1).
///
/// With windows of W samples, a distance of S, N points of the transform, M filters, J coefficients and
/// e = 2^-52 (github.com/MycroftAI/sonopy, `mfcc_spec`; its peculiarities are part of the trained models):
///
///     P_t[k] = |sum over n < min(W, N) of x[tS + n] exp(-2 pi i k n / N)|^2 / N      k = 0 ... N/2
///     B_t[m] = ln(max(e, sum over k of H_m[k] P_t[k]))                               m = 0 ... M-1
///     C_t[j] = s_j sum over m of B_t[m] cos(pi j (m + 1/2) / M)                      s_j = sqrt(2/M), j = 1 ... J-1
///     C_t[0] = ln(max(e, sum over k of P_t[k]))
///
/// There is no window function, and samples of a window beyond N do not count. H_m rises from point g_m to g_{m+1}
/// and falls to g_{m+2}; the g are equally spaced in 1127 ln(1 + f / 700) from 0 to the sample rate (not to its half),
/// rounded down to f (N/2 + 1) / rate, and pushed on where two would be one. All arithmetic is in double precision.
package struct CepstrumFrontEnd: Sendable {
  package let configuration: CepstrumConfiguration
  private let fft: RealFFT
  private let filters: [LogMelFrontEnd.Filter]
  /// `[coefficient][filter]`, scaled.
  private let cosines: [[Double]]
  /// The least power whose logarithm is taken.
  private static let floor = Double.ulpOfOne

  /// - Throws: `DiagnosticsEmitted` for impossible values.
  package init(_ configuration: CepstrumConfiguration, path: String) throws {
    try configuration.check(path: path)
    self.configuration = configuration
    fft = RealFFT(size: configuration.fftSize)
    filters = Self.filters(configuration)
    let count = configuration.filters
    cosines = (0..<configuration.coefficients).map { j in
      (0..<count).map {
        (2 / Double(count)).squareRoot()
          * cos(Double.pi * Double(j) * (Double($0) + 0.5) / Double(count))
      }
    }
  }

  private static func filters(_ c: CepstrumConfiguration) -> [LogMelFrontEnd.Filter] {
    let points = c.fftSize / 2 + 1
    let greatest = 1127 * log(1 + Double(c.sampleRate) / 700)
    let grid = (0..<c.filters + 2).map { i -> Int in
      let mel = i == c.filters + 1 ? greatest : Double(i) * (greatest / Double(c.filters + 1))
      return Int(saturating: 700 * (exp(mel / 1127) - 1) * Double(points) / Double(c.sampleRate))
    }
    // Each point lies beyond the one before it.
    var offset = 0
    var places: [Int] = []
    for (i, point) in grid.enumerated() {
      offset = max(0, offset + (i == 0 ? grid[0] - 1 : grid[i - 1]) + 1 - point)
      places.append(point + offset)
    }
    return (0..<c.filters).map { m in
      let (left, middle, right) = (places[m], places[m + 1], places[m + 2])
      let rising = (left..<middle).map { Double($0 - left) / Double(middle - left) }
      let falling = (middle..<right).map { 1 - Double($0 - middle) / Double(right - middle) }
      return LogMelFrontEnd.Filter(
        first: left, weights: Array((rising + falling).prefix(max(0, points - left))))
    }
  }

  /// The features of all whole windows, `[frame][coefficient]`; none for audio shorter than a window.
  package func features(_ samples: [Float]) -> [[Double]] {
    let (window, hop, size) = (
      configuration.windowSamples, configuration.hopSamples, configuration.fftSize
    )
    guard samples.count >= window else { return [] }
    var block = [Double](repeating: 0, count: size)
    return (0...(samples.count - window) / hop).map { t in
      for n in 0..<min(window, size) { block[n] = Double(samples[t * hop + n]) }
      let power = fft.powerSpectrum(block).map { $0 / Double(size) }
      let bands = filters.map { filter in
        var sum = 0.0
        for (k, weight) in filter.weights.enumerated() { sum += weight * power[filter.first + k] }
        return log(max(Self.floor, sum))
      }
      var row = cosines.map { cosine in
        var sum = 0.0
        for m in cosine.indices { sum += cosine[m] * bands[m] }
        return sum
      }
      row[0] = log(max(Self.floor, power.reduce(0, +)))
      return row
    }
  }

  /// What a network sees after every frame: the last frames of the buffer, zeros where there were none yet.
  ///
  /// - Returns: `[window][frame][coefficient]`, one window per frame of the audio.
  package func windows(_ samples: [Float]) -> [[[Double]]] {
    let frames = features(samples)
    let count = configuration.bufferFrames
    let zeros = [[Double]](
      repeating: [Double](repeating: 0, count: configuration.coefficients), count: count)
    return frames.indices.map { t in
      let known = Array(frames[max(0, t + 1 - count)...t])
      return Array(zeros.prefix(count - known.count)) + known
    }
  }
}

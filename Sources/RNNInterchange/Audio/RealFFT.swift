internal import Foundation

/// The discrete Fourier transform of real signals of one length N, a power of two and at least 4.
///
///     X[k] = sum over n of x[n] exp(-2 pi i k n / N),   k = 0 ... N/2
///
/// Even samples form the real part and odd samples the imaginary part of a complex signal of N/2 samples;
/// its transform (radix 2, decimation in time) is split into those of the two halves (Cooley and Tukey
/// 1965; Press et al., "Numerical Recipes", section 12.3).
struct RealFFT {
  let size: Int
  /// The roots exp(-2 pi i k / N), k below N/2.
  private let twiddles: [(cos: Double, sin: Double)]
  /// Positions below N/2 with their bits in reverse order.
  private let reversed: [Int]

  init(size: Int) {
    precondition(size >= 4 && size.nonzeroBitCount == 1, "\(size) is no power of two from 4")
    self.size = size
    twiddles = (0..<size / 2).map { k in
      let angle = -2 * Double.pi * Double(k) / Double(size)
      return (cos(angle), sin(angle))
    }
    let bits = (size / 2).trailingZeroBitCount
    reversed = (0..<size / 2).map { i in
      (0..<bits).reduce(0) { $0 | ((i >> $1) & 1) << (bits - 1 - $1) }
    }
  }

  /// The powers |X[k]|^2 for k from 0 to N/2.
  func powerSpectrum(_ x: [Double]) -> [Double] {
    precondition(x.count == size, "the signal has \(x.count) instead of \(size) samples")
    let half = size / 2
    var re = reversed.map { x[2 * $0] }
    var im = reversed.map { x[2 * $0 + 1] }
    var length = 2
    while length <= half {
      let step = size / length
      for start in stride(from: 0, to: half, by: length) {
        for k in 0..<length / 2 {
          let w = twiddles[k * step]
          let a = start + k
          let b = a + length / 2
          let tr = re[b] * w.cos - im[b] * w.sin
          let ti = re[b] * w.sin + im[b] * w.cos
          re[b] = re[a] - tr
          im[b] = im[a] - ti
          re[a] += tr
          im[a] += ti
        }
      }
      length *= 2
    }
    var power = [Double](repeating: 0, count: half + 1)
    power[0] = (re[0] + im[0]) * (re[0] + im[0])
    power[half] = (re[0] - im[0]) * (re[0] - im[0])
    for k in 1..<half {
      // With Z the complex transform: even part (Z[k] + conj Z[half - k]) / 2, odd part the difference / 2i.
      let j = half - k
      let evenRe = (re[k] + re[j]) / 2
      let evenIm = (im[k] - im[j]) / 2
      let oddRe = (im[k] + im[j]) / 2
      let oddIm = (re[j] - re[k]) / 2
      let w = twiddles[k]
      let xr = evenRe + oddRe * w.cos - oddIm * w.sin
      let xi = evenIm + oddRe * w.sin + oddIm * w.cos
      power[k] = xr * xr + xi * xi
    }
    return power
  }
}

internal import Foundation

/// The cyclic convolution by real Fourier transforms: 2L - (real irreducible factors of z^L - 1) products, the fewest over
/// the reals (Winograd 1980): 11 for L = 8 and 23 for L = 16.
///
/// x is reduced modulo z^(L/2) - 1, which is a transform of half the length, and modulo z^(L/2) + 1. The residue v of
/// the latter is real of length 2h; at the roots with z^h = -i it is the complex r_j = v_j - i v_(j+h), which is turned by
/// exp(-2 pi i j / L) and transformed by a complex transform of length h, without a multiplication for h <= 4 (Duhamel and
/// Hollmann, "Split radix FFT algorithm", 1984). A complex product takes three real ones: with X = a + ib and W = c + id,
/// m1 = c (a + b), m2 = a (d - c), m3 = b (c + d), and X W = (m1 - m3) + i (m1 + m2).
///
/// Fixed point: factors of the turns have 16 fraction bits; B x has 2 fraction bits and A w has 1, each rounded half
/// up; results are rounded once more. So A w and B x of 12-bit codes are 18 and 19 bits wide, which a 18 x 25 multiplier takes.
extension BilinearAlgorithm {
  /// The rounded algorithm for circulant blocks of L by Fourier transforms.
  ///
  /// - Parameter L: 8 or 16.
  package static func fourier(_ L: Int) -> BilinearAlgorithm {
    precondition(L == 8 || L == 16, "Fourier blocks are 8 and 16, not \(L)")
    return BilinearAlgorithm(
      name: "fourier-\(L)", weightProgram: Fourier.weights(L), operandProgram: Fourier.analysis(L),
      resultProgram: Fourier.synthesis(L), matrices: nil)
  }
}

/// The three programs; all list the products in the same order of bins.
private enum Fourier {
  static let turnBits = 16
  static let operandBits = 2
  static let weightBits = 1
  /// Fraction bits that results keep until their last rounding.
  static let resultBits = 1

  /// A root of z^L - 1: a real one, or one of a conjugate pair.
  enum Bin {
    case real(Int)
    case complex(Int)
  }

  static func bins(_ L: Int) -> [Bin] {
    if L == 1 { return [.real(0)] }
    let even = bins(L / 2).map { bin -> Bin in
      switch bin {
      case .real(let k): .real(2 * k)
      case .complex(let k): .complex(2 * k)
      }
    }
    return even + (L == 2 ? [.real(1)] : (0..<L / 4).map { .complex(1 + 4 * $0) })
  }

  /// A real number as an integer with so many fraction bits.
  static func fixed(_ value: Double, _ bits: Int) -> Int {
    Int((value * Double(1 << bits)).rounded(.toNearestOrAwayFromZero))
  }

  // MARK: - A

  /// Compile-time arithmetic: the sums of each factor have 30 fraction bits and are rounded once.
  static func weights(_ L: Int) -> LinearProgram {
    let bits = 30
    var program = LinearProgram(inputs: L)
    func row(_ coefficient: (Double) -> Double, _ k: Int) -> [LinearProgram.Term] {
      (0..<L).flatMap { j in
        LinearProgram.terms(
          j, times: fixed(coefficient(2 * Double.pi * Double(k * j % L) / Double(L)), bits))
      }
    }
    for bin in bins(L) {
      let rows: [[LinearProgram.Term]]
      switch bin {
      case .real(let k): rows = [row({ cos($0) }, k)]
      case .complex(let k):
        // c, d - c and c + d for c + id = sum of w_j (cos - i sin).
        rows = [row({ cos($0) }, k), row({ -sin($0) - cos($0) }, k), row({ cos($0) - sin($0) }, k)]
      }
      program.outputs += rows.map { program.sum($0, rounding: bits - weightBits) }
    }
    return program
  }

  // MARK: - B

  static func analysis(_ L: Int) -> LinearProgram {
    var program = LinearProgram(inputs: L)
    program.outputs = analysis(Array(0..<L), scale: operandBits, &program)
    return program
  }

  private static func analysis(
    _ x: [Int], scale: Int, _ program: inout LinearProgram
  ) -> [Int] {
    guard x.count > 1 else { return x }
    let m = x.count / 2
    func half(negative: Bool) -> [Int] {
      (0..<m).map {
        program.sum([
          .init(x[$0], shift: scale), .init(x[$0 + m], shift: scale, negative: negative),
        ])
      }
    }
    let u = half(negative: false)
    let v = half(negative: true)
    return analysis(u, scale: 0, &program) + oddBins(v, &program)
  }

  /// For each complex bin: a + b, a, b.
  private static func oddBins(_ v: [Int], _ program: inout LinearProgram) -> [Int] {
    guard v.count > 1 else { return v }
    let h = v.count / 2
    // Terms of the real and imaginary parts of r_j, turned.
    let turned = (0..<h).map { j -> (re: LinearProgram.Term, im: LinearProgram.Term) in
      if j == 0 { return (.init(v[0]), .init(v[h], negative: true)) }
      let angle = 2 * Double.pi * Double(j) / Double(4 * h)
      return (
        turn((v[j], cos(angle)), (v[j + h], -sin(angle)), &program),
        turn((v[j], -sin(angle)), (v[j + h], -cos(angle)), &program)
      )
    }
    return transform(turned, inverse: false).flatMap { bin -> [Int] in
      let a = program.sum(bin.re)
      let b = program.sum(bin.im)
      return [program.sum([.init(a), .init(b)]), a, b]
    }
  }

  /// A sum of two values times real factors, rounded.
  private static func turn(
    _ p: (value: Int, factor: Double), _ q: (value: Int, factor: Double),
    _ program: inout LinearProgram
  ) -> LinearProgram.Term {
    let (f, g) = (fixed(p.factor, turnBits), fixed(q.factor, turnBits))
    return .init(
      program.sum(
        LinearProgram.terms(p.value, times: f) + LinearProgram.terms(q.value, times: g),
        rounding: turnBits))
  }

  /// A complex transform of length 1, 2 or 4 as sums of terms.
  private static func transform(
    _ s: [(re: LinearProgram.Term, im: LinearProgram.Term)], inverse: Bool
  ) -> [(re: [LinearProgram.Term], im: [LinearProgram.Term])] {
    func negated(_ term: LinearProgram.Term) -> LinearProgram.Term {
      .init(term.value, shift: term.shift, negative: !term.negative)
    }
    return s.indices.map { t in
      var sum: (re: [LinearProgram.Term], im: [LinearProgram.Term]) = ([], [])
      for (j, (re, im)) in s.enumerated() {
        // exp(-+2 pi i j t / h) is a power of -+i.
        let quarter = j * t * (4 / s.count) % 4
        switch inverse ? (4 - quarter) % 4 : quarter {
        case 0:
          sum.re.append(re)
          sum.im.append(im)
        case 1:
          sum.re.append(im)
          sum.im.append(negated(re))
        case 2:
          sum.re.append(negated(re))
          sum.im.append(negated(im))
        default:
          sum.re.append(negated(im))
          sum.im.append(re)
        }
      }
      return sum
    }
  }

  // MARK: - C

  static func synthesis(_ L: Int) -> LinearProgram {
    var program = LinearProgram(
      inputs: bins(L).reduce(0) { if case .real = $1 { $0 + 1 } else { $0 + 3 } })
    let drop = operandBits + weightBits - resultBits
    // Real and imaginary part of every bin; a real one has no imaginary part.
    var spectrum: [(re: Int, im: Int?)] = []
    var product = 0
    for bin in bins(L) {
      switch bin {
      case .real:
        spectrum.append((program.sum([.init(product)], rounding: drop), nil))
        product += 1
      case .complex:
        spectrum.append(
          (
            program.sum([.init(product), .init(product + 2, negative: true)], rounding: drop),
            program.sum([.init(product), .init(product + 1)], rounding: drop)
          ))
        product += 3
      }
    }
    var rest = spectrum[...]
    program.outputs = synthesis(L, &rest, dropping: resultBits + L.trailingZeroBitCount, &program)
    return program
  }

  /// L times the values whose spectrum begins `rest`, divided by 2^dropping.
  private static func synthesis(
    _ L: Int, _ rest: inout ArraySlice<(re: Int, im: Int?)>, dropping: Int,
    _ program: inout LinearProgram
  ) -> [Int] {
    if L == 1 { return rest.popFirst().map { [$0.re] } ?? [] }
    let m = L / 2
    let u = synthesis(m, &rest, dropping: 0, &program)
    let bins = Array(rest.prefix(max(1, m / 2)))
    rest = rest.dropFirst(bins.count)
    // m u + m v; the transform of length m / 2 gives half of m v.
    let v = oddValues(bins, &program)
    let shift = m == 1 ? 0 : 1
    return [false, true].flatMap { isUpper in
      (0..<m).map { j in
        program.sum(
          [
            .init(u[j]),
            .init(v[j].value, shift: shift, negative: v[j].negative != isUpper),
          ], rounding: dropping)
      }
    }
  }

  private static func oddValues(
    _ bins: [(re: Int, im: Int?)], _ program: inout LinearProgram
  ) -> [LinearProgram.Term] {
    let complex = bins.compactMap { bin in
      bin.im.map { (re: LinearProgram.Term(bin.re), im: LinearProgram.Term($0)) }
    }
    if complex.isEmpty { return bins.map { .init($0.re) } }
    let h = complex.count
    var lower: [LinearProgram.Term] = []
    var upper: [LinearProgram.Term] = []
    for (j, s) in transform(complex, inverse: true).enumerated() {
      let (a, b) =
        h == 1 ? (complex[0].re.value, complex[0].im.value) : (program.sum(s.re), program.sum(s.im))
      if j == 0 {
        lower.append(.init(a))
        upper.append(.init(b, negative: true))
        continue
      }
      let angle = 2 * Double.pi * Double(j) / Double(4 * h)
      lower.append(turn((a, cos(angle)), (b, -sin(angle)), &program))
      upper.append(turn((a, -sin(angle)), (b, -cos(angle)), &program))
    }
    return lower + upper
  }
}

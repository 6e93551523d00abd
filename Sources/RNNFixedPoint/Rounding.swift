/// What happens to the bits that a right shift drops.
///
/// | value          | -1.5 | -1.25 | -1.0 | -0.75 | -0.5 | -0.25 | 0.25 | 0.5 | 0.75 | 1.25 | 1.5 | 2.5 |
/// |----------------|------|-------|------|-------|------|-------|------|-----|------|------|-----|-----|
/// | `down`         | -2   | -2    | -1   | -1    | -1   | -1    | 0    | 0   | 0    | 1    | 1   | 2   |
/// | `halfUp`       | -1   | -1    | -1   | -1    | 0    | 0     | 0    | 1   | 1    | 1    | 2   | 3   |
/// | `halfToEven`   | -2   | -1    | -1   | -1    | 0    | 0     | 0    | 0   | 1    | 1    | 2   | 2   |
package enum RoundingRule: String, Hashable, Sendable, CaseIterable {
  /// Toward minus infinity: drops the bits.
  case down
  /// To nearest, ties toward plus infinity: floor(x + 1/2).
  case halfUp
  /// To nearest, ties to the even neighbour (IEEE 754 roundTiesToEven).
  case halfToEven
}

/// What happens to a result outside its format.
package enum OverflowRule: String, Hashable, Sendable, CaseIterable {
  /// The nearest code of the format.
  case saturate
  /// The code modulo 2^width.
  case wrap
}

/// Shifts right by `count` bits with rounding; a negative count shifts left exactly.
package func shifted(_ code: Int64, rightBy count: Int, rounding: RoundingRule) -> Int64 {
  if count <= 0 {
    let (high, low) = code.multipliedFullWidth(by: 1 << Int64(-count))
    precondition(
      high == (Int64(bitPattern: low) >> 63), "left shift of \(code) by \(-count) leaves 64 bits")
    return Int64(bitPattern: low)
  }
  if count >= 63 {
    // Every code is below 2^62 in magnitude here, so the result is 0 or -1 before rounding.
    return rounding == .down && code < 0 ? -1 : 0
  }
  let floor = code >> Int64(count)
  let half = Int64(1) << Int64(count - 1)
  let rest = code - (floor << Int64(count))
  switch rounding {
  case .down: return floor
  case .halfUp: return rest >= half ? floor + 1 : floor
  case .halfToEven: return rest > half || (rest == half && floor & 1 == 1) ? floor + 1 : floor
  }
}

/// Brings a code into a format by the overflow rule.
package func fitted(_ code: Int64, to format: QFormat, overflow: OverflowRule) -> Int64 {
  if format.contains(code) { return code }
  switch overflow {
  case .saturate: return code < 0 ? format.minCode : format.maxCode
  case .wrap:
    let shift = Int64(64 - format.width)
    return (code << shift) >> shift
  }
}

/// Changes a code with `fraction` fraction bits into `format`; bit-exact with `rnnc_round_sat`.
package func requantized(
  _ code: Int64, fraction: Int, to format: QFormat, rounding: RoundingRule, overflow: OverflowRule
) -> Int64 {
  let shift = fraction - format.fraction
  if shift < 0, code != 0, overflow == .saturate, code.magnitude.leadingZeroBitCount < 2 - shift {
    return code < 0 ? format.minCode : format.maxCode
  }
  return fitted(shifted(code, rightBy: shift, rounding: rounding), to: format, overflow: overflow)
}

/// The code nearest to a real number by the rules; the number must be finite.
package func quantized(
  _ value: Double, to format: QFormat, rounding: RoundingRule, overflow: OverflowRule
) -> Int64 {
  precondition(value.isFinite, "only finite numbers have a code, found \(value)")
  let scaled = value / format.ulp
  let below = scaled.rounded(.down)
  let rounded: Double =
    switch rounding {
    case .down: below
    // The difference is exact; adding one half to `scaled` would not be.
    case .halfUp: scaled - below >= 0.5 ? below + 1 : below
    case .halfToEven: scaled.rounded(.toNearestOrEven)
    }
  if rounded.magnitude >= 0x1p62 {
    // No format is that wide.
    switch overflow {
    case .saturate: return rounded < 0 ? format.minCode : format.maxCode
    case .wrap:
      let modulus = Double(sign: .plus, exponent: format.width, significand: 1)
      let rest = rounded.truncatingRemainder(dividingBy: modulus)
      return fitted(Int64(rest), to: format, overflow: .wrap)
    }
  }
  return fitted(Int64(rounded), to: format, overflow: overflow)
}

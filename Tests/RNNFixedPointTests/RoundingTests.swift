import RNNFixedPoint
import Testing

/// Exact rationals n / 2^k in 128 bits, and rounding by their definitions: the oracle of this file.
private struct Dyadic {
  var numerator: Int128
  var denominator: Int128

  /// The greatest integer not above.
  var floor: Int128 {
    let q = numerator / denominator
    return numerator % denominator < 0 ? q - 1 : q
  }
  func rounded(_ rule: RoundingRule) -> Int128 {
    switch rule {
    case .down: return floor
    case .halfUp:
      return Dyadic(numerator: 2 * numerator + denominator, denominator: 2 * denominator).floor
    case .halfToEven:
      let below = floor
      // Twice the distance to `below`, in units of the denominator.
      let twice = 2 * (numerator - below * denominator)
      if twice == denominator { return below % 2 == 0 ? below : below + 1 }
      return twice > denominator ? below + 1 : below
    }
  }
}

/// A result brought into a format by the definition of the overflow rule.
private func fits(_ value: Int128, _ width: Int, _ rule: OverflowRule) -> Int128 {
  let modulus = Int128(1) << Int128(width)
  let half = modulus / 2
  switch rule {
  case .saturate: return min(max(value, -half), half - 1)
  case .wrap:
    var rest = (value + half) % modulus
    if rest < 0 { rest += modulus }
    return rest - half
  }
}

@Suite struct RoundingTests {
  @Test func shiftsRoundAsDefinedForAllSmallCodes() {
    for code in Int64(-130)...130 {
      for shift in 0...9 {
        for rule in RoundingRule.allCases {
          let exact = Dyadic(numerator: Int128(code), denominator: 1 << Int128(shift))
          #expect(Int128(shifted(code, rightBy: shift, rounding: rule)) == exact.rounded(rule))
        }
      }
    }
  }

  @Test func requantizesAsDefinedForAllSmallCodes() {
    for width in [1, 2, 4, 7] {
      for fraction in -3...6 {
        let format = QFormat(width: width, fraction: fraction)
        for code in Int64(-70)...70 {
          for from in -2...5 {
            for rule in RoundingRule.allCases {
              for overflow in OverflowRule.allCases {
                let shift = from - fraction
                let exact =
                  shift >= 0
                  ? Dyadic(numerator: Int128(code), denominator: 1 << Int128(shift))
                  : Dyadic(numerator: Int128(code) << Int128(-shift), denominator: 1)
                let expected = fits(exact.rounded(rule), width, overflow)
                let found = requantized(
                  code, fraction: from, to: format, rounding: rule, overflow: overflow)
                if Int128(found) != expected {
                  Issue.record(
                    "\(code) / 2^\(from) to \(format), \(rule), \(overflow): \(found), not \(expected)"
                  )
                  return
                }
              }
            }
          }
        }
      }
    }
  }

  /// Codes of any size at any shift, the ends of 63 bits included.
  @Test func requantizesWideCodesAsDefined() {
    let ends: [Int64] = [
      0, 1, -1, 1 << 61, -(1 << 61), (1 << 62) - 1, -(1 << 62), 0x1234_5678_9ABC, -0x1234_5678_9ABD,
    ]
    for code in ends {
      for from in stride(from: -8, through: 80, by: 4) {
        for format in [
          QFormat(width: 12, fraction: 11), QFormat(width: 40, fraction: 30),
          QFormat(width: 63, fraction: 20),
        ] {
          for rule in RoundingRule.allCases {
            let shift = from - format.fraction
            guard shift > -56 else { continue }
            let exact =
              shift >= 0
              ? Dyadic(numerator: Int128(code), denominator: 1 << Int128(shift))
              : Dyadic(numerator: Int128(code) << Int128(-shift), denominator: 1)
            let found = requantized(
              code, fraction: from, to: format, rounding: rule, overflow: .saturate)
            #expect(Int128(found) == fits(exact.rounded(rule), format.width, .saturate))
          }
        }
      }
    }
  }

  @Test func fitsAllSmallCodes() {
    for width in 1...6 {
      for code in Int64(-150)...150 {
        for rule in OverflowRule.allCases {
          #expect(
            Int128(fitted(code, to: QFormat(width: width, fraction: 0), overflow: rule))
              == fits(Int128(code), width, rule))
        }
      }
    }
  }

  /// Doubles are dyadic, so the oracle rounds them without error.
  @Test func quantizesNumbersAsDefined() {
    let format = QFormat(width: 6, fraction: 2)
    for sixteenths in -200...200 {
      for rule in RoundingRule.allCases {
        for overflow in OverflowRule.allCases {
          let exact = Dyadic(numerator: Int128(sixteenths) * 4, denominator: 16)
          #expect(
            Int128(
              quantized(Double(sixteenths) / 16, to: format, rounding: rule, overflow: overflow))
              == fits(exact.rounded(rule), 6, overflow))
        }
      }
    }
  }

  /// Adding one half in double precision would round these up.
  @Test func numbersJustBelowAHalfRoundDown() {
    let format = QFormat(width: 60, fraction: 0)
    let below = 0.5.nextDown
    #expect(quantized(below, to: format, rounding: .halfUp, overflow: .saturate) == 0)
    #expect(quantized(-0.5, to: format, rounding: .halfUp, overflow: .saturate) == 0)
    #expect(quantized((-0.5).nextDown, to: format, rounding: .halfUp, overflow: .saturate) == -1)
    let odd = 0x1p52 + 1
    #expect(
      quantized(odd, to: format, rounding: .halfUp, overflow: .saturate) == Int64(1) << 52 + 1)
  }

  @Test func hugeNumbersSaturate() {
    let format = QFormat(width: 12, fraction: 8)
    #expect(quantized(1e300, to: format, rounding: .halfUp, overflow: .saturate) == 2047)
    #expect(quantized(-1e300, to: format, rounding: .halfUp, overflow: .saturate) == -2048)
    let wrapped = quantized(
      0x1p70 + 0x1p30, to: QFormat(width: 32, fraction: 0), rounding: .down, overflow: .wrap)
    #expect(wrapped == Int64(1) << 30)
    let wide = QFormat(width: 63, fraction: 0)
    #expect(quantized(0x1p62, to: wide, rounding: .down, overflow: .wrap) == wide.minCode)
  }

  @Test func theTableOfTheDocumentation() {
    let quarters = [-6, -5, -4, -3, -2, -1, 1, 2, 3, 5, 6, 10]
    let rows: [RoundingRule: [Int64]] = [
      .down: [-2, -2, -1, -1, -1, -1, 0, 0, 0, 1, 1, 2],
      .halfUp: [-1, -1, -1, -1, 0, 0, 0, 1, 1, 1, 2, 3],
      .halfToEven: [-2, -1, -1, -1, 0, 0, 0, 0, 1, 1, 2, 2],
    ]
    for (rule, expected) in rows {
      #expect(quarters.map { shifted(Int64($0), rightBy: 2, rounding: rule) } == expected)
    }
  }

  @Test func formatsDescribeThemselves() {
    let format = QFormat(width: 12, fraction: 8)
    #expect(format.description == "Q3.8")
    #expect(format.minValue == -8 && format.maxValue == 8 - 1.0 / 256)
    #expect(format.contains(-2048) && !format.contains(2048))
  }
}

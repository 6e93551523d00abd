extension Float {
  /// The value of an IEEE 754 binary16 pattern, exactly; Swift's `Float16` does not exist on every platform.
  package init(half bits: UInt16) {
    let exponent = Int(bits >> 10) & 31
    let fraction = Float(bits & 1023)
    let magnitude: Float
    switch exponent {
    case 0: magnitude = fraction * 0x1p-24
    case 31: magnitude = fraction == 0 ? .infinity : .nan
    default:
      magnitude = (1024 + fraction) * Float(sign: .plus, exponent: exponent - 25, significand: 1)
    }
    self = bits >> 15 == 1 ? -magnitude : magnitude
  }

  /// The value of a bfloat16 pattern: the upper half of a single-precision number.
  package init(brainHalf bits: UInt16) { self.init(bitPattern: UInt32(bits) << 16) }
}

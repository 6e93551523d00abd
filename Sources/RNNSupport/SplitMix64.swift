/// The seeded generator of every random choice in the project.
///
/// Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. The stream
/// depends on the seed alone, never on the process or the machine.
package struct SplitMix64: RandomNumberGenerator, Sendable, Hashable {
  package var state: UInt64
  package init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A double in [0, 1) with 53 random bits.
  package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
  /// A double in [lower, upper).
  package mutating func uniform(_ lower: Double, _ upper: Double) -> Double {
    lower + (upper - lower) * unit()
  }
  /// An integer in 0..<bound, by multiplication (Lemire); the bias is below 2^-64 * bound.
  package mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "below(\(bound)) needs a positive bound")
    return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }
  /// Shuffles in place by Fisher and Yates, from the end.
  package mutating func shuffle<T>(_ array: inout [T]) {
    guard array.count > 1 else { return }
    for i in stride(from: array.count - 1, to: 0, by: -1) { array.swapAt(i, below(i + 1)) }
  }
  /// An independent generator for a named purpose, so that adding one consumer moves no other.
  package func fork(_ purpose: String) -> SplitMix64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
    for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    var generator = SplitMix64(seed: state ^ hash)
    _ = generator.next()
    return generator
  }
}

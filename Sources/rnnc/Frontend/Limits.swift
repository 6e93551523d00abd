import ArgumentParser

/// The legal values of a numeric option.
///
/// Every numeric option takes its values through one, so that the help states what a value may be, wrong values are wrong
/// usage before any work, and nothing behind the options sees a number that it cannot hold. Written into a help text it
/// says its range.
struct Limits<Value: Sendable>: CustomStringConvertible, Sendable {
  let description: String
  private let parse: @Sendable (String) -> Value?

  /// Reads the text of an option.
  ///
  /// - Throws: `ValidationError` that says what is legal.
  func read(_ text: String) throws -> Value {
    guard let value = parse(text) else {
      throw ValidationError("give \(description)")
    }
    return value
  }
}

extension Limits where Value: FixedWidthInteger {
  /// Whole numbers of a range.
  init(_ range: ClosedRange<Value>) {
    description = "\(range.lowerBound) to \(range.upperBound)"
    parse = { text in Value(text).flatMap { range.contains($0) ? $0 : nil } }
  }
  /// Powers of two of a range.
  init(powersOfTwo range: ClosedRange<Value>) {
    description = "a power of two from \(range.lowerBound) to \(range.upperBound)"
    parse = { text in
      Value(text).flatMap { range.contains($0) && $0.nonzeroBitCount == 1 ? $0 : nil }
    }
  }
}

extension Limits<Double> {
  /// Finite numbers of a range.
  ///
  /// - Parameter words: the range as a person writes it.
  init(_ range: ClosedRange<Double>, _ words: String) {
    description = words
    parse = { text in Double(text).flatMap { range.contains($0) ? $0 : nil } }
  }
}

extension Limits<Int> {
  /// Sequences, recordings and other things that are counted.
  static let count = Limits(1...1_000_000_000)
  static let seeds = Limits(1...1000)
  static let block = Limits(powersOfTwo: 2...16)
  static let bits = Limits(2...18)
  static let lanes = Limits(1...4096)
  static let columnGroups = Limits(1...256)
  static let drainChains = Limits(1...64)
  static let streams = Limits(1...64)
  /// What is done in one cycle.
  static let parallel = Limits(powersOfTwo: 1...1024)
  static let segments = Limits(1...65_536)
  static let steps = Limits(1...1_000_000_000)
  static let warmUp = Limits(0...1_000_000_000)
  static let interval = Limits(1...1_000_000)
  static let exponents = Limits(1...1_000_000)
  /// What the placer takes as a seed.
  static let placerSeed = Limits(0...2_147_483_647)
}

extension Limits<UInt64> {
  /// What a file can hold as a whole number.
  static let seed = Limits(0...UInt64(Int.max))
}

extension Limits<Double> {
  static let megahertz = Limits(0.001...2000, "0.001 to 2000 MHz")
  static let framesPerSecond = Limits(1e-6...1e12, "1e-6 to 1e12 frames/s")
  static let microseconds = Limits(1e-3...1e9, "0.001 to 1e9 microseconds")
  static let tolerance = Limits(0...1e9, "0 to 1e9")
  static let scale = Limits(-1e6...1e6, "-1e6 to 1e6")
}

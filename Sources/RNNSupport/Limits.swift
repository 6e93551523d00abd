/// The legal values of a numeric option.
///
/// Every numeric option takes its values through one, so that the help states what a value may be, wrong values are wrong
/// usage before any work, and nothing behind the options sees a number that it cannot hold. Written into a text it says
/// its range.
package struct Limits<Value: Sendable>: CustomStringConvertible, Sendable {
  /// What is legal, as a person writes it.
  package let description: String
  /// Whether a value is legal.
  package let contains: @Sendable (Value) -> Bool
  private let convert: @Sendable (String) -> Value?

  /// The legal value that a text says, or nil.
  package func parse(_ text: String) -> Value? {
    convert(text).flatMap { contains($0) ? $0 : nil }
  }
}

extension Limits where Value: FixedWidthInteger {
  /// Whole numbers of a range.
  package init(_ range: ClosedRange<Value>) {
    description = "\(range.lowerBound) to \(range.upperBound)"
    contains = { range.contains($0) }
    convert = { Value($0) }
  }
  /// Powers of two of a range.
  package init(powersOfTwo range: ClosedRange<Value>) {
    description = "a power of two from \(range.lowerBound) to \(range.upperBound)"
    contains = { range.contains($0) && $0.nonzeroBitCount == 1 }
    convert = { Value($0) }
  }
}

extension Limits<Double> {
  /// Finite numbers of a range.
  ///
  /// - Parameter words: the range as a person writes it.
  package init(_ range: ClosedRange<Double>, _ words: String) {
    description = words
    contains = { range.contains($0) }
    convert = { Double($0) }
  }
}

extension Limits where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  /// The words of a choice.
  package init() {
    description = Value.allCases.map(\.rawValue).joined(separator: " or ")
    contains = { _ in true }
    convert = { Value(rawValue: $0) }
  }
}

extension Limits<String> {
  /// Any text; what it names is looked up later.
  package static let word = Limits()
  private init() {
    description = ""
    contains = { _ in true }
    convert = { $0 }
  }
}

extension Limits<Int> {
  /// Sequences, recordings and other things that are counted.
  package static let count = Limits(1...1_000_000_000)
  package static let seeds = Limits(1...1000)
  package static let block = Limits(powersOfTwo: 2...16)
  package static let bits = Limits(2...18)
  package static let lanes = Limits(1...4096)
  package static let columnGroups = Limits(1...256)
  package static let drainChains = Limits(1...64)
  package static let streams = Limits(1...64)
  /// What is done in one cycle.
  package static let parallel = Limits(powersOfTwo: 1...1024)
  package static let segments = Limits(1...65_536)
  package static let steps = Limits(1...1_000_000_000)
  package static let warmUp = Limits(0...1_000_000_000)
  package static let interval = Limits(1...1_000_000)
  package static let exponents = Limits(1...1_000_000)
  /// What the placer takes as a seed.
  package static let placerSeed = Limits(0...2_147_483_647)
}

extension Limits<UInt64> {
  /// What a file can hold as a whole number.
  package static let seed = Limits(0...UInt64(Int.max))
}

extension Limits<Double> {
  package static let megahertz = Limits(0.001...2000, "0.001 to 2000 MHz")
  package static let framesPerSecond = Limits(1e-6...1e12, "1e-6 to 1e12 frames/s")
  package static let microseconds = Limits(1e-3...1e9, "0.001 to 1e9 microseconds")
  package static let tolerance = Limits(0...1e9, "0 to 1e9")
  package static let scale = Limits(-1e6...1e6, "-1e6 to 1e6")
}

package import RNNBilinear

/// The fixed delays of the machine, in cycles.
///
/// The emitter builds exactly these registers. A block column that is read in cycle c is on the broadcast bus in `c + bus`, and the lanes' sums hold
/// its products in `c + sums`.
package struct Timing: Hashable, Sendable {
  /// Stages of the input transform, the output register included.
  package var transformIn: Int
  /// Stages of the output transform, the input register and the sum over column groups included.
  package var transformOut: Int
  /// Stages that add the sums of the column groups.
  package var groupSum: Int

  /// Two-input additions between registers of a transform.
  package static let addsPerStage = 2

  /// Address to block register: memory register, then select register.
  package static let block = 2
  /// From the lane's inputs to its sums: operand register, product register, sum register.
  package static let lane = 3
  /// From a datapath's value to the write of its memory word: the collector's register.
  package static let collector = 1

  package var bus: Int { Self.block + transformIn }
  package var sums: Int { bus + Self.lane }

  /// - Parameter columnGroups: sets of sums that are added before the output transform.
  package init(_ algorithms: [BilinearAlgorithm], columnGroups: Int) {
    transformIn =
      algorithms.map { algorithm in
        algorithm.B.map { Self.stages(terms: Self.terms($0)) }.max() ?? 1
      }.max() ?? 1
    groupSum = columnGroups > 1 ? Self.stages(terms: columnGroups) : 0
    transformOut =
      1 + groupSum
      + (algorithms.map { algorithm in
        algorithm.C.map { Self.stages(terms: Self.terms($0)) }.max() ?? 1
      }.max() ?? 1)
  }

  /// The leaves of the adder tree of one row: a coefficient counts once for each of its signed powers of two.
  package static func terms(_ row: [Int]) -> Int {
    row.reduce(0) { $0 + signedPowers($1).count }
  }

  /// A coefficient as a sum of signed powers of two in non-adjacent form, lowest first.
  package static func signedPowers(_ coefficient: Int) -> [(shift: Int, negative: Bool)] {
    var powers: [(shift: Int, negative: Bool)] = []
    var rest = coefficient
    var shift = 0
    while rest != 0 {
      if rest & 1 != 0 {
        let digit = rest & 3 == 1 ? 1 : -1
        powers.append((shift, digit < 0))
        rest -= digit
      }
      rest >>= 1
      shift += 1
    }
    return powers
  }

  /// Register stages of an adder tree with this many leaves; at least one.
  package static func stages(terms: Int) -> Int {
    var levels = 0
    while 1 << levels < terms { levels += 1 }
    return max(1, (levels + addsPerStage - 1) / addsPerStage)
  }
}

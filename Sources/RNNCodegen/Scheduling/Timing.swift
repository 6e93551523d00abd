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
    transformIn = algorithms.map { $0.operandProgram.depth(Self.stages) }.max() ?? 1
    groupSum = columnGroups > 1 ? Self.stages(terms: columnGroups) : 0
    transformOut =
      1 + groupSum + (algorithms.map { $0.resultProgram.depth(Self.stages) }.max() ?? 1)
  }

  /// Register stages of an adder tree with this many leaves; at least one.
  package static func stages(terms: Int) -> Int {
    var levels = 0
    while 1 << levels < terms { levels += 1 }
    return max(1, (levels + addsPerStage - 1) / addsPerStage)
  }
}

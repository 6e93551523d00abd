package import RNNBilinear
package import RNNSupport

/// The fixed delays of the machine, in cycles.
///
/// The emitter builds exactly these registers. A block column that is read in cycle c is on the broadcast bus in `c + bus`, and the lanes' sums hold
/// its products in `c + sums`.
package struct Timing: Hashable, Sendable {
  package var pipelining: Pipelining
  /// Stages of the input transform, the output register included.
  package var transformIn: Int
  /// Stages of the output transform, the input register and the sum over column groups included.
  package var transformOut: Int
  /// Stages that add the sums of the column groups.
  package var groupSum: Int

  /// From the lane's inputs to its sums: operand register, product register, sum register.
  package static let lane = 3
  /// From a datapath's value to the write of its memory word: the collector's register.
  package static let collector = 1

  /// Address to block register: the memory's registers, then the select register.
  package var block: Int { pipelining.memory + 1 }
  package var bus: Int { block + transformIn }
  package var sums: Int { bus + Self.lane }

  /// - Parameter columnGroups: sets of sums that are added before the output transform.
  package init(_ algorithms: [BilinearAlgorithm], columnGroups: Int, pipelining: Pipelining) {
    self.pipelining = pipelining
    transformIn = algorithms.map { $0.operandProgram.depth(pipelining.stages) }.max() ?? 1
    groupSum = columnGroups > 1 ? pipelining.stages(terms: columnGroups) : 0
    transformOut =
      1 + groupSum + (algorithms.map { $0.resultProgram.depth(pipelining.stages) }.max() ?? 1)
  }
}

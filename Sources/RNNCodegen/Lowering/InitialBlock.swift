internal import RNNBilinear
internal import RNNGraph

/// A word of an operand memory in the first frame of a sequence: initial codes, then zeros beyond the vector's end.
///
/// The zeros matter: a block-circulant matrix has weights in the columns that its edge cuts off.
package struct InitialBlock: Hashable, Sendable {
  package var code: Int64
  /// Elements of the word that belong to the vector; zero for a block of zeros.
  package var elements: Int
  package static let zeros = InitialBlock(code: 0, elements: 0)
}

extension Lowered {
  /// What a product reads in the place of a previous value in the first frame.
  func initialBlock(_ column: BlockColumn, _ inputs: Int) -> InitialBlock {
    guard column.read.initial != 0 else { return .zeros }
    let word = column.column * inputs / wordElements
    return InitialBlock(
      code: column.read.initial,
      elements: min(wordElements, graph[column.read.value].size - word * wordElements))
  }

  /// Elements that a group's products take in a cycle.
  func inputs(of group: ProductGroup) -> Int {
    columnGroups * algorithms[group.algorithm].inputs
  }

  /// The different blocks of all products, zeros first, in the order in which products read them.
  var initialBlocks: [InitialBlock] {
    var blocks = [InitialBlock.zeros]
    for group in groups {
      for column in group.columns {
        let block = initialBlock(column, inputs(of: group))
        if !blocks.contains(block) { blocks.append(block) }
      }
    }
    return blocks
  }
}

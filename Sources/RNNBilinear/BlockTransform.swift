/// How block-circulant products are computed; a property of a compiled graph, because results depend on it.
package enum BlockTransform: String, Hashable, Sendable, CaseIterable {
  /// Integer algorithms that equal the plain product bit for bit.
  case exact
  /// Real Fourier transforms with rounded factors for blocks of 8 and 16: the fewest products over the reals.
  case fourier

  /// Whether a block of this size is rounded.
  package func rounds(block: Int) -> Bool { self == .fourier && (block == 8 || block == 16) }

  /// The algorithm for circulant blocks of this size; below 8 both are the same.
  package func algorithm(block: Int) -> BilinearAlgorithm {
    Self.made[self]?[block] ?? make(block)
  }
  private func make(_ block: Int) -> BilinearAlgorithm {
    rounds(block: block) ? .fourier(block) : .circulant(block)
  }
  /// Those of usual blocks: every matrix asks for its own, and a Fourier algorithm takes milliseconds to make.
  private static let made = Dictionary(
    uniqueKeysWithValues: allCases.map { transform in
      (
        transform,
        Dictionary(uniqueKeysWithValues: [2, 4, 8, 16].map { ($0, transform.make($0)) })
      )
    })
}

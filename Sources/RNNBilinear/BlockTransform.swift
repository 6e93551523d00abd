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
    rounds(block: block) ? .fourier(block) : .circulant(block)
  }
}

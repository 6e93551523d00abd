package import RNNFixedPoint

/// What operations are written in: vectors of some kind and the arithmetic on them.
///
/// An operation says once what it computes and how gradients pass through it, in these terms; doubles, the trainer's kernels and
/// the analyses of graphs are algebras. Vectors of an element-wise member have equal sizes.
package protocol VectorAlgebra {
  /// A vector, or what stands for one.
  associatedtype Vector
  /// The sum, element by element.
  mutating func add(_ a: Vector, _ b: Vector) -> Vector
  /// First minus second.
  mutating func subtract(_ a: Vector, _ b: Vector) -> Vector
  /// The product, element by element.
  mutating func multiply(_ a: Vector, _ b: Vector) -> Vector
  /// scale * a + offset.
  mutating func affine(_ a: Vector, scale: Double, offset: Double) -> Vector
  /// f of every element.
  mutating func apply(_ f: ScalarFunction, _ a: Vector) -> Vector
  /// g times the derivative of f, at what `f.derivative` is a function of.
  mutating func slope(_ f: ScalarFunction, _ g: Vector, at x: Vector) -> Vector
  /// a where s > 0, else 0.
  mutating func gate(_ a: Vector, by s: Vector) -> Vector
  /// a / sqrt(s + floor).
  mutating func normalize(_ a: Vector, by s: Vector, floor: Double) -> Vector
  /// Every element rounded to a format and saturated.
  mutating func round(_ a: Vector, _ format: QFormat, _ rounding: RoundingRule) -> Vector
  /// g where x lies in the range, else 0.
  mutating func mask(_ g: Vector, at x: Vector, inside range: ClosedRange<Double>) -> Vector
  /// One element from `size`.
  mutating func reduce(_ reduction: Reduction, _ a: Vector, size: Int) -> Vector
  /// `size` elements from one.
  mutating func broadcast(_ a: Vector, size: Int) -> Vector
  /// The one element g at the place of the first greatest of `size` elements, 0 elsewhere.
  mutating func atMaximum(_ g: Vector, of x: Vector, size: Int) -> Vector
}

/// An algebra in which gradients pass through the nodes of a graph: it knows the values of the node it is at.
package protocol PullbackAlgebra: VectorAlgebra {
  /// The value of an operand of the node in the forward pass.
  mutating func operand(_ index: Int) -> Vector
  /// The value of the node in the forward pass.
  mutating func value() -> Vector
}

/// How the elements of a vector become one.
package enum Reduction: String, Hashable, Sendable, CaseIterable {
  case sum, mean, maximum
}

/// What a node computes from other values, in any algebra.
///
/// One file for each; `CellGraph.operation(_:)` gives them with their sizes and constants.
package protocol Operation: Sendable {
  /// What one element of the result depends on.
  var shape: OperationShape { get }
  /// Whether the backward pass may compute the value again rather than keep it.
  var isCheap: Bool { get }
  /// The value of the node.
  func value<A: VectorAlgebra>(_ operands: [A.Vector], in a: inout A) -> A.Vector
  /// What a gradient by the node adds to that by an operand; nil where the derivative is 0 everywhere.
  func pullback<A: PullbackAlgebra>(_ g: A.Vector, to operand: Int, in a: inout A) -> A.Vector?
  /// The format of the exact value for operands in these formats, nil for one that is no longer exact or wider than 63 bits.
  func exactFormat(_ operands: [QFormat?]) -> QFormat?
}

/// What one element of an operation's result depends on.
package enum OperationShape: Hashable, Sendable {
  /// The elements of the operands with the same index.
  case elementwise
  /// All elements of the operand; the result has one.
  case reduction
  /// The one element of the operand.
  case broadcast
}

extension Operation {
  package var shape: OperationShape { .elementwise }
  package var isCheap: Bool { false }
}

extension QFormat {
  /// The format if its width is possible.
  static func exact(width: Int, fraction: Int) -> QFormat? {
    (1...63).contains(width) ? QFormat(width: width, fraction: fraction) : nil
  }
}

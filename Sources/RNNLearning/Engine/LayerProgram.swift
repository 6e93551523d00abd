internal import RNNGraph
internal import RNNTensor

/// Which rows of a buffer a program touches.
enum RowSpan: Int {
  /// A single row that all sequences share.
  case shared
  /// One row per sequence, overwritten at every step.
  case scratch
  /// The rows of the step, or of all steps outside the loop.
  case current
  /// The rows of the previous step; a state's initial value at the first.
  case previous
  /// Gradients by a state that the next step left.
  case carryIn
  /// Gradients by a state for the previous step.
  case carryOut
  /// The rows of the step, in a buffer for one block of steps.
  case block

  static let count = 7
}

/// A matrix that a layer's programs read or write: a buffer, its first column, and which rows.
struct Memory: Hashable {
  enum Buffer: Hashable {
    /// What the layer reads.
    case input
    /// The gradient by the layer's output.
    case outputGradient
    /// Values of all steps.
    case full(Int)
    /// The gradient by a product's result, of a block of steps; slots are columns of one buffer.
    case slot(Int)
    case scratch(Int)
    /// Products on inputs, of a block of steps.
    case block(Int)
    case carry(Int)
    /// A coefficient's value in the step, in every element.
    case coefficient(Int)
    /// A vector of `LayerPlan.vectors`.
    case vector(Int)
    case vectorGradient(Int)
  }
  var buffer: Buffer
  var column = 0
  var rows: RowSpan
}

/// An element-wise part of a program.
struct KernelStep {
  enum Operand: Hashable {
    case register(Int)
    case memory(Memory)
  }
  var columns: Int
  var tape = Tape()
  var operands: [Operand] = []
  var registers = 0
}

/// A product of a program.
enum ProductStep {
  /// destination = operand times the stacked matrices of a group.
  case forward(group: Int, operand: Memory, destination: Memory)
  /// destination (+)= the gradients by a group's products, times its matrices.
  case backward(group: Int, destination: Memory, accumulate: Bool)
}

/// A step over whole rows of `size` elements, which no kernel can do: it works element by element.
struct RowStep {
  enum Kind {
    /// One element from all.
    case reduce(Reduction)
    /// All elements from one.
    case broadcast
    /// The first operand's one element at the place of the second's first greatest, 0 elsewhere.
    case atMaximum
  }
  var kind: Kind
  var operands: [Memory]
  var destination: Memory
  var size: Int
}

enum ProgramStep {
  case kernel(KernelStep)
  case product(ProductStep)
  case row(RowStep)
}

package import RNNBilinear

/// How the entries of a matrix depend on each other.
///
/// The enum only stores which structure a matrix has; all that a structure means is its `StructureDefinition`, one file each.
/// A new structure is such a file, a case here, and a line in `definition` and in `kinds`.
package enum MatrixStructure: Hashable, Sendable, CustomStringConvertible {
  case dense
  /// See `BlockCirculant`.
  case blockCirculant(block: Int)
  /// See `BankBalanced`.
  case bankBalanced(BankBalanced)

  /// What the structure means.
  package var definition: any StructureDefinition {
    switch self {
    case .dense: Dense()
    case .blockCirculant(let block): BlockCirculant(block: block)
    case .bankBalanced(let definition): definition
    }
  }

  /// All structures, in the order of documents and messages.
  package static let kinds: [any StructureDefinition.Type] = [
    Dense.self, BlockCirculant.self, BankBalanced.self,
  ]

  /// The kind and its numbers as a command line has them, such as `bank-balanced:16:4`.
  package var text: String {
    ([type(of: definition).kind] + definition.numbers.map(String.init)).joined(separator: ":")
  }
  /// Reads what `text` gives.
  ///
  /// - Throws: `StructureFault` for an unknown kind and for numbers that the kind does not have.
  package init(text: String) throws {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard let kind = Self.kinds.first(where: { $0.kind == parts[0] }) else {
      throw StructureFault(
        message: "no structure is called \"\(parts[0])\"",
        fix: "use \(Self.kinds.map { $0.usage }.joined(separator: ", "))")
    }
    let numbers = parts.dropFirst().compactMap { Int($0) }
    guard numbers.count == parts.count - 1, numbers.count == kind.numberNames.count else {
      throw StructureFault(
        message: "\"\(text)\" does not name the numbers of a \(kind.kind) matrix",
        fix: "use \(kind.usage) with whole numbers")
    }
    self = try kind.make(numbers)
  }

  package var description: String { definition.description }

  /// Every entry is a stored value of its own, in row-major order.
  package var storesEveryEntry: Bool { self == .dense }
  /// The structure without what belongs to one matrix alone: equal for matrices of the same kind and numbers.
  package var family: MatrixStructure { definition.family }
  /// Whether the places of the stored values are known: false for a sparse structure before its pattern is chosen.
  package var isPlaced: Bool { definition.isPlaced }

  /// The shape in which the free values of a matrix are stored, row-major.
  package func storedShape(rows: Int, columns: Int) -> [Int] {
    definition.storedShape(rows: rows, columns: columns)
  }

  /// Calls `body` for every row with the index of the stored value that stands in each column, -1 for an entry that is zero.
  ///
  /// - Precondition: the structure is placed.
  package func forEachRow(
    rows: Int, columns: Int, _ body: (_ row: Int, _ indices: UnsafePointer<Int32>) -> Void
  ) {
    let definition = definition
    precondition(definition.isPlaced, "\(self) has no pattern yet")
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: columns) { indices in
      guard let base = indices.baseAddress else { return }
      for row in 0..<rows {
        definition.fillIndices(row: row, rows: rows, columns: columns, into: base)
        body(row, base)
      }
    }
  }

  /// The index of the stored value at an entry; nil for an entry that is zero.
  ///
  /// Slow: `forEachRow` is for whole matrices.
  package func storedIndex(row: Int, column: Int, rows: Int, columns: Int) -> Int? {
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: columns) { indices in
      guard let base = indices.baseAddress else { return nil }
      definition.fillIndices(row: row, rows: rows, columns: columns, into: base)
      return indices[column] < 0 ? nil : Int(indices[column])
    }
  }
}

/// Why a structure cannot be made, or does not fit a matrix.
package struct StructureFault: Error, Hashable, Sendable, CustomStringConvertible {
  package var message: String
  package var fix: String
  /// Creates a fault from what is wrong and what helps.
  package init(message: String, fix: String) {
    self.message = message
    self.fix = fix
  }
  package var description: String { "\(message); \(fix)" }
}

/// All that a matrix structure means to training, compression, quantization, the reference, the compiler and the files.
///
/// With its pattern chosen (`isPlaced`), a structure is a linear space: each entry is zero or one of the stored values.
package protocol StructureDefinition: Sendable, CustomStringConvertible {
  /// The word in `model.json` and on the command line, such as `block-circulant`.
  static var kind: String { get }
  /// The keys of the numbers that define the structure, such as `["block"]`.
  static var numberNames: [String] { get }
  /// The numbers, in the order of `numberNames`.
  var numbers: [Int] { get }
  /// Checks the numbers and gives the structure, without a pattern.
  ///
  /// - Throws: `StructureFault` naming the number and what is possible.
  static func make(_ numbers: [Int]) throws -> MatrixStructure
  /// Reports what keeps the structure from being that of a matrix of this size; nil if it fits.
  func fault(rows: Int, columns: Int) -> StructureFault?

  /// The structure without what belongs to one matrix alone.
  var family: MatrixStructure { get }
  /// Whether the places of the stored values are known.
  var isPlaced: Bool { get }
  /// The column of every stored value, where a file has to hold them; nil where the numbers say it all.
  var storedColumns: [Int32]? { get }
  /// The structure with the columns of its stored values, as `storedColumns` gives them.
  ///
  /// - Throws: `StructureFault` for columns that the structure cannot have.
  func placed(at columns: [Int32], rows: Int, columns count: Int) throws -> MatrixStructure

  /// The shape in which the free values of a matrix are stored, row-major.
  func storedShape(rows: Int, columns: Int) -> [Int]
  /// Writes the index of the stored value at each column of a row, -1 for zero.
  func fillIndices(
    row: Int, rows: Int, columns: Int, into indices: UnsafeMutablePointer<Int32>)
  /// The nearest matrix with this structure in the Euclidean norm, exactly, as structure with pattern and stored values.
  ///
  /// - Parameter dense: row-major.
  func nearest(to dense: [Float], rows: Int, columns: Int) -> (
    structure: MatrixStructure, stored: [Float]
  )
  /// Whether training from fresh values draws the stored values themselves; otherwise it draws the matrix and takes the nearest.
  var drawsStoredValues: Bool { get }

  /// The algorithm by which lanes multiply blocks of the matrix; nil where lanes have no processing element.
  ///
  /// - Parameter multipliers: what a lane has for one set of products; structures with blocks of their own ignore it, and those
  ///   that fill a lane give nil without it.
  func algorithm(_ transform: BlockTransform, multipliers: Int?) -> BilinearAlgorithm?
  /// The stored values that define a block for `algorithm`, as indices; -1 for zero.
  ///
  /// - Parameter transposed: blocks of the transpose are counted, and wanted.
  func blockIndices(
    _ blockRow: Int, _ blockColumn: Int, rows: Int, columns: Int, outputs: Int, transposed: Bool
  ) -> [Int]
}

extension StructureDefinition {
  package var description: String {
    ([Self.kind] + numbers.map(String.init)).joined(separator: "-")
  }
  /// The structure as a command line names it, such as `block-circulant:BLOCK`.
  package static var usage: String {
    ([kind] + numberNames.map { $0.uppercased() }).joined(separator: ":")
  }
  package var isPlaced: Bool { true }
  package var storedColumns: [Int32]? { nil }
  package func placed(at columns: [Int32], rows: Int, columns count: Int) throws -> MatrixStructure
  {
    preconditionFailure("the places of a \(Self.kind) matrix follow from its numbers")
  }
  package var drawsStoredValues: Bool { true }
}

// MARK: - Matrices of numbers

extension MatrixStructure {
  /// The row-major matrix of stored values.
  @inlinable
  package func expanded<Number: SignedNumeric>(
    _ stored: [Number], rows: Int, columns: Int
  ) -> [Number] {
    if storesEveryEntry { return stored }
    return [Number](unsafeUninitializedCapacity: rows * columns) { target, count in
      forEachRow(rows: rows, columns: columns) { row, indices in
        for c in 0..<columns {
          let k = indices[c]
          target.initializeElement(at: row * columns + c, to: k < 0 ? 0 : stored[Int(k)])
        }
      }
      count = rows * columns
    }
  }

  /// Sums a row-major gradient over the entries that each stored value stands for.
  @inlinable
  package func folded<Number: SignedNumeric>(
    _ gradient: [Number], rows: Int, columns: Int
  ) -> [Number] {
    if storesEveryEntry { return gradient }
    let count = storedShape(rows: rows, columns: columns).reduce(1, *)
    var stored = [Number](repeating: 0, count: count)
    forEachRow(rows: rows, columns: columns) { row, indices in
      for c in 0..<columns where indices[c] >= 0 {
        stored[Int(indices[c])] += gradient[row * columns + c]
      }
    }
    return stored
  }
}

extension Parameter {
  /// The row-major matrix, or the vector, of stored values.
  @inlinable
  package func dense<Number: SignedNumeric>(fromStored stored: [Number]) -> [Number] {
    columns.map { structure.expanded(stored, rows: rows, columns: $0) } ?? stored
  }
  /// A row-major gradient, summed over the entries that each stored value stands for.
  @inlinable
  package func folded<Number: SignedNumeric>(_ gradient: [Number]) -> [Number] {
    columns.map { structure.folded(gradient, rows: rows, columns: $0) } ?? gradient
  }
  /// The nearest matrix with the parameter's structure; a vector as it is.
  ///
  /// A structure without a pattern gets the one that loses least.
  package func nearest(to dense: [Float]) -> (structure: MatrixStructure, stored: [Float]) {
    guard let columns else { return (structure, dense) }
    return structure.definition.nearest(to: dense, rows: rows, columns: columns)
  }
}

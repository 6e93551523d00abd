import RNNFixedPoint
import RNNGraph
import RNNSupport
import Testing

/// Every matrix structure against its definition, written out a second time, and against brute force.
@Suite struct StructureTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var rows: Int
    var columns: Int
    var structure: MatrixStructure
    var testDescription: String { "\(rows)x\(columns) \(structure)" }

    /// A matrix of the structure, placed by random values, and its stored values.
    func member(seed: UInt64 = 4) -> (parameter: Parameter, stored: [Float]) {
      var parameter = Parameter(
        name: "w", rows: rows, columns: columns, structure: structure, initializer: .constant(0))
      let (placed, stored) = parameter.nearest(to: StructureTests.matrix(self, seed: seed))
      parameter.structure = placed
      return (parameter, stored)
    }
  }
  static let circulants = [
    (1, 1, 1), (4, 4, 4), (5, 7, 3), (6, 6, 4), (3, 2, 4), (1, 6, 4), (13, 10, 8), (2, 3, 1),
  ].map { Case(rows: $0.0, columns: $0.1, structure: .blockCirculant(block: $0.2)) }
  static let sparse = [
    (1, 2, 2, 1), (3, 8, 4, 1), (2, 9, 4, 2), (4, 7, 4, 3), (5, 5, 3, 2), (2, 13, 5, 4),
  ].map { Case(rows: $0.0, columns: $0.1, structure: .bankBalanced(bank: $0.2, kept: $0.3)) }
  static let all =
    circulants + sparse + [Case(rows: 3, columns: 5, structure: .dense)]

  static func matrix(_ c: Case, seed: UInt64 = 4) -> [Float] {
    var generator = SplitMix64(seed: seed)
    return (0..<c.rows * c.columns).map { _ in Float(generator.uniform(-2, 2)) }
  }

  /// The basis matrices of the set, written from the definition: the shift matrices of every block.
  static func basis(_ size: Case) -> [[Double]] {
    var result: [[Double]] = []
    let l = size.structure.definition.numbers[0]
    for top in stride(from: 0, to: size.rows, by: l) {
      for left in stride(from: 0, to: size.columns, by: l) {
        for shift in 0..<l {
          var m = [Double](repeating: 0, count: size.rows * size.columns)
          // The first column of the block has its one in row `shift`; each next column rotates down.
          for column in 0..<l {
            let row = (shift + column) % l
            if top + row < size.rows && left + column < size.columns {
              m[(top + row) * size.columns + left + column] = 1
            }
          }
          result.append(m)
        }
      }
    }
    return result
  }

  /// Least squares by the normal equations and Gaussian elimination; free unknowns become zero.
  static func leastSquares(_ columns: [[Double]], _ target: [Double]) -> [Double] {
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let n = columns.count
    var a = columns.map { row in columns.map { dot(row, $0) } + [dot(row, target)] }
    var pivots: [(row: Int, column: Int)] = []
    var row = 0
    for column in 0..<n {
      guard let best = (row..<n).max(by: { abs(a[$0][column]) < abs(a[$1][column]) }),
        abs(a[best][column]) > 1e-9
      else { continue }
      a.swapAt(row, best)
      for other in 0..<n where other != row {
        let factor = a[other][column] / a[row][column]
        for k in column...n { a[other][k] -= factor * a[row][k] }
      }
      pivots.append((row, column))
      row += 1
    }
    var solution = [Double](repeating: 0, count: n)
    for pivot in pivots { solution[pivot.column] = a[pivot.row][n] / a[pivot.row][pivot.column] }
    return solution
  }

  @Test(arguments: circulants) func circulantProjectionIsTheLeastSquaresSolution(_ c: Case) {
    let stored = c.member().stored
    let basis = Self.basis(c)
    #expect(stored.count == basis.count)
    let expected = Self.leastSquares(basis, Self.matrix(c).map(Double.init))
    for (got, wanted) in zip(stored, expected) { #expect(abs(Double(got) - wanted) < 1e-5) }
  }

  /// Every choice of k columns in every bank, compared by what it drops.
  @Test(arguments: sparse) func bankBalancedProjectionDropsTheLeast(_ c: Case) throws {
    let dense = Self.matrix(c)
    let (parameter, stored) = c.member()
    let nearest = parameter.dense(fromStored: stored)
    let numbers = c.structure.definition.numbers
    for row in 0..<c.rows {
      for start in stride(from: 0, to: c.columns, by: numbers[0]) {
        let bank = Array(start..<min(start + numbers[0], c.columns))
        func dropped(_ keeps: (Int) -> Bool) -> Double {
          bank.reduce(0) { sum, column in
            let value = Double(dense[row * c.columns + column])
            return keeps(column) ? sum : sum + value * value
          }
        }
        let kept = bank.filter { nearest[row * c.columns + $0] != 0 }
        #expect(kept.count == min(numbers[1], bank.count))
        for column in kept {
          #expect(nearest[row * c.columns + column] == dense[row * c.columns + column])
        }
        let least = (0..<1 << bank.count).filter { $0.nonzeroBitCount == kept.count }.map {
          choice in
          dropped { choice >> ($0 - start) & 1 == 1 }
        }.min()
        #expect(try dropped(kept.contains) == #require(least))
      }
    }
  }

  @Test func equalMagnitudesKeepTheLowerColumn() {
    let parameter = Parameter(
      name: "w", rows: 1, columns: 6, structure: .bankBalanced(bank: 3, kept: 1),
      initializer: .constant(0))
    let (structure, stored) = parameter.nearest(to: [1, -1, 1, 0, 0, 0])
    #expect(structure.definition.storedColumns == [0, 3] && stored == [1, 0])
  }

  @Test(arguments: all) func whatIsLeftIsOrthogonalToTheSetAndMembersStay(_ c: Case) {
    let dense = Self.matrix(c, seed: 5)
    let (parameter, stored) = c.member(seed: 5)
    let nearest = parameter.dense(fromStored: stored)
    let left = zip(dense, nearest).map { Double($0) - Double($1) }
    // The residual folded back is its product with every basis matrix of the space.
    for value in parameter.folded(left) { #expect(abs(value) < 1e-5) }
    #expect(parameter.nearest(to: nearest).stored == stored)
    #expect(parameter.nearest(to: nearest).structure == parameter.structure)
    #expect(stored.count == parameter.storedCount)
  }

  @Test(arguments: all) func foldingIsTheAdjointOfExpanding(_ c: Case) {
    let (parameter, _) = c.member()
    var generator = SplitMix64(seed: 9)
    let stored = (0..<parameter.storedCount).map { _ in generator.uniform(-1, 1) }
    let gradient = (0..<c.rows * c.columns).map { _ in generator.uniform(-1, 1) }
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    #expect(
      abs(
        dot(parameter.dense(fromStored: stored), gradient) - dot(stored, parameter.folded(gradient))
      )
        < 1e-12)
  }

  @Test(arguments: circulants) func circulantEntriesStandWhereTheDefinitionSays(_ c: Case) {
    let (parameter, _) = c.member()
    let block = c.structure.definition.numbers[0]
    let across = (c.columns + block - 1) / block
    let places = parameter.dense(fromStored: (0..<parameter.storedCount).map { Double($0) })
    for r in 0..<c.rows {
      for column in 0..<c.columns {
        let lag = ((r - column) % block + block) % block
        #expect(
          Int(places[r * c.columns + column]) == ((r / block) * across + column / block) * block
            + lag)
      }
    }
  }

  @Test(arguments: all) func integerMatricesExpandTransposeAndBoundTheirSums(_ c: Case) throws {
    let (parameter, stored) = c.member()
    let codes = stored.map { Int64(($0 * 50).rounded()) }
    let matrix = IntegerMatrix(
      name: "w", rows: c.rows, columns: c.columns, structure: parameter.structure,
      format: QFormat(width: 9, fraction: 0), codes: codes)
    let dense = parameter.dense(fromStored: codes)
    #expect(matrix.expanded() == dense)
    for r in 0..<c.rows {
      for column in 0..<c.columns {
        #expect(matrix.code(r, column) == dense[r * c.columns + column])
        #expect(
          matrix.expanded(transposed: true)[column * c.rows + r] == dense[r * c.columns + column])
      }
    }
    for transposed in [false, true] {
      let size = transposed ? c.rows : c.columns
      let graph = IntegerGraph(
        name: "g", inputSize: size, inputFormat: QFormat(width: 3, fraction: 0),
        nodes: [
          IntegerNode(op: .input, size: size, format: QFormat(width: 3, fraction: 0), name: "x")
        ], matrices: [matrix], vectors: [], tables: [], states: [], output: ValueID(0))
      // The extremes of a row are reached where every operand sits at the end that its weight's sign asks for.
      var ends: [Int64] = []
      for row in 0..<(transposed ? c.columns : c.rows) {
        let weights = (0..<size).map { k -> Int64 in
          transposed ? dense[k * c.columns + row] : dense[row * c.columns + k]
        }
        for end: Int64 in [3, -4] {
          ends.append(weights.map { $0 > 0 ? $0 * end : $0 * (-1 - end) }.reduce(0, +))
        }
      }
      let range = try #require(
        graph.range(of: [LinearTerm(matrix: 0, operand: ValueID(0), transposed: transposed)]))
      #expect(range.lowerBound == ends.min() && range.upperBound == ends.max())
    }
  }

  @Test(arguments: all) func textsAndFaults(_ c: Case) throws {
    if c.structure.text != "block-circulant:3" {
      #expect(try MatrixStructure(text: c.structure.text) == c.structure)
    }
    #expect(c.member().parameter.structure.family == c.structure)
  }

  @Test func structuresThatCannotBeAreRefused() throws {
    for (text, message) in [
      ("circulant:8", "no structure is called"), ("block-circulant", "does not name the numbers"),
      ("block-circulant:8:8", "does not name the numbers"), ("block-circulant:x", "does not name"),
      ("block-circulant:6", "a block size of 6"), ("bank-balanced:1:1", "a bank of 1 columns"),
      ("bank-balanced:8:8", "8 of 8 columns"), ("bank-balanced:8:0", "0 of 8 columns"),
      ("bank-balanced:999:1", "a bank of 999"), ("block-circulant:-8", "a block size of -8"),
    ] {
      #expect {
        _ = try MatrixStructure(text: text)
      } throws: { error in
        "\(error)".contains(message)
      }
    }
    #expect(MatrixStructure.blockCirculant(block: 8).definition.fault(rows: 7, columns: 3) != nil)
    #expect(
      MatrixStructure.bankBalanced(bank: 8, kept: 1).definition.fault(rows: 9, columns: 7) != nil)
    #expect(
      MatrixStructure.bankBalanced(bank: 8, kept: 1).definition.fault(rows: 1, columns: 8) == nil)
    // Columns of a file: of the right bank, ascending, as many as there are values.
    let structure = MatrixStructure.bankBalanced(bank: 4, kept: 2).definition
    #expect(try structure.placed(at: [0, 3, 4, 5], rows: 1, columns: 6).isPlaced)
    for columns: [Int32] in [
      [0, 3, 4], [3, 0, 4, 5], [0, 0, 4, 5], [0, 4, 4, 5], [0, 3, 4, 6], [-1, 0, 4, 5],
    ] {
      #expect(throws: StructureFault.self) {
        try structure.placed(at: columns, rows: 1, columns: 6)
      }
    }
  }
}

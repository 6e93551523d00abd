import RNNFixedPoint
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

@Suite struct CirculantProjectionTests {
  struct Size: Sendable, CustomTestStringConvertible {
    var rows: Int
    var columns: Int
    var block: Int
    var testDescription: String { "\(rows)x\(columns)/\(block)" }
  }
  static let sizes = [
    Size(rows: 1, columns: 1, block: 1), Size(rows: 4, columns: 4, block: 4),
    Size(rows: 5, columns: 7, block: 3), Size(rows: 6, columns: 6, block: 4),
    Size(rows: 3, columns: 2, block: 4), Size(rows: 1, columns: 6, block: 4),
    Size(rows: 13, columns: 10, block: 8), Size(rows: 2, columns: 3, block: 1),
  ]
  static func matrix(_ size: Size, seed: UInt64 = 4) -> [Float] {
    var generator = SplitMix64(seed: seed)
    return (0..<size.rows * size.columns).map { _ in Float(generator.uniform(-2, 2)) }
  }

  /// The basis matrices of the set, written from the definition: the shift matrices of every block.
  static func basis(_ size: Size) -> [[Double]] {
    var result: [[Double]] = []
    let l = size.block
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

  @Test(arguments: sizes) func projectionIsTheLeastSquaresSolution(_ size: Size) {
    let projection = CirculantProjection(rows: size.rows, columns: size.columns, block: size.block)
    let dense = CirculantProjectionTests.matrix(size)
    let stored = projection.project(dense)
    let basis = CirculantProjectionTests.basis(size)
    #expect(stored.count == projection.storedCount && stored.count == basis.count)
    let expected = CirculantProjectionTests.leastSquares(basis, dense.map(Double.init))
    for (got, wanted) in zip(stored, expected) { #expect(abs(Double(got) - wanted) < 1e-5) }
  }

  @Test(arguments: sizes) func residualIsOrthogonalToTheSet(_ size: Size) {
    let projection = CirculantProjection(rows: size.rows, columns: size.columns, block: size.block)
    let dense = CirculantProjectionTests.matrix(size, seed: 5)
    let nearest = projection.expand(projection.project(dense))
    for direction in CirculantProjectionTests.basis(size) {
      let dot = zip(zip(dense, nearest), direction).reduce(0.0) {
        $0 + (Double($1.0.0) - Double($1.0.1)) * $1.1
      }
      #expect(abs(dot) < 1e-5)
    }
  }

  @Test(arguments: sizes) func matricesOfTheSetStay(_ size: Size) {
    let projection = CirculantProjection(rows: size.rows, columns: size.columns, block: size.block)
    let nearest = projection.expand(projection.project(CirculantProjectionTests.matrix(size)))
    #expect(projection.expand(projection.project(nearest)) == nearest)
  }

  @Test func storedShapeIsTheParametersShape() {
    for size in CirculantProjectionTests.sizes {
      let parameter = Parameter(
        name: "w", rows: size.rows, columns: size.columns,
        structure: .blockCirculant(block: size.block), initializer: .constant(0))
      let projection = CirculantProjection(
        rows: size.rows, columns: size.columns, block: size.block)
      #expect(projection.storedCount == parameter.storedCount)
      let codes = (0..<projection.storedCount).map { Int64($0) }
      let integer = IntegerMatrix(
        name: "w", rows: size.rows, columns: size.columns, structure: parameter.structure,
        format: QFormat(width: 16, fraction: 0), codes: codes)
      let dense = parameter.dense(fromStored: codes.map { Float($0) })
      for r in 0..<size.rows {
        for c in 0..<size.columns {
          #expect(Int64(dense[r * size.columns + c]) == integer.code(r, c))
        }
      }
    }
  }
}

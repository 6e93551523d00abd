import RNNFixedPoint
import RNNGraph
import RNNSupport
import Testing
import _RNNTestSupport

/// The parts of the sequential engine, each against integers of its own; whole networks are tested by cosimulation.
@Suite struct SequentialUnitTests {
  /// Every code of 6 bits in 8, with every shift, width, rounding and overflow.
  @Test(arguments: simulators)
  func requantizeIsExactForEveryInput(_ simulator: BenchSimulator) throws {
    struct Setting {
      var shift: Int
      var width: Int
      var rounding: Int
      var wraps: Bool
    }
    var settings: [Setting] = []
    for shift in 0...6 {
      for width in 1...8 {
        for rounding in 0...2 {
          for wraps in [false, true] {
            settings.append(
              Setting(shift: shift, width: width, rounding: rounding, wraps: wraps))
          }
        }
      }
    }
    // A cycle more for each setting: it holds still until the last code is out.
    let codes = (-32..<32).map(Int64.init) + [0]
    let unit = Unit(
      "rnnc_requantize", ["Width": 8],
      inputs: [
        Port("in_i", 8), Port("shift_i", 3), Port("keep_i", 3), Port("rounding_i", 2),
        Port("wrap_i", 1),
      ],
      outputs: [Port("out_o", 8)],
      stimulus: settings.flatMap { setting in
        codes.map { code in
          [
            bits(code, 8), unsigned(setting.shift, 3), unsigned(setting.width - 1, 3),
            unsigned(setting.rounding, 2), unsigned(setting.wraps ? 1 : 0, 1),
          ]
        }
      })
    let trace = try libraryBench([unit]).run(simulator)
    let rules: [RoundingRule] = [.down, .halfUp, .halfToEven]
    for (k, setting) in settings.enumerated() {
      for (c, code) in codes.enumerated().dropLast() {
        let cycle = k * codes.count + c
        let whole = ArithmeticTests.rounded(
          code, shift: setting.shift, width: 20, rounding: setting.rounding)
        let span = Int64(1) << Int64(setting.width)
        let low = ((whole % span) + span) % span
        let wrapped = low >= span / 2 ? low - span : low
        let expected =
          setting.wraps ? wrapped : min(max(whole, -span / 2), span / 2 - 1)
        guard trace.signed(cycle: cycle + 1, unit: 0) == expected else {
          Issue.record("\(setting): \(code) is not \(expected)")
          return
        }
        let reference = requantized(
          code, fraction: setting.shift, to: QFormat(width: setting.width, fraction: 0),
          rounding: rules[setting.rounding], overflow: setting.wraps ? .wrap : .saturate)
        #expect(reference == expected)
      }
    }
  }

  private func unsigned(_ number: Int, _ width: Int) -> [UInt8] { bits(Int64(number), width) }

  struct Shape: CustomStringConvertible, Sendable {
    var rows: Int
    var columns: Int
    var block: Int
    var isTransposed: Bool
    var description: String {
      "\(rows) x \(columns) in blocks of \(block)\(isTransposed ? " transposed" : "")"
    }
  }
  /// Blocks of 1 are dense; blocks that are no power of two, cut off by either edge, and one larger than the matrix.
  static let shapes: [Shape] = [
    (1, 1, 1), (3, 5, 1), (5, 3, 2), (6, 9, 3), (7, 5, 4), (8, 16, 8), (5, 4, 7), (2, 3, 8),
  ].flatMap { rows, columns, block in
    [false, true].map {
      Shape(rows: rows, columns: columns, block: block, isTransposed: $0)
    }
  }

  /// The addresses are those of the entries of a matrix whose codes are their places.
  @Test(arguments: simulators)
  func theWalkVisitsTheEntriesOfEveryRow(_ simulator: BenchSimulator) throws {
    let base = 3
    var random = SplitMix64(seed: 12)
    var units: [Unit] = []
    var steps: [[Bool]] = []
    for shape in Self.shapes {
      let down = (shape.columns + shape.block - 1) / shape.block * shape.block
      let columns = shape.isTransposed ? shape.rows : shape.columns
      // A pause after some entries; nothing may move in it.
      var moves: [Bool] = []
      for _ in 0..<shape.rows * shape.columns {
        if random.below(4) == 0 { moves.append(false) }
        moves.append(true)
      }
      moves += Array(repeating: false, count: 300 - moves.count)
      steps.append(moves)
      func inputs(start: Bool, next: Bool) -> [[UInt8]] {
        [
          unsigned(start ? 1 : 0, 1), unsigned(next ? 1 : 0, 1), unsigned(base, 8),
          unsigned(shape.isTransposed ? shape.block : down, 8),
          unsigned(shape.isTransposed ? down : shape.block, 8), unsigned(shape.block - 1, 5),
          unsigned(columns - 1, 5), unsigned(shape.isTransposed ? 1 : 0, 1),
        ]
      }
      units.append(
        Unit(
          "rnnc_block_walk", ["AddressWidth": 8, "CountWidth": 5],
          inputs: [
            Port("start_i", 1), Port("next_i", 1), Port("base_i", 8), Port("row_step_i", 8),
            Port("block_step_i", 8), Port("last_in_block_i", 5), Port("last_column_i", 5),
            Port("transposed_i", 1),
          ],
          outputs: [
            Port("address_o", 8), Port("column_o", 5), Port("at_row_start_o", 1),
            Port("at_row_end_o", 1),
          ],
          stimulus: [inputs(start: true, next: false)]
            + moves.map { inputs(start: false, next: $0) }))
    }
    let trace = try libraryBench(units).run(simulator)
    for (u, shape) in Self.shapes.enumerated() {
      let stored =
        ((shape.rows + shape.block - 1) / shape.block)
        * ((shape.columns + shape.block - 1) / shape.block) * shape.block
      let matrix = IntegerMatrix(
        name: "m", rows: shape.rows, columns: shape.columns,
        structure: .blockCirculant(block: shape.block), format: QFormat(width: 16, fraction: 0),
        codes: (0..<stored).map(Int64.init))
      let rows = shape.isTransposed ? shape.columns : shape.rows
      let columns = shape.isTransposed ? shape.rows : shape.columns
      var entry = 0
      for (k, moves) in steps[u].enumerated() where entry < rows * columns {
        let (row, column) = (entry / columns, entry % columns)
        let place =
          shape.isTransposed ? matrix.code(column, row) : matrix.code(row, column)
        let found = zip([8, 5, 1, 1], 0...).map { width, output in
          trace.signed(cycle: k + 1, unit: u, output: output).map { Int($0) & (1 << width - 1) }
        }
        let expected = [
          Int(place) + base, column, column == 0 ? 1 : 0, column == columns - 1 ? 1 : 0,
        ]
        guard found == expected.map(Optional.init) else {
          Issue.record("\(shape) entry \(row), \(column): \(found), not \(expected)")
          return
        }
        if moves { entry += 1 }
      }
      #expect(entry == rows * columns)
    }
  }
}

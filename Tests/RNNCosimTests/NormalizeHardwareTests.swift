import Foundation
import RNNCodegen
import RNNCosim
import RNNFixedPoint
import RNNGraph
import RNNQuantize
import RNNReference
import RNNSupport
import Testing
import _RNNTestSupport

/// Normalization on the sequential engine: the quotients come while operands of later rows are issued.
@Suite(.serialized) struct NormalizeHardwareTests {
  /// Formats of one unit.
  struct Unit: Hashable, Sendable {
    var value: QFormat
    var square: QFormat
    var output: QFormat
    var floor: Int64
    init(_ value: (Int, Int), _ square: (Int, Int), _ output: (Int, Int), floor: Int64) {
      self.value = QFormat(width: value.0, fraction: value.1)
      self.square = QFormat(width: square.0, fraction: square.1)
      self.output = QFormat(width: output.0, fraction: output.1)
      self.floor = floor
    }
  }
  static let narrow = Unit((9, 4), (9, 4), (8, 3), floor: 1)
  static let wide = Unit((8, 3), (13, 9), (14, 9), floor: 5)
  static let coarse = Unit((5, 2), (6, -1), (6, 3), floor: 2)

  /// What the units' operands are: vectors, or one element for every row.
  enum Operands: CaseIterable, Sendable { case vectors, scalarSquare, scalarValue, scalars }

  /// y0 = v / sqrt(s + floor), y1 = y0 / sqrt(s + floor) in the next unit's formats, and so on, s the input before.
  ///
  /// So squares are of either sign, 0 at the start, and every value reads the last one at once.
  static func graph(_ units: [Unit], size n: Int, _ operands: Operands) throws -> IntegerGraph {
    let input = QFormat(width: 9, fraction: 4)
    var nodes = [
      IntegerNode(op: .input, size: n, format: input, name: "x"),
      IntegerNode(op: .state(StateID(0)), size: n, format: input, name: "s"),
    ]
    func append(_ op: IntegerOp, size: Int, _ format: QFormat, _ name: String) -> ValueID {
      nodes.append(IntegerNode(op: op, size: size, format: format, name: name))
      return ValueID(nodes.count - 1)
    }
    func repeated(_ id: ValueID, _ name: String, if isScalar: Bool) -> ValueID {
      guard isScalar else { return id }
      let format = nodes[id.index].format
      let one = append(.reduce(.maximum, id), size: 1, format, "\(name).max")
      return append(.broadcast(one), size: n, format, "\(name).all")
    }
    let kinds = Array(Set(units)).sorted { $0.output.width < $1.output.width }
    var value = ValueID(0)
    for (k, unit) in units.enumerated() {
      let v = append(
        .requantize(value, .halfUp, .saturate), size: n, unit.value, "v\(k)")
      let s = append(
        .requantize(ValueID(1), .halfUp, .saturate), size: n, unit.square, "s\(k)")
      let a = repeated(v, "v\(k)", if: operands == .scalarValue || operands == .scalars)
      let b = repeated(s, "s\(k)", if: operands == .scalarSquare || operands == .scalars)
      let index = try #require(kinds.firstIndex(of: unit))
      value = append(.normalize(index, a, by: b), size: n, unit.output, "y\(k)")
    }
    return IntegerGraph(
      name: "normalized", inputSize: n, inputFormat: input, nodes: nodes, matrices: [],
      vectors: [], tables: [],
      normalizations: try kinds.map {
        try #require(
          Normalization.fitted(
            value: $0.value, square: $0.square, output: $0.output, floor: $0.floor))
      },
      states: [IntegerState(name: "s", size: n, format: input, initial: 0, next: ValueID(0))],
      output: value)
  }

  /// Zeros, the extremes, both signs side by side and random codes; every one is the square of the next.
  static func sequences(size n: Int) -> [[[Int64]]] {
    var random = SplitMix64(seed: UInt64(n))
    func draw() -> [Int64] { (0..<n).map { _ in Int64(random.below(512)) - 256 } }
    func positive() -> [Int64] { (0..<n).map { _ in Int64(random.below(256)) } }
    func all(_ code: Int64) -> [Int64] { Array(repeating: code, count: n) }
    return [
      [
        draw(), all(0), draw(), all(255), draw(), all(-256), draw(),
        (0..<n).map { $0 % 2 == 0 ? 1 : -1 }, draw(), draw(),
      ],
      [all(-1), draw(), positive(), draw(), positive(), draw()],
    ]
  }

  static func unitCount(_ design: SequentialDesign) -> Int {
    design.counts.units.filter { $0.name.hasPrefix("normalization") }.count
  }

  /// Sizes below, at and above the rows that a quotient takes, few of them powers of two.
  static let shapes: [(size: Int, operands: Operands)] =
    [1, 2, 3, 6, 7, 9, 16].map { ($0, .vectors) }
    + Operands.allCases.dropFirst().flatMap { operands in [1, 5].map { ($0, operands) } }

  @Test(arguments: shapes.indices) func everySizeAndOperand(_ shape: Int) throws {
    let (size, operands) = Self.shapes[shape]
    let graph = try Self.graph([Self.narrow], size: size, operands)
    try SequentialHardwareTests.expectEqual(
      graph, Self.sequences(size: size), seed: UInt64(size), "\(operands) of \(size)")
  }

  static let mixtures: [(units: [Unit], count: Int)] = [
    ([narrow, narrow], 1), ([wide, narrow], 2), ([wide, coarse, narrow, wide, coarse], 3),
  ]

  /// Nodes with the same formats share a unit, others have their own.
  @Test(arguments: mixtures.indices, [1, 5])
  func unitsOfSeveralFormats(_ mixture: Int, _ size: Int) throws {
    let (units, count) = Self.mixtures[mixture]
    let graph = try Self.graph(units, size: size, .vectors)
    let design = try compileSequential(graph, options: SequentialHardwareTests.options)
    #expect(Self.unitCount(design) == count)
    try SequentialHardwareTests.expectEqual(
      graph, Self.sequences(size: size), seed: UInt64(mixture), "\(count) units of \(size)")
  }

  /// Two cycles an element and 12 an instruction beside the 5 that every one has; the simulation has the same cycles.
  @Test func cyclesOfAnInstruction() throws {
    for size in [1, 4, 9] {
      let graph = try Self.graph([Self.narrow], size: size, .vectors)
      let design = try compileSequential(graph, options: SequentialHardwareTests.options)
      let span = try #require(design.timeline.spans.first { $0.label == "y0" })
      #expect(span.end - span.start == 2 * size + 12 + 5)
      #expect(design.probes.first { $0.name == "y0" }?.cyclesPerStep == 2)
    }
  }

  /// The squares are the last vector: six words behind it are read, so they are there.
  @Test func memoryIsBehindTheLastVector() throws {
    let size = 9
    let graph = try Self.graph([Self.wide], size: size, .vectors)
    let design = try compileSequential(graph, options: SequentialHardwareTests.options)
    let values = try #require(design.files().first { $0.path == "mem/values.mem" })
    // The start of the state; input, state, next state, a value and its square.
    #expect(values.text.split(separator: "\n").count == 1 + 5 * size + 6)
    try SequentialHardwareTests.expectEqual(
      graph, Self.sequences(size: size), seed: 1, "last vector")
  }

  static let layers = EveryCellTests.all.filter { $0.cell.name.hasPrefix("layer-norm") }

  /// Both engines give the reference's outputs, on what a dense layer computes.
  @Test(arguments: layers.indices) func layersOnBothEngines(_ layer: Int) throws {
    let dense = try #require(EveryCellTests.all.first { $0.cell.name == "dense" })
    let variants = [dense, Self.layers[layer]]
    let layers = try QuantizedLayers(
      variants.map { $0.graph(inputSize: 5, units: 5, block: 1) }, seed: UInt64(layer))
    #expect(!layers.integers.normalizations.isEmpty)
    let sequences = [4, 1].enumerated().map { layers.sequence(steps: $1, seed: UInt64($0)) }
    try expectHardwareEquals(
      layers.integers, sequences: sequences,
      options: CompileOptions(
        name: "lanes", engine: .lanes(.init(2, denseMultipliers: 4))),
      seed: 2, "\(variants) on lanes")
    try SequentialHardwareTests.expectEqual(layers.integers, sequences, seed: 2, "\(variants)")
  }
}

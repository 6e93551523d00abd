import RNNFixedPoint
import RNNGraph
import RNNQuantize
import RNNReference
import RNNSupport
import Testing

/// A cell with options, sizes and a block size.
struct Case: Sendable, CustomTestStringConvertible {
  var cell: String
  var sizes: [Int]
  var block: Int
  var options: [CellConfiguration.Entry] = []
  var testDescription: String {
    "\(cell) \(sizes) block \(block) \(options.map { "\($0.name)=\($0.value)" })"
  }

  static let all: [Case] = {
    let cells: [(String, [CellConfiguration.Entry])] = [
      ("gru", [.init("reset", .choice("before"))]), ("gru", [.init("reset", .choice("after"))]),
      ("elman", [.init("activation", .choice("tanh"))]),
      ("elman", [.init("activation", .choice("sigmoid"))]),
      ("lstm", [.init("peepholes", .bool(false)), .init("projection", .int(0))]),
      ("lstm", [.init("peepholes", .bool(true)), .init("projection", .int(0))]),
      ("lstm", [.init("peepholes", .bool(false)), .init("projection", .int(3))]),
      ("lstm", [.init("peepholes", .bool(true)), .init("projection", .int(2))]),
    ]
    let shapes = [
      ([1, 1], 1), ([3, 7], 1), ([7, 3], 2), ([5, 7], 4), ([9, 7], 8), ([3, 7, 1], 4),
    ]
    return cells.flatMap { cell in
      shapes.map { Case(cell: cell.0, sizes: $0.0, block: $0.1, options: cell.1) }
    }
  }()

  func network(seed: UInt64, policy: QuantizationPolicy? = QuantizationPolicy()) throws
    -> RandomNetwork
  {
    try RandomNetwork(
      seed: seed,
      options: RandomNetwork.Options(
        cell: cell, sizes: sizes, block: block, policy: policy, cellOptions: options,
        readout: false))
  }
}

/// Steps the reference and the oracle together; reports the first value that differs.
///
/// Gives the number of named nodes that were compared.
private func compare(_ random: RandomNetwork, steps: Int) throws -> Int {
  let model = try ReferenceModel(random.graph)
  var oracle = GraphOracle(
    random.plan.network, random.weights, tables: random.graph.tables,
    normalizations: random.graph.normalizations)
  var compared = 0
  for (t, x) in random.sequence(steps: steps).enumerated() {
    let y = model.step(x)
    let expected = oracle.step(x.map { random.graph.inputFormat.value(of: $0) })
    let format = random.graph[random.graph.output].format
    #expect(y.map { format.value(of: $0) } == expected)
    compared = 0
    for (index, node) in random.graph.nodes.enumerated() {
      let values = model.values(of: ValueID(index)).map { node.format.value(of: $0) }
      for (l, layer) in random.network.layers.enumerated()
      where node.name.hasPrefix(layer.name + ".") {
        let name = String(node.name.dropFirst(layer.name.count + 1))
        guard let expected = oracle.values[l][name] else { continue }
        compared += 1
        // A double holds 53 bits; some exact sums of squares have more.
        let isHeld =
          node.format.width <= 53
          ? values == expected
          : zip(values, expected).allSatisfy { abs($0 - $1) <= abs($1) * 0x1p-50 }
        if !isHeld {
          Issue.record("step \(t), \(node.name): \(values) instead of \(expected)")
          return compared
        }
      }
    }
  }
  return compared
}

@Suite struct FreezeTests {
  @Test(arguments: Case.all) func everyValueEqualsTheQuantizedNetwork(_ each: Case) throws {
    for seed in [1, 2] as [UInt64] {
      let random = try each.network(seed: seed)
      #expect(try compare(random, steps: 6) >= 5)
    }
  }

  @Test func everyValueOfRandomNetworksEqualsTheQuantizedNetwork() throws {
    for seed in 0..<40 as Range<UInt64> { _ = try compare(RandomNetwork(seed: seed), steps: 4) }
  }

  /// The integers differ from the quantized float network in the tables alone, by one code per look-up.
  ///
  /// The stated bound for 12-bit values: 12 output ulp at any of 20 steps from there, 3 ulp on average.
  @Test(arguments: Case.all) func realFunctionsAreWithinTheStatedBound(_ each: Case) throws {
    let random = try each.network(seed: 3)
    let model = try ReferenceModel(random.graph)
    var oracle = GraphOracle(random.plan.network, random.weights, tables: nil)
    let format = random.graph[random.graph.output].format
    var worst = 0.0
    var sum = 0.0
    var count = 0.0
    for x in random.sequence(steps: 20) {
      let y = model.step(x)
      for node in random.graph.nodes {
        guard case .activation(let index, let operand) = node.op else { continue }
        let table = random.graph.tables[index]
        let function = ScalarFunction.named(table.function)!
        for code in model.values(of: operand) {
          let real = quantized(
            function(table.input.value(of: code)), to: table.output, rounding: .halfUp,
            overflow: .saturate)
          #expect(abs(table.code(for: code) - real) <= 1)
        }
      }
      let expected = oracle.step(x.map { random.graph.inputFormat.value(of: $0) })
      for (a, b) in zip(y, expected) {
        let error = abs(Double(a) - b / format.ulp)
        worst = max(worst, error)
        sum += error
        count += 1
      }
    }
    #expect(worst <= 12)
    #expect(sum / count <= 3)
  }

  @Test func sumsOfProductsBecomeOneNode() throws {
    let random = try Case(
      cell: "gru", sizes: [5, 7], block: 4, options: [.init("reset", .choice("after"))]
    ).network(seed: 1)
    let linears = random.graph.nodes.compactMap { node -> [LinearTerm]? in
      if case .linear(let terms) = node.op { terms } else { nil }
    }
    // z and r take both products at once; the candidate's recurrent product meets the reset gate first.
    #expect(linears.map(\.count).sorted() == [1, 1, 2, 2])
    #expect(random.graph.matrices.count == 6 && random.graph.vectors.count == 4)
    #expect(random.graph.states.map(\.name) == ["gru0.h"])
    #expect(random.graph[random.graph.states[0].next].name == "gru0.h")
    // The sigmoids of z and r share a table.
    #expect(random.graph.tables.map(\.function).sorted() == ["sigmoid", "tanh"])
    let names = Set(random.graph.nodes.map(\.name))
    for name in ["x", "z", "z_in", "r", "n", "n_in", "h", "h_previous"] {
      #expect(names.contains("gru0.\(name)"))
    }
  }

  @Test func layersAreInlinedWithoutRoundingBetweenThem() throws {
    let random = try Case(cell: "lstm", sizes: [3, 7, 5], block: 2).network(seed: 4)
    let inputs = random.graph.nodes.filter { $0.op == .input }
    #expect(inputs.map(\.name) == ["lstm0.x"])
    guard let below = random.graph.nodes.firstIndex(where: { $0.name == "lstm0.h" }) else {
      Issue.record("no lstm0.h")
      return
    }
    let readers = random.graph.nodes.filter { $0.op.operands.contains(ValueID(below)) }
    #expect(readers.count == 4)
    #expect(readers.allSatisfy { if case .linear = $0.op { true } else { false } })
  }
}

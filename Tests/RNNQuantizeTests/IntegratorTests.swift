import RNNFixedPoint
import RNNGraph
import RNNQuantize
import Testing

/// States that sum up over steps are wider than what matrices multiply.
@Suite struct IntegratorTests {
  @Test(
    arguments: [
      ("leaky", [], ["h"]),
      ("sbo", [.init("update", .choice("sgd"))], ["h"]),
      ("sbo", [.init("update", .choice("heavy-ball"))], ["h", "v"]),
      // v' = h - eta g, h' = v' + mu (v' - v): v returns by way of h.
      ("sbo", [.init("update", .choice("nesterov"))], ["h", "v"]),
      ("momentum-lstm", [.init("method", .choice("momentum"))], ["i.v", "f.v", "g.v", "o.v"]),
      // Gates decide how long these keep.
      ("lstm", [], []), ("gru", [], []), ("mgu", [], []),
      ("orthogonal", [], []),
    ] as [(String, [CellConfiguration.Entry], Set<String>)])
  func integratorsOfCells(
    _ cell: String, _ options: [CellConfiguration.Entry], _ expected: Set<String>
  ) throws {
    let random = try RandomNetwork(
      seed: 1,
      options: .init(
        cell: cell, sizes: [2, 4], policy: QuantizationPolicy(), cellOptions: options,
        readout: false))
    #expect(Set(random.plan.values.filter { $0.role == .integrator }.map(\.node)) == expected)
  }

  /// Every step adds a sixteenth of the narrow format's step: the wide state sums it up, a narrow one stands still.
  @Test(arguments: [(16, 1.0), (12, 0.0)]) func smallStepsAddUp(_ width: Int, _ share: Double)
    throws
  {
    var b = GraphBuilder(inputSize: 1)
    let x = b.input()
    let h = b.state("h", size: 1)
    let next = b.add(h, b.product("weight", x, rows: 1, initializer: .constant(1)))
    b.name(next, "h")
    b.update("h", to: next)
    let graph = b.build(output: next)
    let ulp = 1.0 / 2048  // of 12 bits in [-1, 1)
    let ranges = graph.nodes.map { node -> ClosedRange<Float> in
      node.name == "x" ? -Float(ulp / 8)...Float(ulp / 8) : -0.9...0.9
    }
    var (network, weights, _) = single(graph)
    weights.values[0][0] = [0.5]
    let fixed = try quantize(
      network, weights: weights, ranges: [ranges],
      policy: QuantizationPolicy(integratorWidth: width))
    let integer = try freeze(fixed, weights: weights, name: "sum")
    var oracle = GraphOracle(fixed, weights, tables: nil)
    var y = 0.0
    for _ in 0..<1600 { y = oracle.step([ulp / 8])[0] }
    #expect(y == share * 100 * ulp)
    #expect(integer[integer.output].format == QFormat(width: 12, fraction: 11))
    #expect(integer.states.map(\.format.width).sorted() == (width == 16 ? [16] : [12]))
  }

  @Test func matricesMultiplyTheNarrowCopy() throws {
    let random = try RandomNetwork(
      seed: 4,
      options: .init(
        cell: "sbo", sizes: [3, 5],
        policy: QuantizationPolicy(activationWidth: 10, integratorWidth: 17),
        cellOptions: [
          .init("update", .choice("heavy-ball")), .init("recurrence", .choice("dense")),
        ], readout: true))
    #expect(random.plan.values.contains { $0.role == .integrator && $0.format.width == 17 })
    for node in random.graph.nodes {
      guard case .linear(let terms) = node.op else { continue }
      for term in terms {
        let operand = random.graph[term.operand]
        #expect(operand.format.width == 10, "\(operand.name)")
      }
    }
    #expect(random.graph.states.map(\.format.width).sorted() == [10, 17, 17])
  }
}

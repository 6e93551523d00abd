import RNNCodegen
import RNNCosim
import RNNFixedPoint
import RNNGraph
import RNNQuantize
import RNNSupport
import Testing
import _RNNTestSupport

/// A cosimulation compares with the network as it was before the compiler, so a pass that changes what it computes is found.
@Suite(.serialized) struct WrongPassTests {
  /// Passes that are wrong in one node each.
  static let passes: [(name: String, change: @Sendable (inout IntegerGraph) -> Bool)] = [
    (
      "an addition with its operands crossed over",
      { graph in
        for (i, node) in graph.nodes.enumerated() {
          guard case .subtract(let a, let b) = node.op else { continue }
          graph.nodes[i].op = .subtract(b, a)
          return true
        }
        return false
      }
    ),
    (
      "a rounding by another rule",
      { graph in
        for (i, node) in graph.nodes.enumerated() {
          guard case .requantize(let a, .halfUp, let overflow) = node.op else { continue }
          graph.nodes[i].op = .requantize(a, .down, overflow)
          return true
        }
        return false
      }
    ),
    (
      "a state that starts from another code",
      { graph in
        guard !graph.states.isEmpty else { return false }
        graph.states[0].initial += 1
        return true
      }
    ),
    (
      "a table of the other function",
      { graph in
        for (i, node) in graph.nodes.enumerated() {
          guard case .activation(let t, let a) = node.op,
            let other = graph.tables.indices.first(where: {
              $0 != t && graph.tables[$0].input == graph.tables[t].input
                && graph.tables[$0].output == graph.tables[t].output
            })
          else { continue }
          graph.nodes[i].op = .activation(other, a)
          return true
        }
        return false
      }
    ),
  ]

  @Test(arguments: passes.indices, Engine.allCases)
  func aWrongPassIsFound(_ index: Int, _ engine: Engine) throws {
    let (name, change) = Self.passes[index]
    // Pre-activations of both functions in one format, so that a table can be taken for another.
    let policy = QuantizationPolicy(activationWidth: 10, internalWidth: 14)
    let network = try RandomNetwork(
      seed: 6,
      options: .init(
        cell: "gru", sizes: [4, 6], block: 2, policy: policy,
        cellOptions: [.init("reset", .choice("after"))], readout: false))
    var wrong = network.graph
    if index == 3 {
      // The table of tanh on the grid of the sigmoid.
      let table = wrong.tables[0]
      wrong.tables.append(
        ActivationTable.fitted(
          table.function == "tanh" ? .sigmoid : .tanh, input: table.input, output: table.output,
          segments: 128))
    }
    #expect(change(&wrong), "\(name) did not apply")
    let design = try compileHardware(
      wrong, options: CompileOptions(name: "net", engine: engine.standard))
    try withTemporaryFolder { folder in
      let sequences = [network.sequence(steps: 6), network.sequence(steps: 2, seed: 1)]
      let result = try simulate(design, of: network.graph, in: folder, sequences, seed: 2)
      #expect(result.valueMismatches > 0, "\(name): \(result.summary)")
      #expect(result.cycleMismatches == 0)
    }
  }
}

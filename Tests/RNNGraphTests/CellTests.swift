import RNNGraph
import Testing

@Suite struct CellTests {
  @Test func gruHasOneMatrixPerGateAndSource() {
    let configuration = CellConfiguration(
      inputSize: 5, units: 3, options: [.init("reset", .choice("after"))])
    let graph = GRUCell.graph(configuration)
    #expect(graph.parameters.filter(\.isMatrix).count == 6)
    #expect(graph.outputSize == 3)
    #expect(graph.states.map(\.name) == ["h"])
  }
}

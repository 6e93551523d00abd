import RNNGraph
import RNNSupport
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

  private func diagnostics(_ options: [CellConfiguration.Entry]) -> [Diagnostic] {
    var sink = DiagnosticSink(stage: "test")
    _ = CellRegistry.configuration(
      cell: "momentum-lstm", inputSize: 2, units: 3, options: options, path: "l", into: &sink)
    return sink.diagnostics
  }
  @Test func anOptionThatMeansNothingIsRefused() throws {
    let found = diagnostics([.init("method", .choice("nesterov")), .init("mu", .number(0.5))])
    #expect(found.count == 1)
    #expect(found[0].path == "l/options/mu")
    #expect(found[0].message.contains("method is momentum or adam"))
    #expect(diagnostics([.init("method", .choice("adam")), .init("mu", .number(0.5))]).isEmpty)
  }
  @Test func anOptionThatDoesNotApplyIsAbsentAndTheRestRoundTrips() throws {
    let layer = try Layer(
      name: "l", cell: "momentum-lstm", inputSize: 2, units: 3,
      options: [.init("method", .choice("rmsprop"))])
    #expect(
      layer.configuration.options.map(\.name) == ["method", "step", "beta", "epsilon"])
    #expect(diagnostics(layer.configuration.options).isEmpty)
  }
  @Test func aNumberOutsideItsRangeIsRefused() {
    for bad in [-0.1, 1.5] {
      let found = diagnostics([.init("mu", .number(bad))])
      #expect(found.count == 1 && found[0].fix == "use 0.0 to 1.0")
    }
  }
}

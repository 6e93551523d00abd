/// One layer of a network: a named cell graph and the configuration that it was built from.
package struct Layer: Hashable, Sendable {
  /// Unique in its network, such as `gru0`; prefixes parameter names in weight files.
  package var name: String
  /// The cell's name in `CellRegistry`.
  package var cell: String
  package var configuration: CellConfiguration
  package var graph: CellGraph
  package init(name: String, cell: String, configuration: CellConfiguration, graph: CellGraph) {
    self.name = name
    self.cell = cell
    self.configuration = configuration
    self.graph = graph
  }
}

/// A stack of layers that all run once per time step; layer k + 1 reads the output of layer k.
package struct Network: Hashable, Sendable {
  package var layers: [Layer]
  package init(layers: [Layer]) { self.layers = layers }
  package var inputSize: Int { layers[0].graph.inputSize }
  package var outputSize: Int { layers[layers.count - 1].graph.outputSize }
}

/// The values of a network's parameters: `values[layer][parameter]` in the parameter's stored shape, row-major.
package struct Weights: Hashable, Sendable {
  package var values: [[[Float]]]
  package init(values: [[[Float]]]) { self.values = values }
}

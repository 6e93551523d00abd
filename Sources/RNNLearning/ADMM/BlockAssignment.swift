package import RNNGraph
package import RNNSupport

/// Which matrices become block-circulant, and with which block size.
package struct BlockAssignment: Hashable, Sendable {
  /// The block size of one matrix.
  package struct Entry: Hashable, Sendable {
    /// The layer's name, such as `gru0`.
    package var layer: String
    /// The parameter's name, such as `z.weight_h`.
    package var parameter: String
    /// The block size; 1 leaves the matrix as it is.
    package var block: Int
    /// Creates an entry.
    package init(layer: String, parameter: String, block: Int) {
      self.layer = layer
      self.parameter = parameter
      self.block = block
    }
    /// `layer.parameter`.
    package var path: String { "\(layer).\(parameter)" }
  }
  /// Block sizes in network order or in the user's order; matrices without an entry stay as they are.
  package var entries: [Entry]

  /// Creates an assignment from entries.
  package init(_ entries: [Entry]) { self.entries = entries }

  /// The same block size for every matrix of every layer that has a state.
  package static func recurrentLayers(of network: Network, block: Int) -> BlockAssignment {
    BlockAssignment(
      network.layers.filter { !$0.graph.states.isEmpty }.flatMap { layer in
        layer.graph.parameters.filter(\.isMatrix).map {
          Entry(layer: layer.name, parameter: $0.name, block: block)
        }
      })
  }
  /// The block size of a matrix.
  func block(layer: String, parameter: String) -> Int {
    entries.first { $0.layer == layer && $0.parameter == parameter }?.block ?? 1
  }

  /// Collects everything that keeps the assignment from fitting a network.
  package func check(against network: Network, into sink: inout DiagnosticSink) {
    var seen: Set<String> = []
    for entry in entries {
      let path = entry.path
      guard let layer = network.layers.first(where: { $0.name == entry.layer }) else {
        sink.error(
          path, "no layer is called \(entry.layer)",
          fix: "use one of \(network.layers.map(\.name).joined(separator: ", "))")
        continue
      }
      let matrices = layer.graph.parameters.filter(\.isMatrix)
      guard let parameter = matrices.first(where: { $0.name == entry.parameter }) else {
        sink.error(
          path, "layer \(entry.layer) has no matrix \(entry.parameter)",
          fix: "use one of \(matrices.map(\.name).joined(separator: ", "))")
        continue
      }
      if !seen.insert(path).inserted {
        sink.error(path, "the matrix has two block sizes", fix: "keep one of them")
      }
      if entry.block < 1 {
        sink.error(path, "block size \(entry.block) is below 1", fix: "use 1 for a dense matrix")
      } else if entry.block > max(parameter.rows, parameter.columns ?? 0) {
        sink.error(
          path,
          "block size \(entry.block) exceeds the matrix of \(parameter.rows) x "
            + "\(parameter.columns ?? 0)", fix: "use a smaller block")
      }
      if case .blockCirculant(let block) = parameter.structure, entry.block != block {
        sink.error(
          path, "the matrix is already block-circulant with block size \(block)",
          fix: "compress the dense model instead")
      }
    }
  }
}

extension Network {
  /// The same network with the matrices of an assignment block-circulant; all formats are kept.
  ///
  /// - Precondition: the assignment passes `check(against:into:)`.
  package func restructured(_ assignment: BlockAssignment) -> Network {
    var result = released(assignment)
    for l in result.layers.indices {
      for p in result.layers[l].graph.parameters.indices {
        let parameter = result.layers[l].graph.parameters[p]
        let block = assignment.block(layer: layers[l].name, parameter: parameter.name)
        if block > 1 {
          result.layers[l].graph.parameters[p].structure = .blockCirculant(block: block)
        }
      }
    }
    return result
  }
  /// The network whose matrices with an assigned block size leave their manifold.
  func released(_ assignment: BlockAssignment) -> Network {
    var result = self
    for l in result.layers.indices {
      for p in result.layers[l].graph.parameters.indices {
        let name = result.layers[l].graph.parameters[p].name
        if assignment.block(layer: layers[l].name, parameter: name) > 1 {
          result.layers[l].graph.parameters[p].manifold = .euclidean
        }
      }
    }
    return result
  }
  /// The number of stored values of all parameters.
  package var storedCount: Int {
    layers.reduce(0) { $0 + $1.graph.parameters.reduce(0) { $0 + $1.storedCount } }
  }
}

extension Weights {
  /// The nearest values for the same network with other matrix structures.
  ///
  /// Expands every matrix and projects it (see `CirculantProjection`), so dense to dense, and circulant to
  /// dense, lose nothing.
  package func converted(from old: Network, to new: Network) -> Weights {
    precondition(old.layers.count == new.layers.count, "the networks differ in more than structure")
    return Weights(
      values: values.indices.map { l in
        values[l].indices.map { p in
          let source = old.layers[l].graph.parameters[p]
          let target = new.layers[l].graph.parameters[p]
          precondition(
            source.rows == target.rows && source.columns == target.columns,
            "\(source.name) changes its size")
          if source.structure == target.structure { return values[l][p] }
          return target.stored(fromDense: source.dense(fromStored: values[l][p]))
        }
      })
  }
}

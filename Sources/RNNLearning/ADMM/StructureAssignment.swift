package import RNNGraph
package import RNNSupport

/// Which matrices get which structure.
package struct StructureAssignment: Hashable, Sendable {
  /// The structure of one matrix.
  package struct Entry: Hashable, Sendable {
    /// The layer's name, such as `gru0`.
    package var layer: String
    /// The parameter's name, such as `z.weight_h`.
    package var parameter: String
    /// The structure, without a pattern; `dense` leaves the matrix as it is.
    package var structure: MatrixStructure
    /// Creates an entry.
    package init(layer: String, parameter: String, structure: MatrixStructure) {
      self.layer = layer
      self.parameter = parameter
      self.structure = structure
    }
    /// `layer.parameter`.
    package var path: String { "\(layer).\(parameter)" }
  }
  /// Structures in network order or in the user's order; matrices without an entry stay as they are.
  package var entries: [Entry]

  /// Creates an assignment from entries.
  package init(_ entries: [Entry]) { self.entries = entries }

  /// The same structure for every matrix of every layer that has a state.
  package static func recurrentLayers(of network: Network, structure: MatrixStructure)
    -> StructureAssignment
  {
    StructureAssignment(
      network.layers.filter { !$0.graph.states.isEmpty }.flatMap { layer in
        layer.graph.parameters.filter(\.isMatrix).map {
          Entry(layer: layer.name, parameter: $0.name, structure: structure)
        }
      })
  }
  /// The structure that a matrix gets; nil where it stays as it is.
  func structure(layer: String, parameter: String) -> MatrixStructure? {
    let entry = entries.first { $0.layer == layer && $0.parameter == parameter }
    return entry?.structure == .dense ? nil : entry?.structure
  }
  /// Whether no matrix changes.
  var isEmpty: Bool { entries.allSatisfy { $0.structure == .dense } }
  /// The structures by name, each once, such as `circulant-8`.
  package var summary: String { distinct(\.description) }
  /// The structures as `MatrixStructure.text`, each once.
  package var text: String { distinct(\.text) }

  private func distinct(_ name: (MatrixStructure) -> String) -> String {
    var names: [String] = []
    for entry in entries where !names.contains(name(entry.structure)) {
      names.append(name(entry.structure))
    }
    return names.joined(separator: ", ")
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
        sink.error(path, "the matrix has two structures", fix: "keep one of them")
      }
      let structure = entry.structure.definition
      if let fault = structure.fault(rows: parameter.rows, columns: parameter.columns ?? 1) {
        sink.error(path, fault.message, fix: fault.fix)
      }
      if parameter.structure != .dense, parameter.structure.family != entry.structure {
        sink.error(
          path, "the matrix is already \(parameter.structure)",
          fix: "compress the dense model instead")
      }
    }
  }
}

extension Network {
  /// The same network with the structures of an assignment, sparse ones without a pattern; all formats are kept.
  ///
  /// - Precondition: the assignment passes `check(against:into:)`.
  package func restructured(_ assignment: StructureAssignment) -> Network {
    var result = released(assignment)
    result.forEachParameter { l, parameter in
      let structure = assignment.structure(layer: layers[l].name, parameter: parameter.name)
      if let structure { parameter.structure = structure }
    }
    return result
  }
  /// The network whose matrices with an assigned structure leave their manifold.
  func released(_ assignment: StructureAssignment) -> Network {
    var result = self
    result.forEachParameter { l, parameter in
      if assignment.structure(layer: layers[l].name, parameter: parameter.name) != nil {
        parameter.manifold = .euclidean
      }
    }
    return result
  }
  private mutating func forEachParameter(_ change: (Int, inout Parameter) -> Void) {
    for l in layers.indices {
      for p in layers[l].graph.parameters.indices { change(l, &layers[l].graph.parameters[p]) }
    }
  }
  /// The number of stored values of all parameters.
  package var storedCount: Int {
    layers.reduce(0) { $0 + $1.graph.parameters.reduce(0) { $0 + $1.storedCount } }
  }

  /// The nearest network with other matrix structures, and its weights.
  ///
  /// Expands every matrix and projects it (see `StructureDefinition.nearest`), so dense to dense, and any structure to
  /// dense, lose nothing. Sparse structures without a pattern get the one that loses least.
  package func projected(_ weights: Weights, to new: Network) -> (
    network: Network, weights: Weights
  ) {
    precondition(layers.count == new.layers.count, "the networks differ in more than structure")
    var result = (network: new, weights: weights)
    for (l, layer) in layers.enumerated() {
      for (p, source) in layer.graph.parameters.enumerated() {
        let target = new.layers[l].graph.parameters[p]
        precondition(
          source.rows == target.rows && source.columns == target.columns,
          "\(source.name) changes its size")
        if source.structure == target.structure { continue }
        let (structure, stored) = target.nearest(
          to: source.dense(fromStored: weights.values[l][p]))
        result.network.layers[l].graph.parameters[p].structure = structure
        result.weights.values[l][p] = stored
      }
    }
    return result
  }
}

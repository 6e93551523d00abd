package import Foundation
internal import RNNGraph
internal import RNNInterchange
internal import RNNSupport
internal import SwiftProtobuf

/// Reads frozen graphs of TensorFlow 1: a GRU that Keras wrote as a loop, then dense layers on its last step.
///
/// Every node that the graph's output depends on is checked to be what Keras writes; anything else is refused by name.
package enum TensorFlowFile {
  /// Reads a graph.
  ///
  /// - Throws: `ToolError` if the file cannot be read; `DiagnosticsEmitted` with what cannot be honoured.
  package static func read(_ url: URL) throws -> ImportedModel {
    try model(parsing: AtomicFile.read(url), path: url.relativePath)
  }

  /// Reads a graph from bytes; `path` stands in messages.
  package static func model(parsing data: Data, path: String) throws -> ImportedModel {
    let proto: Tensorflow_GraphDef
    do {
      proto = try Tensorflow_GraphDef(serializedBytes: data)
    } catch {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "import", path: path, message: "not a TensorFlow graph, or damaged: \(error)",
          fix: "give a frozen graph (GraphDef), not a SavedModel"))
    }
    do {
      return try model(of: TensorFlowGraph(proto), path: path)
    } catch let refusal as TensorFlowRefusal {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "import", path: "\(path):node \"\(refusal.node)\"", message: refusal.message,
          fix: refusal.fix))
    }
  }

  private struct Dense {
    var place: String
    var kernel: Matrix
    var bias: [Double]?
    var function: CellActivation
  }

  private static func model(of graph: TensorFlowGraph, path: String) throws -> ImportedModel {
    let inputs = graph.nodes.filter { $0.op == "Placeholder" }
    guard inputs.count == 1 else {
      throw TensorFlowRefusal(
        inputs.first?.name ?? "graph", "the graph has \(inputs.count) inputs instead of one")
    }
    let used = Set(
      graph.nodes.flatMap(\.input).map { name in
        String((name.hasPrefix("^") ? name.dropFirst() : name[...]).prefix { $0 != ":" })
      })
    let outputs = graph.nodes.filter { !used.contains($0.name) }
    guard outputs.count == 1 else {
      throw TensorFlowRefusal(
        outputs.first?.name ?? "graph", "the graph has \(outputs.count) outputs instead of one",
        fix: "freeze it with the one output that counts")
    }
    // From the output back to the loop.
    var layers: [Dense] = []
    var node = outputs[0]
    for _ in 0...graph.nodes.count {
      if node.op == "Identity" {
        node = try graph.node(graph.input(node, 0, of: 1).node)
      } else if node.op == "TensorArrayReadV3" {
        return try model(
          graph, loop: TensorFlowLoop(graph, lastStep: node, input: inputs[0].name),
          layers.reversed(), input: inputs[0].name, output: outputs[0].name)
      } else {
        let (layer, below) = try dense(node, graph)
        layers.append(layer)
        node = below
      }
    }
    throw TensorFlowRefusal(node.name, "it leads back to itself", fix: "freeze it again")
  }

  /// A dense layer that ends at a node, and what it reads.
  private static func dense(_ last: TensorFlowGraph.Node, _ graph: TensorFlowGraph) throws
    -> (Dense, TensorFlowGraph.Node)
  {
    var node = last
    var function = CellActivation(.linear)
    let functions: [String: CellActivation.Kind] = [
      "Sigmoid": .sigmoid, "Tanh": .tanh, "Relu": .relu,
    ]
    if let kind = functions[node.op] {
      function = CellActivation(kind)
      node = try graph.source(node, 0, of: 1)
    }
    var bias: [Double]?
    if ["BiasAdd", "Add", "AddV2"].contains(node.op) {
      bias = try graph.constant(graph.source(node, 1, of: 2)).values
      node = try graph.source(node, 0)
    }
    guard node.op == "MatMul" else {
      throw TensorFlowRefusal(
        node.name, "the operator \(node.op) is not supported behind a recurrent layer")
    }
    for flag in ["transpose_a", "transpose_b"] {
      if case .b(true)? = node.attr[flag]?.value {
        throw TensorFlowRefusal(node.name, "\(flag) = true is not read")
      }
    }
    let kernel = try graph.constant(graph.source(node, 1, of: 2))
    guard kernel.shape.count == 2, kernel.shape[0] > 0, kernel.shape[1] > 0,
      bias.map({ $0.count == kernel.shape[1] }) ?? true
    else {
      throw TensorFlowRefusal(
        node.name, "a kernel of shape \(kernel.shape) and \(bias?.count ?? 0) biases")
    }
    return (
      Dense(
        place: node.name,
        kernel: Matrix(rows: kernel.shape[0], columns: kernel.shape[1], values: kernel.values),
        bias: bias, function: function), try graph.source(node, 0)
    )
  }

  private static func model(
    _ graph: TensorFlowGraph, loop: TensorFlowLoop, _ layers: [Dense], input: String, output: String
  ) throws -> ImportedModel {
    let gru = try TensorFlowGRU(loop)
    var maker = LayerMaker()
    var part = try gru.part(&maker)
    var width = gru.units
    func text(_ f: CellActivation) -> String {
      f.kind.hasAlpha
        ? "\(f.kind.rawValue), \(Float(f.alpha)) x + \(Float(f.beta))" : f.kind.rawValue
    }
    var notes = [
      ImportNote(loop.name, "loop", "GRU", "\(gru.units) units, reset = before"),
      ImportNote(loop.name, "gates", gru.gate.kind.rawValue, text(gru.gate)),
      ImportNote(loop.name, "candidate", gru.candidate.kind.rawValue, text(gru.candidate)),
    ]
    if let limit = loop.limit {
      notes.append(ImportNote(loop.name, "maximum_iterations", "\(limit)", "runs at any length"))
    }
    for layer in layers {
      guard layer.kernel.rows == width else {
        throw TensorFlowRefusal(
          layer.place, "a kernel of \(layer.kernel.rows) rows reads \(width) values")
      }
      width = layer.kernel.columns
      let dense = try maker.part(
        cell: "dense", inputSize: layer.kernel.rows, units: width,
        options: [.init("bias", .bool(layer.bias != nil))] + layer.function.entries(""),
        values: ["weight": layer.kernel.transposed.values].merging(
          layer.bias.map { ["bias": $0] } ?? [:]
        ) { $1 })
      part = part.followed(by: dense)
      notes.append(
        ImportNote(layer.place, "dense", layer.function.kind.rawValue, "\(width) outputs"))
    }
    return ImportedModel(
      model: SequenceModel(name: "model", steps: [.forward(part), .select(.last)]),
      origin: "TensorFlow graph", notes: notes,
      input: .batchFirst(input, features: gru.inputSize),
      outputs: [
        ImportedOutput(
          tensor: ImportedTensor(name: output, axes: [.batch, .feature(0, size: width)]),
          source: .result)
      ])
  }
}

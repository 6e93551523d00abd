internal import RNNBilinear
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNSupport

/// Checks that the sums of a graph whose block transform rounds stay in their formats, roundings included.
///
/// Formats are as tight as the exact sums allow for all operand codes; the bound on the error comes on top.
///
/// - Throws: `DiagnosticsEmitted` naming the product, for blocks that the transform does not have as well.
func checkRoundings(of graph: IntegerGraph) throws {
  guard graph.transform != .exact else { return }
  var sink = DiagnosticSink(stage: "compile")
  var rounds = false
  for node in graph.nodes {
    guard case .linear(let terms) = node.op, let first = terms.first else { continue }
    let structure = graph.matrices[first.matrix].structure.definition
    if let size = structure.algorithm(graph.transform, multipliers: nil)?.inputs, size > 16 {
      sink.error(
        node.name, "has circulant blocks of \(size)",
        fix: "use --transform exact; \(graph.transform) takes blocks of 8 and 16")
    }
    guard graph.roundingAlgorithm(of: first) != nil else { continue }
    rounds = true
    guard let range = graph.range(of: terms) else { continue }
    let error = Int64(saturating: graph.roundingBound(of: terms).rounded(.up))
    if range.lowerBound - error < node.format.minCode
      || range.upperBound + error > node.format.maxCode
    {
      sink.error(
        node.name,
        "reaches \(range.lowerBound) to \(range.upperBound), and the transform's roundings add up to \(error): over \(node.format.width) bits",
        fix: "use --transform exact for this network")
    }
  }
  if !rounds, sink.diagnostics.isEmpty {
    sink.error(
      "transform",
      "is \(graph.transform), but the network has no circulant blocks of 8 or 16",
      fix: "use --transform exact, or train with such blocks")
  }
  try sink.throwIfErrors()
}

extension IntegerGraph {
  /// How far the sum of a `linear` node may be from the exact one, in codes: 0 where nothing rounds.
  func roundingBound(of terms: [LinearTerm]) -> Double {
    guard let first = terms.first, let algorithm = roundingAlgorithm(of: first) else { return 0 }
    let L = algorithm.inputs
    let rows = first.transposed ? matrices[first.matrix].columns : matrices[first.matrix].rows
    let blocks = (0..<(rows + L - 1) / L).map { i in
      terms.flatMap { term in
        (0..<(self[term.operand].size + L - 1) / L).map { j in
          matrices[term.matrix].block(i, j, outputs: L, transposed: term.transposed)
        }
      }
    }
    return algorithm.errorBound(
      rows: blocks, operandWidth: terms.map { self[$0.operand].format.width }.max() ?? 1)
  }
}

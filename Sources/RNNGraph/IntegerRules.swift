package import RNNBilinear
package import RNNFixedPoint

/// What decides the output bits of a quantized network besides its formats and weights.
///
/// Together they determine the integer graph; `model.json` holds all of them.
package struct IntegerRules: Hashable, Sendable {
  /// How features become input codes.
  package var inputRounding: RoundingRule
  /// The segments of every table, a power of two; nil for as many as each needs to be right to one ulp.
  package var tableSegments: Int?
  /// How block-circulant products are computed.
  package var transform: BlockTransform

  package init(
    inputRounding: RoundingRule = .halfUp, tableSegments: Int? = 128,
    transform: BlockTransform = .exact
  ) {
    self.inputRounding = inputRounding
    self.tableSegments = tableSegments
    self.transform = transform
  }
}

extension IntegerGraph {
  /// The input codes of a frame of features: rounded as the graph says, saturated.
  package func inputCodes(_ features: [Double]) -> [Int64] {
    features.map { quantized($0, to: inputFormat, rounding: inputRounding, overflow: .saturate) }
  }

  /// The input codes of sequences of frames, each row-major `[T][inputSize]`.
  package func inputCodes(_ sequences: [[Float]]) -> [[[Int64]]] {
    sequences.map { sequence in
      stride(from: 0, to: sequence.count, by: inputSize).map { t in
        inputCodes(sequence[t..<t + inputSize].map(Double.init))
      }
    }
  }
}

extension Network {
  /// How a quantized network rounds its input; nil for a float network.
  package var inputRounding: RoundingRule? {
    let graph = layers[0].graph
    for node in graph.nodes {
      if case .quantize(let operand, _, let rounding) = node.op, graph[operand].op == .input {
        return rounding
      }
    }
    return nil
  }
}

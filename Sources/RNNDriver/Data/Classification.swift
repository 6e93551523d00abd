internal import Foundation
package import RNNFixedPoint
package import RNNGraph
package import RNNInterchange
internal import RNNLearning
internal import RNNReference

/// Deciding a class from a sequence of outputs, the same for floats and for codes.
package enum Classification {
  /// The class with the greatest pooled output; the first of several equals.
  ///
  /// - Parameter outputs: one row per step, at least one.
  package static func label(_ outputs: [[Double]], pooling: ModelTask.Pooling) -> Int {
    precondition(!outputs.isEmpty, "a sequence has at least one step")
    var pooled = outputs[outputs.count - 1]
    if pooling == .mean {
      // The sum decides as the mean does, and is exact for codes.
      pooled = [Double](repeating: 0, count: pooled.count)
      for row in outputs { for (c, value) in row.enumerated() { pooled[c] += value } }
    }
    var best = 0
    for c in pooled.indices where pooled[c] > pooled[best] { best = c }
    return best
  }

  /// The classes that a float (or fake-quantized) network decides on.
  ///
  /// - Parameter sequences: row-major `[T][inputSize]`.
  package static func labels(
    network: Network, weights: Weights, sequences: [[Float]], pooling: ModelTask.Pooling
  ) throws -> [Int] {
    let engine = try NetworkEngine(network: network, weights: weights)
    let size = network.outputSize
    var labels: [Int] = []
    for start in stride(from: 0, to: sequences.count, by: 64) {
      let chunk = Array(sequences[start..<min(start + 64, sequences.count)])
      let outputs = engine.forward(SequenceBatch(sequences: chunk, features: network.inputSize))
      for b in chunk.indices {
        let flat = outputs.sequence(b)
        let rows = stride(from: 0, to: flat.count, by: size).map { t in
          flat[t..<t + size].map(Double.init)
        }
        labels.append(label(rows, pooling: pooling))
      }
    }
    return labels
  }

  /// The outputs of the integer reference for every sequence, as codes, on all cores.
  package static func referenceOutputs(_ graph: IntegerGraph, sequences: [[[Int64]]]) throws
    -> [[[Int64]]]
  {
    _ = try ReferenceModel(graph)
    let slots = Slots<[[Int64]]>(count: sequences.count)
    DispatchQueue.concurrentPerform(iterations: sequences.count) { i in
      // The graph was validated above; a model holds state, so each sequence has its own.
      guard let model = try? ReferenceModel(graph) else { return }
      slots.set(i, sequences[i].map { model.step($0) })
    }
    return slots.all
  }

  /// The share of equal labels, 0 to 1.
  package static func accuracy(_ labels: [Int], _ expected: [Int]) -> Double {
    precondition(labels.count == expected.count && !labels.isEmpty, "one label per sequence")
    return Double(zip(labels, expected).count { $0 == $1 }) / Double(labels.count)
  }
}

extension IntegerGraph {
  /// The input codes of feature sequences: rounded half up, as the quantized network rounds its input.
  package func inputCodes(_ sequences: [[Float]], rounding: RoundingRule) -> [[[Int64]]] {
    sequences.map { sequence in
      stride(from: 0, to: sequence.count, by: inputSize).map { t in
        sequence[t..<t + inputSize].map {
          quantized(Double($0), to: inputFormat, rounding: rounding, overflow: .saturate)
        }
      }
    }
  }
}

extension Network {
  /// How a quantized network rounds its input; nil for a float network.
  var inputRounding: RoundingRule? {
    let graph = layers[0].graph
    for node in graph.nodes {
      if case .quantize(let operand, _, let rounding) = node.op, graph[operand].op == .input {
        return rounding
      }
    }
    return nil
  }
}

/// One slot per element, filled by concurrent calls.
private final class Slots<R: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var values: [R?]
  init(count: Int) { values = Array(repeating: nil, count: count) }
  func set(_ i: Int, _ value: R) { lock.withLock { values[i] = value } }
  var all: [R] { values.compactMap { $0 } }
}

internal import Foundation
internal import RNNFixedPoint
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
    // One model for each core, which takes every so many sequences: making one validates the graph and expands its matrices.
    let workers = max(1, min(sequences.count, ProcessInfo.processInfo.activeProcessorCount))
    let models = try (0..<workers).map { _ in try ReferenceModel(graph) }
    var outputs = [[[Int64]]](repeating: [], count: sequences.count)
    outputs.withUnsafeMutableBufferPointer { slots in
      // Workers write different elements, and all end before this returns.
      nonisolated(unsafe) let slots = slots
      nonisolated(unsafe) let models = models
      DispatchQueue.concurrentPerform(iterations: workers) { worker in
        for i in stride(from: worker, to: sequences.count, by: workers) {
          slots[i] = models[worker].run(sequence: sequences[i])
        }
      }
    }
    return outputs
  }

  /// The share of equal labels, 0 to 1.
  package static func accuracy(_ labels: [Int], _ expected: [Int]) -> Double {
    precondition(labels.count == expected.count && !labels.isEmpty, "one label per sequence")
    return Double(zip(labels, expected).count { $0 == $1 }) / Double(labels.count)
  }
}

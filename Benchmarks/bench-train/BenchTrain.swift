import Dispatch
import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import RNNTensor

/// One shape of the comparison with PyTorch: a layer, its batch, and 100 steps.
struct Shape {
  var name: String
  var cell: String
  var inputs: Int
  var units: Int
  var options: [CellConfiguration.Entry]
  var batch: Int
  let steps = 100

  static let all = [
    Shape(
      name: "lstm-40-128-b32", cell: "lstm", inputs: 40, units: 128, options: [], batch: 32),
    Shape(name: "gru-40-128-b32", cell: "gru", inputs: 40, units: 128, options: [], batch: 32),
    Shape(
      name: "lstm-153-1024-proj512-b16", cell: "lstm", inputs: 153, units: 1024,
      options: [.init("projection", .int(512))], batch: 16),
    Shape(
      name: "gru-153-1024-b16", cell: "gru", inputs: 153, units: 1024, options: [], batch: 16),
    Shape(
      name: "momentum-lstm-28-128-b32", cell: "momentum-lstm", inputs: 28, units: 128,
      options: [], batch: 32),
  ]

  var network: Network {
    get throws {
      Network(layers: [
        try Layer(name: "layer", cell: cell, inputSize: inputs, units: units, options: options)
      ])
    }
  }

  /// The products of one forward and backward pass on one of `threads` threads: m x n x k, how often,
  /// and whether the left one is transposed, as gradients by matrices need it.
  func products(threads: Int) throws -> [(m: Int, n: Int, k: Int, times: Int, transposed: Bool)] {
    var result: [(m: Int, n: Int, k: Int, times: Int, transposed: Bool)] = []
    let rows = batch / threads
    var byOperand: [ValueID: (rows: Int, columns: Int, seesState: Bool)] = [:]
    let graph = try network.layers[0].graph
    var order: [ValueID] = []
    for node in graph.nodes {
      guard case .matvec(_, let v, _) = node.op else { continue }
      if byOperand[v] == nil { order.append(v) }
      let known = byOperand[v]?.rows ?? 0
      byOperand[v] = (known + node.size, graph[v].size, graph[v].op != .input)
    }
    for v in order {
      guard let product = byOperand[v] else { continue }
      if product.seesState {
        result.append((rows, product.rows, product.columns, steps, false))
        result.append((rows, product.columns, product.rows, steps, false))
      } else {
        result.append((rows * steps, product.rows, product.columns, 1, false))
      }
      result.append((product.rows / threads, product.columns, batch * steps, 1, true))
    }
    return result
  }
}

/// Reads `run SHAPE COUNT` or `limit SHAPE` from standard input and answers each with one line.
///
/// `run` prints the seconds of each of COUNT forward and backward passes with a sum loss, no
/// optimizer; `limit` prints the seconds and the floating-point operations of its products alone,
/// on both threads at once. The driver interleaves these with the same passes in PyTorch.
@main enum BenchTrain {
  static let threads = 2

  static func main() throws {
    var engines: [String: (NetworkEngine, SequenceBatch)] = [:]
    while let line = readLine() {
      defer { fflush(nil) }
      let words = line.split(separator: " ").map(String.init)
      guard words.count >= 2, let shape = Shape.all.first(where: { $0.name == words[1] }) else {
        print("error: expected run SHAPE COUNT or limit SHAPE, found \(line)")
        continue
      }
      if words[0] == "limit" {
        let (seconds, flops) = try limit(shape)
        print("\(seconds) \(flops)")
        continue
      }
      if engines[shape.name] == nil { engines[shape.name] = try engine(shape) }
      guard let (engine, batch) = engines[shape.name], let count = words.last.flatMap({ Int($0) })
      else { continue }
      var ones = SequenceBatch(lengths: batch.lengths, features: engine.network.outputSize)
      for i in ones.values.indices { ones.values[i] = 1 }
      let loss = { (output: SequenceBatch) -> (loss: Double, outputGradient: SequenceBatch) in
        var sums = SIMD8<Float>()
        output.values.withUnsafeBufferPointer { values in
          for i in stride(from: 0, to: values.count - 7, by: 8) {
            for lane in 0..<8 { sums[lane] += values[i + lane] }
          }
        }
        return (Double(sums.sum()), ones)
      }
      var times: [Double] = []
      for _ in 0..<count {
        let weights = engine.weights
        let start = DispatchTime.now().uptimeNanoseconds
        engine.weights = weights  // a training step changes them, so loading them belongs to it
        _ = engine.gradients(batch, loss: loss)
        times.append(Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9)
      }
      print(times.map { "\($0)" }.joined(separator: " "))
    }
  }

  static func engine(_ shape: Shape) throws -> (NetworkEngine, SequenceBatch) {
    let network = try shape.network
    let engine = try NetworkEngine(
      network: network, weights: initialWeights(network, seed: 1), threads: threads)
    var generator = SplitMix64(seed: 2)
    let batch = SequenceBatch(
      sequences: (0..<shape.batch).map { _ in
        (0..<shape.steps * shape.inputs).map { _ in Float(generator.uniform(-1, 1)) }
      }, features: shape.inputs)
    return (engine, batch)
  }

  /// The least time of every product, added up, and their operations, all threads together.
  static func limit(_ shape: Shape) throws -> (seconds: Double, flops: Double) {
    var seconds = 0.0
    var flops = 0.0
    for product in try shape.products(threads: threads) {
      let (m, n, k) = (product.m, product.n, product.k)
      let once = 2 * Double(m) * Double(n) * Double(k)
      let repeats = max(1, Int(2e8 / once))
      var best = Double.infinity
      let buffers = (0..<threads).map { _ in
        (AlignedBuffer(count: m * k), AlignedBuffer(count: n * k), AlignedBuffer(count: m * n))
      }
      for _ in 0..<9 {
        let start = DispatchTime.now().uptimeNanoseconds
        nonisolated(unsafe) let buffers = buffers
        DispatchQueue.concurrentPerform(iterations: threads) { i in
          let (a, b, c) = buffers[i]
          for _ in 0..<repeats {
            Gemm.multiply(
              m: m, n: n, k: k, MatrixView(a.base, stride: product.transposed ? m : k),
              transposeA: product.transposed, MatrixView(b.base, stride: n),
              into: MatrixView(c.base, stride: n), accumulate: false)
          }
        }
        let time = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
        best = min(best, time / Double(repeats))
      }
      seconds += best * Double(product.times)
      flops += once * Double(product.times * threads)
    }
    return (seconds, flops)
  }
}

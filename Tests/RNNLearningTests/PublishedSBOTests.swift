import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

/// SBO-RNN against both published codes, in double precision.
@Suite struct PublishedSBOTests {
  static let updates = [("GD", "sgd"), ("HB", "heavy-ball"), ("NAG", "nesterov")]

  static func network(
    _ update: String, recurrence: String, gradient: String?, outputs: Int
  ) throws -> Network {
    var options: [CellConfiguration.Entry] = [
      .init("update", .choice(update)), .init("recurrence", .choice(recurrence)),
    ]
    if let gradient { options.append(.init("gradient", .choice(gradient))) }
    if recurrence == "low-rank" { options.append(.init("rank", .int(2))) }
    return Network(layers: [
      try Layer(name: "l", cell: "sbo", inputSize: 2, units: 3, options: options),
      try Layer(name: "out", cell: "dense", inputSize: 3, units: outputs),
    ])
  }

  /// Only the last step's output counts.
  static func last(_ outputs: [Double], _ count: Int, _ gradient: [Double]) -> [Double] {
    [Double](repeating: 0, count: outputs.count - count) + gradient
  }

  @Test(arguments: updates, ["sparse", "dense"])
  func paper(_ update: (name: String, option: String), kind: String) throws {
    let json = try #require(
      try PublishedVectors.file("sbo_paper")["SBObilevel_\(kind)_\(update.name)"])
    let network = try Self.network(
      update.option, recurrence: kind == "sparse" ? "scalar" : "dense",
      gradient: kind == "sparse" ? nil : "paper", outputs: 1)
    let w = PublishedVectors.wf(0.8, 2, 9)
    let targets = [0.7, -0.2]
    let run = try PublishedRun(
      network,
      [
        "l.alpha": [0.4], "l.eta": [0.1], "l.mu": [0.5], "l.bias": PublishedVectors.wf(0.3, 3, 3),
        "l.weight_h": kind == "sparse" ? [0.7] : PublishedVectors.transposed(w, rows: 3),
        "l.weight_x": PublishedVectors.transposed(PublishedVectors.wf(0.9, 1, 6), rows: 2),
        "out.weight": PublishedVectors.wf(0.5, 2, 3), "out.bias": PublishedVectors.wf(0.1, 4, 1),
      ]
    ) { b, outputs in
      // The mean over two sequences of the squared error.
      let error = outputs[outputs.count - 1] - targets[b]
      return (error * error / 2, Self.last(outputs, 1, [error]))
    }
    PublishedVectors.expectEqual(
      [run.loss], [try #require(json["loss"]?.number)], 1e-9, "loss")
    PublishedVectors.expectEqual(
      run.outputs.map { $0[$0.count - 1] }, try PublishedVectors.flat(json["y"]), 1e-9, "y")
    let hT = run.hidden.flatMap { Array($0.suffix(3)) }
    PublishedVectors.expectEqual(hT, try PublishedVectors.flat(json["hT"]), 1e-9, "h_T")
    let names = [
      ("b", "l.bias"), ("alpha", "l.alpha"), ("eta", "l.eta"), ("FCw", "out.weight"),
      ("FCb", "out.bias"),
    ]
    for (published, name) in names {
      PublishedVectors.expectEqual(
        try #require(run.gradients[name]),
        try PublishedVectors.flat(json["grads"]?[published]), 1e-9, name)
    }
    let wx = try #require(run.gradients["l.weight_x"])
    PublishedVectors.expectEqual(
      PublishedVectors.transposed(wx, rows: 3), try PublishedVectors.flat(json["grads"]?["Wx"]),
      1e-9, "Wx")
    let wh = try #require(run.gradients["l.weight_h"])
    PublishedVectors.expectEqual(
      kind == "sparse" ? wh : PublishedVectors.transposed(wh, rows: 3),
      try PublishedVectors.flat(json["grads"]?["W"]), 1e-9, "W")
    if update.option != "sgd" {
      PublishedVectors.expectEqual(
        try #require(run.gradients["l.mu"]), try PublishedVectors.flat(json["grads"]?["mu"]),
        1e-9, "mu")
    }
  }

  @Test(arguments: updates, ["sparse", "dense"])
  func release(_ update: (name: String, option: String), kind: String) throws {
    let json = try #require(try PublishedVectors.file("sbo_release")["\(kind)_\(update.name)"])
    let network = try Self.network(
      update.option, recurrence: kind == "sparse" ? "scalar" : "low-rank", gradient: nil,
      outputs: 10)
    let labels = [3, 7]
    let run = try PublishedRun(
      network,
      [
        "l.alpha": [1], "l.eta": [0.1], "l.mu": [0.5], "l.bias": PublishedVectors.wf(0.3, 3, 3),
        "l.weight_h": [0.7],
        // W = I + U V multiplies row vectors: h + (h U) V.
        "l.weight_down": PublishedVectors.transposed(PublishedVectors.wf(0.4, 2, 6), rows: 3),
        "l.weight_up": PublishedVectors.transposed(PublishedVectors.wf(0.3, 7, 6), rows: 2),
        "l.weight_x": PublishedVectors.transposed(PublishedVectors.wf(0.9, 1, 6), rows: 2),
        "out.weight": PublishedVectors.wf(0.5, 2, 30), "out.bias": PublishedVectors.wf(0.1, 4, 10),
      ]
    ) { b, outputs in
      let logits = Array(outputs.suffix(10))
      let total = logits.reduce(0) { $0 + exp($1) }
      var gradient = logits.map { exp($0) / total / 2 }
      gradient[labels[b]] -= 0.5
      return ((log(total) - logits[labels[b]]) / 2, Self.last(outputs, 10, gradient))
    }
    // The page states twelve decimals of the states and twelve digits of the norms.
    PublishedVectors.expectEqual(
      [run.loss], [try #require(json["loss"]?.number)], 1e-9, "loss")
    PublishedVectors.expectEqual(
      Array(run.hidden[0].suffix(3)), try PublishedVectors.flat(json["hT0"]), 1e-9, "h_T")
    let names = [
      ("w", "l.weight_h"), ("U", "l.weight_down"), ("V", "l.weight_up"), ("b", "l.bias"),
      ("Wx", "l.weight_x"), ("mu", "l.mu"),
    ]
    var compared = 0
    for (published, name) in names {
      guard let wanted = json["gnorm"]?[published]?.number else { continue }
      let norm = PublishedVectors.norm(try #require(run.gradients[name]))
      PublishedVectors.expectEqual([norm], [wanted], 1e-9, name)
      compared += 1
    }
    #expect(compared >= 3)
  }

  /// The state's Jacobian of the scalar cell is diagonal: the product of 1 - eta (alpha - w m)^2 over the steps.
  @Test func scalarJacobianIsAProduct() throws {
    let network = try Self.network("sgd", recurrence: "scalar", gradient: nil, outputs: 1)
    let (alpha, eta, w) = (0.4, 0.1, 0.7)
    let parameters: [[Double]] = network.layers[0].graph.parameters.map { parameter in
      switch parameter.name {
      case "alpha": [alpha]
      case "eta": [eta]
      case "weight_h": [w]
      case "bias": PublishedVectors.wf(0.3, 3, 3)
      default: PublishedVectors.transposed(PublishedVectors.wf(0.9, 1, 6), rows: 2)
      }
    }
    let interpreter = ReferenceInterpreter(
      network: Network(layers: [network.layers[0]]), weights: [parameters])
    let graph = network.layers[0].graph
    let a = try #require(graph.nodes.firstIndex { $0.name == "a" })
    var state = [[0.0, 0, 0]]
    var seen: Set<Bool> = []
    let input = PublishedVectors.input(0, steps: 50)
    for t in 0..<50 {
      let values = interpreter.step(
        layer: 0, input: Array(input[2 * t..<2 * t + 2]), states: state, number: t)
      let jacobian = interpreter.stateJacobian(layer: 0, values: values)
      for i in 0..<3 {
        for j in 0..<3 {
          let m = values[a][i] > 0 ? 1.0 : 0
          seen.insert(m > 0)
          let root = alpha - w * m
          let wanted = i == j ? 1 - eta * root * root : 0
          #expect(abs(jacobian[3 * i + j] - wanted) < 1e-12)
        }
      }
      state = graph.states.map { values[$0.next.index] }
    }
    #expect(seen.count == 2)
  }
}

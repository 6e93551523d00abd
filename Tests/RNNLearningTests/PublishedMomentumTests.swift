import Foundation
import RNNGraph
import RNNLearning
import RNNSupport
import Testing

/// The momentum family and the orthogonal cell against the authors' own code, in double precision to 1e-9.
@Suite struct PublishedMomentumTests {
  static let tolerance = 1e-9
  static let n = 3

  /// The loss of the vectors: sum of 0.1 (t + 1) (i + 1) h.
  static func loss(_ b: Int, _ outputs: [Double]) -> (value: Double, gradient: [Double]) {
    let gradient = outputs.indices.map { 0.1 * Double($0 / n + 1) * Double($0 % n + 1) }
    return (zip(outputs, gradient).reduce(0) { $0 + $1.0 * $1.1 }, gradient)
  }

  /// The parameters of an LSTM with two biases, gates stacked as i, f, g, o.
  static func lstmParameters() -> [String: [Double]] {
    let stacks = [
      ("weight_x", PublishedVectors.wf(0.5, 1, 24)), ("weight_h", PublishedVectors.wf(0.4, 2, 36)),
      ("bias_x", PublishedVectors.wf(0.3, 3, 12)), ("bias_h", PublishedVectors.wf(0.2, 4, 12)),
    ]
    var result: [String: [Double]] = [:]
    for (name, values) in stacks {
      let part = values.count / 4
      for (g, gate) in ["i", "f", "g", "o"].enumerated() {
        result["l.\(gate).\(name)"] = Array(values[g * part..<(g + 1) * part])
      }
    }
    return result
  }

  func compare(_ run: PublishedRun, _ json: JSONValue, gradients: [(String, [Double])]) throws {
    let tolerance = Self.tolerance
    PublishedVectors.expectEqual(
      [run.loss], [try #require(json["loss"]?.number)], tolerance, "loss")
    PublishedVectors.expectEqual(
      run.hidden.flatMap { $0 }, try PublishedVectors.flat(json["h"]), tolerance, "h")
    for (name, values) in gradients {
      PublishedVectors.expectEqual(
        values, try PublishedVectors.flat(json["grads"]?[name]), tolerance, name)
    }
  }

  @Test(arguments: [
    ("LSTMCell", "momentum", 0.0, 1.0, 0.0, 0),
    ("MomentumLSTMCell_mu0_eps1", "momentum", 0, 1, 0, 0),
    ("MomentumLSTMCell_mu0.6_eps0.6", "momentum", 0.6, 0.6, 0, 0),
    ("MomentumLSTMCell_mu0.3_eps0.1", "momentum", 0.3, 0.1, 0, 0),
    ("AdamLSTMCell_mu0.6_eps0.6_mus0.1", "adam", 0.6, 0.6, 0.1, 0),
    ("RMSPropLSTMCell_mu0_eps0.6_mus0.9", "rmsprop", 0, 0.6, 0.9, 0),
    ("NesterovLSTM_ptb_eps0.6_restart2", "nesterov", 0, 0.6, 0, 2),
    ("NesterovLSTM_ptb_eps0.6_restart0", "nesterov", 0, 0.6, 0, 0),
  ])
  func lstm(
    _ name: String, method: String, mu: Double, step: Double, beta: Double, restart: Int
  ) throws {
    let network = Network(layers: [
      try Layer(
        name: "l", cell: "momentum-lstm", inputSize: 2, units: Self.n,
        options: MomentumOptions.entries(method, mu, step, beta, restart))
    ])
    let run = try PublishedRun(network, Self.lstmParameters(), loss: Self.loss)
    func stacked(_ parameter: String) -> [Double] {
      ["i", "f", "g", "o"].flatMap { run.gradients["l.\($0).\(parameter)"] ?? [] }
    }
    try compare(
      run, try #require(try PublishedVectors.file("momentum_cells")[name]),
      gradients: [
        ("Wx", stacked("weight_x")), ("Wh", stacked("weight_h")), ("bx", stacked("bias_x")),
        ("bh", stacked("bias_h")),
      ])
  }

  /// The MNIST variant of the authors' code, which no cell is, built from the same operations.
  @Test(arguments: [("eps1_restart2", 1.0, 2), ("eps0.9_restart0", 0.9, 0)])
  func nesterovOfTheMNISTCode(_ name: String, step: Double, restart: Int) throws {
    let n = Self.n
    var b = GraphBuilder(inputSize: 2)
    let x = b.input()
    let h = b.state("h", size: n)
    let c = b.state("c", size: n)
    func product(_ name: String, _ v: ValueID) -> ValueID {
      b.product(name, v, rows: n, initializer: .constant(0))
    }
    func vector(_ name: String) -> ValueID { b.vector(name, size: n, initializer: .constant(0)) }
    func gate(_ gate: String) -> ValueID {
      let q = b.add(product("\(gate).weight_x", x), vector("\(gate).bias_x"))
      let u = b.add(product("\(gate).weight_h", h), vector("\(gate).bias_h"))
      let v = b.state("\(gate).v", size: n)
      let next = b.subtract(u, b.affine(q, scale: step, offset: 0))
      b.update("\(gate).v", to: next)
      let a = b.coefficient(.nesterov(restart: restart), size: n)
      return b.add(next, b.multiply(a, b.subtract(next, v)))
    }
    let (i, f, g) = (b.sigmoid(gate("i")), b.sigmoid(gate("f")), b.tanh(gate("g")))
    let o = b.sigmoid(gate("o"))
    let nextC = b.add(b.multiply(f, c), b.multiply(i, g))
    let nextH = b.multiply(o, b.tanh(nextC))
    b.update("h", to: nextH)
    b.update("c", to: nextC)
    let layer = Layer(
      name: "l", cell: "test",
      configuration: CellConfiguration(inputSize: 2, units: n, options: []),
      graph: b.build(output: nextH))
    let run = try PublishedRun(
      Network(layers: [layer]), Self.lstmParameters(), loss: Self.loss)
    let json = try PublishedVectors.file("momentum_cells")["NesterovLSTMCell_mnist_\(name)"]
    func stacked(_ parameter: String) -> [Double] {
      ["i", "f", "g", "o"].flatMap { run.gradients["l.\($0).\(parameter)"] ?? [] }
    }
    try compare(
      run, try #require(json),
      gradients: [
        ("Wx", stacked("weight_x")), ("Wh", stacked("weight_h")), ("bx", stacked("bias_x")),
        ("bh", stacked("bias_h")),
      ])
  }

  @Test(arguments: [
    ("OrthogonalRNN", "none", 0.0, 0.0, 0.0, 0),
    ("OrthogonalMomentumRNN_mu0.3_eps0.3", "momentum", 0.3, 0.3, 0, 0),
    ("OrthogonalAdamRNN_mu0.3_eps0.3_mus0.8", "adam", 0.3, 0.3, 0.8, 0),
    ("OrthogonalNesterovRNN_eps0.3_restart2", "nesterov", 0, 0.3, 0, 2),
  ])
  func orthogonal(
    _ name: String, method: String, mu: Double, step: Double, beta: Double, restart: Int
  ) throws {
    let json = try #require(try PublishedVectors.file("momentum_cells")[name])
    let network = Network(layers: [
      try Layer(
        name: "l", cell: "orthogonal", inputSize: 2, units: Self.n,
        options: MomentumOptions.entries(method, mu, step, beta, restart))
    ])
    // The code multiplies row vectors, h B.
    let b = try PublishedVectors.flat(json["B_orth"])
    let run = try PublishedRun(
      network,
      [
        "l.weight_x": PublishedVectors.wf(0.6, 2, 6),
        "l.weight_h": PublishedVectors.transposed(b, rows: 3),
        "l.bias": PublishedVectors.wf(0.05, 6, 3),
      ], loss: Self.loss)
    try compare(
      run, json,
      gradients: [
        ("Win", run.gradients["l.weight_x"] ?? []), ("b_modrelu", run.gradients["l.bias"] ?? []),
      ])
  }
}

/// The options of a momentum cell that apply to a method.
enum MomentumOptions {
  static func entries(
    _ method: String, _ mu: Double, _ step: Double, _ beta: Double, _ restart: Int
  ) -> [CellConfiguration.Entry] {
    var entries: [CellConfiguration.Entry] = [.init("method", .choice(method))]
    if method != "none" { entries.append(.init("step", .number(step))) }
    if method == "momentum" || method == "adam" { entries.append(.init("mu", .number(mu))) }
    if method == "adam" || method == "rmsprop" { entries.append(.init("beta", .number(beta))) }
    if method == "nesterov" { entries.append(.init("restart", .int(restart))) }
    return entries
  }
}

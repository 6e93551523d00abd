import RNNFixedPoint
import RNNGraph
import RNNSupport

/// Cells that nobody would write: every operation, wired at random.
enum RandomGraphs {
  /// A cell of vectors of `size` elements that stay bounded, with two or three states.
  ///
  /// - Parameter stateless: leave the states out, so that only coefficients depend on the step.
  static func cell(inputs: Int, size: Int, seed: UInt64, stateless: Bool = false) -> CellGraph {
    var generator = SplitMix64(seed: seed)
    var b = GraphBuilder(inputSize: inputs)
    let uniform = Initializer.uniform(bound: 1 / Double(max(size, inputs)).squareRoot())
    let x = b.input()
    let square = b.matrix("square", rows: size, columns: size, initializer: uniform)
    let enter = b.matrix("enter", rows: size, columns: inputs, initializer: uniform)
    var values = [b.matvec(enter, x)]
    if !stateless {
      values.append(b.state("h", size: size, initial: 0.75))
      values.append(b.state("v", size: size, initial: -0.5))
      // Each becomes the input: their first values must not overwrite what lies below.
      let old = b.state("old", size: inputs, initial: 0.25)
      let older = b.state("older", size: inputs)
      values.append(b.matvec(enter, b.add(old, older)))
      b.update("old", to: x)
      b.update("older", to: x)
    }
    let scalar = b.scalar("scalar", size: size, initial: uniform)
    values.append(scalar)
    values.append(b.vector("bias", size: size, initializer: uniform))
    let nesterov = b.coefficient(.nesterov(restart: generator.below(2) * 3), size: size)
    values.append(nesterov)
    values.append(b.coefficient(.pulse(period: 3, at: generator.below(3)), size: size))

    func pick() -> ValueID { values[generator.below(values.count)] }
    for _ in 0..<14 {
      let (a, c) = (pick(), pick())
      switch generator.below(10) {
      case 0: values.append(b.tanh(b.add(a, c)))
      case 1: values.append(b.tanh(b.subtract(a, c)))
      case 2: values.append(b.tanh(b.multiply(a, c)))
      case 3: values.append(b.sigmoid(b.affine(a, scale: -1.5, offset: 0.25)))
      case 4: values.append(b.gate(a, by: c))
      case 5: values.append(b.tanh(b.normalize(a, by: b.multiply(c, c), epsilon: 0.125)))
      case 6: values.append(b.normalize(b.tanh(a), by: b.sigmoid(c), epsilon: 0.5))
      case 7: values.append(b.tanh(b.matvec(square, a)))
      case 8: values.append(b.tanh(b.matvec(square, a, transposed: true)))
      default: values.append(b.activation(.relu, b.tanh(b.multiply(scalar, a))))
      }
    }
    let next = b.tanh(b.add(values[values.count - 1], b.matvec(square, pick())))
    if !stateless {
      b.update("h", to: next)
      // Another first value than the state that becomes the same.
      b.update("v", to: generator.below(2) == 0 ? next : b.multiply(nesterov, pick()))
    }
    if generator.below(2) == 0 { return b.build(output: next) }
    // A product that feeds no state runs after the loop, and what is left to it with a coefficient.
    let read = b.product("read", next, rows: size + 2, initializer: uniform)
    let y = b.multiply(
      b.add(
        b.gate(read, by: b.affine(read, scale: -1, offset: 0.1)),
        b.scalar("offset", size: size + 2, initial: uniform)),
      b.add(
        b.coefficient(.nesterov(restart: 2), size: size + 2),
        b.scalar("slope", size: size + 2, initial: uniform)))
    return b.build(output: y)
  }

  static func test(size: Int, seed: UInt64) -> EngineCase {
    func layer(_ name: String, _ graph: CellGraph) -> Layer {
      Layer(
        name: name, cell: "random",
        configuration: .init(inputSize: graph.inputSize, units: size, options: []), graph: graph)
    }
    let first = cell(inputs: 4, size: size, seed: seed)
    let second = cell(inputs: first.outputSize, size: size, seed: seed + 1000)
    let third = cell(
      inputs: second.outputSize, size: size, seed: seed + 2000, stateless: true)
    return EngineCase(
      name: "random \(seed) size \(size)",
      network: Network(layers: [layer("a", first), layer("b", second), layer("c", third)]),
      lengths: [5, 1, 7, 0, 7, 3, 6, 2, 4])
  }
}

package import RNNFixedPoint

/// Builds a `CellGraph` from equations, so that a cell's file reads like the paper.
///
/// ```swift
/// var b = GraphBuilder(inputSize: 3)
/// let x = b.input()
/// let h = b.state("h", size: n)
/// let sum = b.add(
///   b.product("weight_x", x, rows: n, initializer: .uniform(bound: 0.1)),
///   b.product("weight_h", h, rows: n, initializer: .orthogonal),
///   b.vector("bias", size: n, initializer: .constant(0)))
/// let next = b.tanh(sum, name: "h")
/// b.update("h", to: next)
/// let graph = b.build(output: next)
/// ```
package struct GraphBuilder {
  package let inputSize: Int
  private var nodes: [Node] = []
  private var parameters: [Parameter] = []
  private var states: [(name: String, size: Int, initial: Double, next: ValueID?)] = []
  private var names: Set<String> = []

  package init(inputSize: Int) {
    precondition(inputSize > 0, "a cell needs at least one input, not \(inputSize)")
    self.inputSize = inputSize
  }

  /// Appends a node; operands must exist and have matching sizes.
  package mutating func append(_ op: Op, size: Int, name: String? = nil) -> ValueID {
    for operand in op.operands {
      precondition(operand.index < nodes.count, "operand \(operand.index) does not exist yet")
    }
    var unique = name ?? "v\(nodes.count)"
    if names.contains(unique) { unique += "_\(nodes.count)" }
    names.insert(unique)
    nodes.append(Node(op: op, size: size, name: unique))
    return ValueID(nodes.count - 1)
  }
  private func size(_ v: ValueID) -> Int { nodes[v.index].size }
  /// The number of elements of a value.
  package func size(of v: ValueID) -> Int { size(v) }

  /// x_t; the same node at every call.
  package mutating func input() -> ValueID {
    if let i = nodes.firstIndex(where: { $0.op == .input }) { return ValueID(i) }
    return append(.input, size: inputSize, name: "x")
  }
  /// Declares a state and gives its value after the previous step.
  ///
  /// - Parameter initial: the value of every element at the start of a sequence.
  package mutating func state(_ name: String, size: Int, initial: Double = 0) -> ValueID {
    precondition(!states.contains { $0.name == name }, "state \(name) is declared twice")
    let value = append(.state(StateID(states.count)), size: size, name: "\(name)_previous")
    states.append((name, size, initial, nil))
    return value
  }
  /// Says what a state becomes at the end of the step.
  package mutating func update(_ name: String, to next: ValueID) {
    guard let i = states.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("state \(name) is not declared")
    }
    precondition(size(next) == states[i].size, "state \(name) has \(states[i].size) elements")
    states[i].next = next
  }
  private mutating func parameter(_ parameter: Parameter) -> ParameterID {
    precondition(
      !parameters.contains { $0.name == parameter.name }, "parameter \(parameter.name) exists")
    parameters.append(parameter)
    return ParameterID(parameters.count - 1)
  }
  /// Declares a matrix parameter without using it yet.
  package mutating func matrix(
    _ name: String, rows: Int, columns: Int, structure: MatrixStructure = .dense,
    initializer: Initializer, isTrainable: Bool = true, manifold: Manifold = .euclidean
  ) -> ParameterID {
    parameter(
      Parameter(
        name: name, rows: rows, columns: columns, structure: structure, initializer: initializer,
        isTrainable: isTrainable, manifold: manifold))
  }
  /// W v with a new matrix W of `rows` rows.
  package mutating func product(
    _ name: String, _ v: ValueID, rows: Int, structure: MatrixStructure = .dense,
    initializer: Initializer
  ) -> ValueID {
    let w = matrix(
      name, rows: rows, columns: size(v), structure: structure, initializer: initializer)
    return matvec(w, v)
  }
  /// W v, or W^T v, with a declared matrix.
  package mutating func matvec(_ w: ParameterID, _ v: ValueID, transposed: Bool = false) -> ValueID
  {
    let p = parameters[w.index]
    guard let columns = p.columns else { preconditionFailure("\(p.name) is not a matrix") }
    precondition(size(v) == (transposed ? p.rows : columns), "\(p.name) does not fit its operand")
    return append(.matvec(w, v, transposed: transposed), size: transposed ? columns : p.rows)
  }
  /// A new vector parameter as a value.
  package mutating func vector(
    _ name: String, size: Int, initializer: Initializer, isTrainable: Bool = true
  ) -> ValueID {
    let p = parameter(
      Parameter(
        name: name, rows: size, columns: nil, initializer: initializer, isTrainable: isTrainable))
    return append(.parameter(p), size: size, name: name)
  }
  /// A new parameter of one element, as a value that has it in each of `size` elements.
  package mutating func scalar(
    _ name: String, size: Int, initial: Initializer, isTrainable: Bool = true,
    limits: ClosedRange<Double>? = nil
  ) -> ValueID {
    let p = parameter(
      Parameter(
        name: name, rows: 1, columns: nil, initializer: initial, isTrainable: isTrainable,
        limits: limits))
    return append(.parameter(p), size: size, name: name)
  }
  /// A scalar of the step's number in each of `size` elements.
  package mutating func coefficient(_ coefficient: StepCoefficient, size: Int) -> ValueID {
    append(.coefficient(coefficient), size: size)
  }

  /// The sum of at least one value.
  package mutating func add(_ first: ValueID, _ rest: ValueID...) -> ValueID {
    rest.reduce(first) { sum, next in
      precondition(size(sum) == size(next), "add \(size(sum)) to \(size(next)) elements")
      return append(.add(sum, next), size: size(sum))
    }
  }
  /// a - b, element by element.
  package mutating func subtract(_ a: ValueID, _ b: ValueID) -> ValueID {
    precondition(size(a) == size(b), "subtract \(size(b)) from \(size(a)) elements")
    return append(.subtract(a, b), size: size(a))
  }
  /// a times b, element by element.
  package mutating func multiply(_ a: ValueID, _ b: ValueID) -> ValueID {
    precondition(size(a) == size(b), "multiply \(size(a)) by \(size(b)) elements")
    return append(.multiply(a, b), size: size(a))
  }
  /// scale v + offset, element by element.
  package mutating func affine(_ v: ValueID, scale: Double, offset: Double) -> ValueID {
    append(.affine(v, scale: scale, offset: offset), size: size(v))
  }
  /// Applies a function to every element.
  ///
  /// The operand of a named activation `z` is called `z_in` if it has no name of its own.
  package mutating func activation(_ a: ScalarFunction, _ v: ValueID, name: String? = nil)
    -> ValueID
  {
    let result = append(.activation(a, v), size: size(v), name: name)
    let operand = nodes[v.index].name
    if let name, operand == "v\(v.index)", !names.contains("\(name)_in") {
      names.remove(operand)
      names.insert("\(name)_in")
      nodes[v.index].name = "\(name)_in"
    }
    return result
  }
  /// 1 / (1 + e^-v), element by element.
  package mutating func sigmoid(_ v: ValueID, name: String? = nil) -> ValueID {
    activation(.sigmoid, v, name: name)
  }
  /// tanh(v), element by element.
  package mutating func tanh(_ v: ValueID, name: String? = nil) -> ValueID {
    activation(.tanh, v, name: name)
  }
  /// v where s > 0, else 0.
  package mutating func gate(_ v: ValueID, by s: ValueID) -> ValueID {
    precondition(size(v) == size(s), "gate \(size(v)) by \(size(s)) elements")
    return append(.gate(v, by: s), size: size(v))
  }
  /// v / sqrt(s + epsilon).
  package mutating func normalize(_ v: ValueID, by s: ValueID, epsilon: Double) -> ValueID {
    precondition(size(v) == size(s), "normalize \(size(v)) by \(size(s)) elements")
    return append(.normalize(v, by: s, epsilon: epsilon), size: size(v))
  }
  /// The sum, mean or maximum of all elements, as one element.
  package mutating func reduce(_ reduction: Reduction, _ v: ValueID, name: String? = nil) -> ValueID
  {
    append(.reduce(reduction, v), size: 1, name: name)
  }
  /// A value of one element in each of `size` elements.
  package mutating func broadcast(_ v: ValueID, size count: Int) -> ValueID {
    precondition(size(v) == 1, "broadcast \(size(v)) elements")
    return append(.broadcast(v), size: count)
  }
  /// Rounded to a format and saturated, element by element.
  package mutating func quantize(_ v: ValueID, _ format: QFormat, _ rounding: RoundingRule)
    -> ValueID
  {
    append(.quantize(v, format, rounding), size: size(v))
  }
  /// Gives a value a name for reports and signals.
  package mutating func name(_ v: ValueID, _ name: String) {
    precondition(!names.contains(name), "name \(name) is taken")
    names.insert(name)
    nodes[v.index].name = name
  }

  /// The finished graph; every state must have been updated.
  package func build(output: ValueID) -> CellGraph {
    CellGraph(
      inputSize: inputSize, nodes: nodes, parameters: parameters,
      states: states.map { state in
        guard let next = state.next else {
          preconditionFailure("state \(state.name) is never updated")
        }
        return State(name: state.name, size: state.size, initial: state.initial, next: next)
      }, output: output)
  }
}

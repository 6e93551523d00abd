/// A loop over time as Keras writes it with TensorFlow 1: `while` over arrays of tensors, one state.
///
/// Everything that the loop does is checked: it reads every step of the graph's input from the first on, starts from a state
/// of zeros, and writes each next state; what follows reads the last one.
struct TensorFlowLoop {
  /// What a node inside the loop computes.
  indirect enum Term: Hashable {
    /// The input's step.
    case frame
    /// The state after the last step.
    case state
    case constant(TensorFlowGraph.Tensor)
    case product(Term, TensorFlowGraph.Tensor)
    case add(Term, Term)
    case subtract(Term, Term)
    case multiply(Term, Term)
    case least(Term, Term)
    case greatest(Term, Term)
    case function(String, Term)
  }
  private typealias Node = TensorFlowGraph.Node
  /// A value that goes from step to step: `Merge` of its start and its next value.
  private struct Variable {
    var start: Node
    var next: Node
  }
  /// More nodes than any cell has on its paths; a file may nest and share without end.
  private static let mostNodes = 2000

  private let graph: TensorFlowGraph
  private let input: String
  private var visited = 0
  private var timeMerge = ""
  private var stateMerge = ""
  /// The state after a step.
  private(set) var next = Term.state
  /// The steps after which the loop stops whatever the input's length; nil for none.
  private(set) var limit: Int?
  /// The name of the loop in messages.
  private(set) var name = ""

  /// - Parameters:
  ///   - read: the `TensorArrayReadV3` of the last state behind the loop.
  ///   - input: the graph's input.
  init(_ graph: TensorFlowGraph, lastStep read: TensorFlowGraph.Node, input: String) throws {
    self.graph = graph
    self.input = input
    let array = try graph.source(read, 0, is: "TensorArrayV3", "the array of states")
    let flowMerge = try merge(after: graph.source(read, 2, is: "Exit", "the end of a loop"))
    let index = try graph.source(read, 1, is: "Sub", "the number of the last step")
    timeMerge = try merge(after: graph.source(index, 0, is: "Exit", "the end of a loop")).name
    name = String(flowMerge.name.split(separator: "/").dropLast().joined(separator: "/"))
    try expect(graph.constant(graph.source(index, 1)).number == 1, index, "it is not the last step")

    // Each step writes its next state.
    let write = try variable(flowMerge).next
    guard write.op == "TensorArrayWriteV3" else {
      throw TensorFlowRefusal(write.name, "\(write.op) is where the state should be written")
    }
    try expect(graph.source(write, 0, of: 4).name == array.name, write, "it writes elsewhere")
    try expect(
      try merge(before: write, 1)?.name == timeMerge
        && (try merge(before: write, 3))?.name == flowMerge.name, write,
      "it does not write every step")
    let state = try graph.source(write, 2)
    let merges = graph.nodes.filter { $0.op == "Merge" }
    guard let merge = try merges.first(where: { try variable($0).next.name == state.name }) else {
      throw TensorFlowRefusal(state.name, "what is written is not the next state")
    }
    stateMerge = merge.name
    try checkTime()
    try checkZeros(variable(merge).start)
    try checkCondition(exit: graph.source(read, 2), length: array)
    next = try term(state.name, output: 0)
  }

  private func expect(_ holds: Bool, _ node: Node, _ message: String) throws {
    if !holds { throw TensorFlowRefusal(node.name, message) }
  }

  // MARK: The loop

  private func variable(_ merge: Node) throws -> Variable {
    let next = try graph.node(graph.input(merge, 1, of: 2).node)
    guard next.op == "NextIteration" else {
      throw TensorFlowRefusal(merge.name, "it is no value of a loop")
    }
    return Variable(start: try graph.source(merge, 0), next: try graph.source(next, 0, of: 1))
  }

  private func merge(after exit: Node) throws -> Node {
    try graph.source(
      graph.source(exit, 0, is: "Switch", "a value of a loop"), 0, is: "Merge",
      "a value of a loop")
  }

  /// The value of the loop that an input inside of it is; nil for any other.
  private func merge(before node: Node, _ index: Int) throws -> Node? {
    let source = try graph.source(node, index)
    guard source.op == "Switch" else { return nil }
    return try graph.source(source, 0, is: "Merge", "a value of a loop")
  }

  /// Steps are counted from 0 by 1.
  private func checkTime() throws {
    let merge = try graph.node(timeMerge)
    let time = try variable(merge)
    try expect(graph.constant(time.start).number == 0, merge, "steps are not counted from 0")
    try expect(
      time.next.op == "Add" && (try self.merge(before: time.next, 0))?.name == timeMerge
        && graph.constant(graph.source(time.next, 1)).number == 1, time.next,
      "steps are not counted by 1")
  }

  /// The state starts as zeros, made of the input's shape.
  private func checkZeros(_ start: Node) throws {
    var node = start
    for op in ["Tile", "ExpandDims", "Sum"] {
      guard node.op == op else {
        throw TensorFlowRefusal(start.name, "the state does not start as zeros")
      }
      node = try graph.source(node, 0)
    }
    try expect(node.op == "ZerosLike", start, "the state does not start as zeros")
  }

  /// The loop runs while steps are left, and perhaps at most a number of them.
  private mutating func checkCondition(exit: Node, length array: Node) throws {
    let condition = try graph.source(
      graph.source(exit, 0, is: "Switch", "a value of a loop"), 1, is: "LoopCond", "a condition")
    var tests = [try graph.source(condition, 0)]
    if tests[0].op == "LogicalAnd" {
      tests = try [graph.source(tests[0], 0), graph.source(tests[0], 1)]
    }
    var countsSteps = false
    for test in tests {
      try expect(test.op == "Less", test, "\(test.op) is no condition of steps")
      let bound = try graph.source(test, 1)
      let variable = try graph.source(test, 0)
      if bound.op == "Const" {
        limit = try graph.constant(bound).number.flatMap { Int(exactly: $0) }
      } else {
        // As many steps as the array has, and the input.
        try expect(
          variable.name == timeMerge && bound.op == "StridedSlice"
            && (try graph.source(array, 0)).name == bound.name, test,
          "the steps are not those of the input")
        let shape = try graph.source(bound, 0, is: "Shape", "the number of steps")
        try checkFrames(graph.source(shape, 0))
        let first = try (1...3).map { try graph.constant(graph.source(bound, $0)).values }
        try expect(first == [[0], [1], [1]], bound, "it is not the number of steps")
        countsSteps = true
      }
    }
    try expect(countsSteps, condition, "it does not run to the end of the input")
  }

  /// The input with its first two axes exchanged: steps first.
  private func checkFrames(_ node: Node) throws {
    guard node.op == "Transpose", try graph.source(node, 0).name == input,
      try graph.constant(graph.source(node, 1)).values == [1, 0, 2]
    else { throw TensorFlowRefusal(node.name, "the loop does not read the graph's input as it is") }
  }

  /// A read of an array inside the loop: the step of the input.
  private func checkFrame(_ read: Node) throws {
    let scatter = try graph.source(read, 2, is: "TensorArrayScatterV3", "the input's steps")
    try expect(
      try merge(before: read, 1)?.name == timeMerge
        && (try graph.source(read, 0)).name == (try graph.source(scatter, 0)).name, read,
      "it does not read the step of the loop")
    let range = try graph.source(scatter, 1, is: "Range", "the numbers of steps")
    try expect(
      graph.constant(graph.source(range, 0)).number == 0
        && graph.constant(graph.source(range, 2)).number == 1, range, "it leaves steps out")
    try checkFrames(graph.source(scatter, 2))
  }

  // MARK: Inside

  private mutating func term(_ name: String, output: Int) throws -> Term {
    let node = try graph.node(name)
    visited += 1
    guard visited <= Self.mostNodes else {
      throw TensorFlowRefusal(name, "the step of the loop is larger than that of a cell")
    }
    func operand(_ index: Int, of count: Int = 2) throws -> Term {
      let reference = try graph.input(node, index, of: count)
      return try term(reference.node, output: reference.output)
    }
    switch node.op {
    case "Identity", "Enter": return try operand(0, of: 1)
    case "Const": return .constant(try graph.constant(node))
    case "StridedSlice": return .constant(try graph.slice(node))
    case "Fill":
      // Ones in the place of a dropout's mask.
      let value = try graph.constant(graph.source(node, 1))
      return .constant(TensorFlowGraph.Tensor(shape: [], values: value.values))
    case "Switch":
      let merge = try graph.source(node, 0, is: "Merge", "a value of a loop")
      try expect(output == 1 && merge.name == stateMerge, node, "it is not the state of the loop")
      return .state
    case "TensorArrayReadV3":
      try checkFrame(node)
      return .frame
    case "MatMul":
      for flag in ["transpose_a", "transpose_b"] {
        if case .b(true)? = node.attr[flag]?.value {
          throw TensorFlowRefusal(name, "\(flag) = true is not read")
        }
      }
      guard case .constant(let matrix) = try operand(1), matrix.shape.count == 2 else {
        throw TensorFlowRefusal(name, "it multiplies by what is no constant matrix")
      }
      return .product(try operand(0), matrix)
    case "Add", "AddV2", "BiasAdd": return .add(try operand(0), try operand(1))
    case "Sub": return .subtract(try operand(0), try operand(1))
    case "Mul":
      let (a, b) = (try operand(0), try operand(1))
      if case .constant(let one) = b, one.number == 1 { return a }
      if case .constant(let one) = a, one.number == 1 { return b }
      return .multiply(a, b)
    case "ClipByValue":
      return .greatest(.least(try operand(0, of: 3), try operand(2, of: 3)), try operand(1, of: 3))
    case "Minimum": return .least(try operand(0), try operand(1))
    case "Maximum": return .greatest(try operand(0), try operand(1))
    case "Sigmoid", "Tanh", "Relu": return .function(node.op, try operand(0, of: 1))
    default: throw TensorFlowRefusal(name, "the operator \(node.op) in a loop is not supported")
    }
  }
}

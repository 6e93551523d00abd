internal import CRNNKernels
internal import RNNFixedPoint
package import RNNGraph

/// Executes an integer graph with 64-bit integers alone: the answer that hardware has to equal bit for bit.
///
/// Every entry of a matrix is multiplied by plain loops (in C: `rnn_codes.h`), so nothing here shares the hardware's fast
/// algorithms; only a block transform that rounds is run step by step, because its roundings are part of
/// the answer. Every code is checked against its node's format; a code outside stops the
/// program with the node, the element and the value, because only a fault of the compiler produces one.
package final class ReferenceModel {
  package let graph: IntegerGraph
  /// The codes of every node after the last step, one after the other.
  private var codes: [Int64]
  /// Where a node's codes start in `codes`.
  private let offsets: [Int]
  private var states: [[Int64]]
  /// Steps since the start of the sequence.
  private var stepNumber = 0
  /// The expanded matrices of every `linear` node, by node; empty for other nodes.
  private let products: [[DenseProduct]]
  /// What the other nodes compute, by node; nil for sources and sums of products.
  private let operations: [(any IntegerOperation)?]
  /// The rounded products of a graph whose block transform rounds, by node.
  private let rounded: [Int: RoundedProduct]

  /// Expands a graph's matrices.
  ///
  /// - Throws: `DiagnosticsEmitted` when the graph breaks a rule of `IntegerGraph.validate()`.
  package init(_ graph: IntegerGraph) throws {
    try graph.validate()
    self.graph = graph
    var offsets: [Int] = []
    var count = 0
    for node in graph.nodes {
      offsets.append(count)
      count += node.size
    }
    self.offsets = offsets
    operations = graph.nodes.indices.map { graph.operation(ValueID($0)) }
    codes = Array(repeating: 0, count: count)
    states = Self.initialStates(graph)
    var rounded: [Int: RoundedProduct] = [:]
    for (i, node) in graph.nodes.enumerated() {
      if case .linear(let terms) = node.op { rounded[i] = RoundedProduct(terms, of: graph) }
    }
    self.rounded = rounded
    products = graph.nodes.enumerated().map { i, node in
      guard case .linear(let terms) = node.op, rounded[i] == nil else { return [] }
      return terms.map { term in
        DenseProduct(
          graph.matrices[term.matrix], transposed: term.transposed,
          operand: graph[term.operand].format)
      }
    }
  }

  private static func initialStates(_ graph: IntegerGraph) -> [[Int64]] {
    graph.states.map { Array(repeating: $0.initial, count: $0.size) }
  }

  /// Sets every state to its initial code, as before the first step of a sequence.
  package func reset() {
    states = Self.initialStates(graph)
    stepNumber = 0
  }

  /// Runs one time step on input codes in `graph.inputFormat` and gives the output codes.
  package func step(_ x: [Int64]) -> [Int64] {
    precondition(
      x.count == graph.inputSize, "an input has \(graph.inputSize) elements, not \(x.count)")
    for i in graph.nodes.indices { execute(i, x) }
    for (i, state) in graph.states.enumerated() {
      for (k, code) in codes[range(of: state.next)].enumerated() { states[i][k] = code }
    }
    stepNumber += 1
    return values(of: graph.output)
  }

  /// Runs a whole sequence from the initial states and gives the output codes of every step.
  package func run(sequence: [[Int64]]) -> [[Int64]] {
    reset()
    return sequence.map(step)
  }

  /// The codes of a node after the last step.
  package func values(of id: ValueID) -> [Int64] { Array(codes[range(of: id)]) }

  private func range(of id: ValueID) -> Range<Int> {
    offsets[id.index]..<offsets[id.index] + graph.nodes[id.index].size
  }

  /// The value that a state has for the next step.
  package func value(of id: StateID) -> [Int64] { states[id.index] }

  /// Makes the next step start from these codes; the count of steps, which coefficients read, stays.
  package func setValue(_ codes: [Int64], of id: StateID) {
    let state = graph[id]
    let format = graph[state.next].format
    precondition(codes.count == state.size, "\(state.name) has \(state.size) elements")
    for (i, code) in codes.enumerated() where !format.contains(code) {
      preconditionFailure("\(state.name)[\(i)]: code \(code) does not fit \(format)")
    }
    states[id.index] = codes
  }

  private func execute(_ index: Int, _ x: [Int64]) {
    let node = graph.nodes[index]
    let size = node.size
    let count = Int64(size)
    codes.withUnsafeMutableBufferPointer { all in
      let y = UnsafeMutableBufferPointer(rebasing: all[range(of: ValueID(index))])
      let result = y.baseAddress
      func operand(_ id: ValueID) -> UnsafeBufferPointer<Int64> {
        UnsafeBufferPointer(rebasing: all[range(of: id)])
      }
      switch node.op {
      case .input: _ = y.update(fromContentsOf: x)
      case .state(let id): _ = y.update(fromContentsOf: states[id.index])
      case .vector(let v): _ = y.update(fromContentsOf: graph.vectors[v].codes)
      case .constant(let code): y.update(repeating: code)
      case .coefficient(let k):
        y.update(repeating: graph.coefficients[k].code(step: stepNumber))
      case .linear(let terms):
        if let product = rounded[index] {
          _ = y.update(fromContentsOf: product.run(terms.map { Array(operand($0.operand)) }))
          break
        }
        y.update(repeating: 0)
        for (term, product) in zip(terms, products[index]) {
          product.accumulate(operand(term.operand), into: y)
        }
      default:
        operations[index]?.execute(node.op.operands.map(operand), into: y)
      }
      let outside = Int(
        rnn_codes_first_outside(result, count, node.format.minCode, node.format.maxCode))
      if outside < size {
        preconditionFailure(
          "\(node.name)[\(outside)]: code \(y[outside]) does not fit \(node.format.width) bits "
            + "(\(node.format))")
      }
    }
  }
}

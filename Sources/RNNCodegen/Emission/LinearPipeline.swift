internal import RNNBilinear
internal import RNNSupport
internal import RNNVerilog

/// A linear program as registers and adder trees with a fixed number of stages from every input to every output.
struct LinearPipeline {
  let program: LinearProgram
  /// Register stages in all.
  let stages: Int
  let pipelining: Pipelining
  /// Widths of the sums, and of the values after bits are dropped, by value.
  let widths: Widths

  struct Widths {
    var sums: [Int]
    var values: [Int]
  }

  private let ready: [Int]
  /// The last stage in which each value is needed.
  private let needed: [Int]

  init(_ program: LinearProgram, stages: Int, pipelining: Pipelining, widths: Widths) {
    self.program = program
    self.stages = stages
    self.pipelining = pipelining
    self.widths = widths
    ready = program.readyStages(pipelining.stages)
    var needed = ready
    for (k, operation) in program.operations.enumerated() {
      let start = ready[program.inputs + k] - pipelining.stages(terms: operation.leaves)
      for term in operation.terms { needed[term.value] = max(needed[term.value], start) }
    }
    for output in program.outputs { needed[output] = stages }
    self.needed = needed
  }

  /// One adder for each leaf after the first.
  var adderBits: Int {
    program.operations.enumerated().reduce(0) {
      $0 + max(0, $1.element.leaves - 1) * widths.sums[program.inputs + $1.offset]
    }
  }

  /// Registers inside the trees and those that wait for later stages.
  var registerBits: Int {
    var bits = 0
    for v in ready.indices {
      bits += (needed[v] - ready[v]) * widths.values[v]
      guard v >= program.inputs else { continue }
      var leaves = program.operations[v - program.inputs].leaves
      for _ in 0..<pipelining.stages(terms: leaves) {
        leaves = (leaves + (1 << pipelining.addsPerStage) - 1) >> pipelining.addsPerStage
        bits += max(1, leaves) * widths.sums[v]
      }
    }
    return bits
  }

  /// Appends the pipeline and gives the names of the outputs.
  ///
  /// - Parameters:
  ///   - prefix: of all names inside.
  ///   - inputs: signed signals of the widths of the program's inputs.
  func emit(_ inputs: [String], prefix: String, into m: inout VerilogModule) -> [String] {
    /// Names by value and stage.
    var names = inputs.map { [$0] }
    func name(_ value: Int, at stage: Int) -> String {
      while names[value].count <= stage - ready[value] {
        let k = names[value].count
        let next = "\(prefix)_\(value)_w\(k)_q"
        m.declare(next, .signed(widths.values[value]))
        m.always([.set(.whole(next), .name(names[value][k - 1]))])
        names[value].append(next)
      }
      return names[value][stage - ready[value]]
    }
    for (k, operation) in program.operations.enumerated() {
      let value = program.inputs + k
      let depth = pipelining.stages(terms: operation.leaves)
      var leaves = operation.terms.map { term in
        SumTree.Leaf(
          name: name(term.value, at: ready[value] - depth), width: widths.values[term.value],
          shift: term.shift, negative: term.negative)
      }
      if operation.offset != 0 { leaves.append(.init(constant: operation.offset)) }
      let width = widths.sums[value]
      let sum = SumTree(
        prefix: "\(prefix)_\(value)", width: width, stages: depth, pipelining: pipelining
      )
      .emit(leaves, into: &m)
      guard operation.droppedBits > 0 || widths.values[value] != width else {
        names.append([sum])
        continue
      }
      let result = "\(prefix)_\(value)"
      m.wire(
        result, .signed(widths.values[value]),
        VerilogExpression.name(sum).arithmeticShiftedRight(.lit(operation.droppedBits, width: 6))
          .resized(widths.values[value]))
      names.append([result])
    }
    return program.outputs.map { name($0, at: stages) }
  }
}

extension Design {
  /// Widths in the input transform: the broadcast bus's for an exact algorithm, else what each value needs.
  func operandWidths(of algorithm: BilinearAlgorithm) -> LinearPipeline.Widths {
    let program = algorithm.operandProgram
    guard algorithm.matrices == nil else { return uniform(program, operandWidth) }
    let widths = program.widths(inputWidth: blockElementWidth)
    return LinearPipeline.Widths(sums: widths.sums, values: widths.values)
  }

  /// Widths in the output transform: modulo the sums' width for an exact algorithm, else what each value needs.
  func resultWidths(of algorithm: BilinearAlgorithm) -> LinearPipeline.Widths {
    let program = algorithm.resultProgram
    guard algorithm.matrices == nil else { return uniform(program, sumWidth) }
    let widths = program.widths(inputWidth: sumWidth)
    return LinearPipeline.Widths(sums: widths.sums, values: widths.values)
  }

  private func uniform(_ program: LinearProgram, _ width: Int) -> LinearPipeline.Widths {
    let all = [Int](repeating: width, count: program.inputs + program.operations.count)
    return LinearPipeline.Widths(sums: all, values: all)
  }
}

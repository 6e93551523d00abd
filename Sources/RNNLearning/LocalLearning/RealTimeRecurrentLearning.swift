package import RNNGraph

/// The exact gradient of a network of any cells, forward in time: the oracle of all approximations.
///
/// Williams and Zipser, "A learning algorithm for continually running fully recurrent neural networks", Neural
/// Computation 1989. The derivatives of all states by all stored parameter values are carried from step to
/// step, so a gradient is there after each step and no past is kept. Memory is states x parameters and the
/// time of a step states^2 x parameters: for small networks.
package struct RealTimeRecurrentLearning {
  private let interpreter: ReferenceInterpreter
  /// `[layer][parameter]`: the place of the first stored value among all of them.
  private let starts: [[Int]]
  /// The number of stored values of all layers.
  package let parameterCount: Int
  private var states: [[[Double]]]
  /// `[layer][state]`: `[size][parameterCount]`.
  private var sensitivities: [[[Double]]]
  private var number = 0

  package init(_ interpreter: ReferenceInterpreter) {
    self.interpreter = interpreter
    var count = 0
    starts = interpreter.network.layers.map { layer in
      layer.graph.parameters.map { parameter in
        defer { count += parameter.storedCount }
        return count
      }
    }
    parameterCount = count
    states = interpreter.network.layers.map(\.graph.initialStates)
    sensitivities = states.map { layer in
      layer.map { [Double](repeating: 0, count: $0.count * count) }
    }
  }

  /// One step of all layers.
  ///
  /// - Returns: the outputs, and their derivatives by every stored value, `[outputs][parameterCount]`.
  package mutating func step(_ input: [Double]) -> (outputs: [Double], derivatives: [Double]) {
    var (value, tangent) = (input, [Double]())
    for (l, layer) in interpreter.network.layers.enumerated() {
      let graph = layer.graph
      let values = interpreter.step(layer: l, input: value, states: states[l], number: number)
      let tangents = interpreter.tangents(
        layer: l, values: values, by: parameterCount, input: tangent, states: sensitivities[l],
        parameters: starts[l])
      states[l] = graph.states.map { values[$0.next.index] }
      sensitivities[l] = graph.states.map { tangents[$0.next.index] }
      value = values[graph.output.index]
      tangent = tangents[graph.output.index]
    }
    number += 1
    if tangent.isEmpty { tangent = [Double](repeating: 0, count: value.count * parameterCount) }
    return (value, tangent)
  }

  /// The gradient of a scalar from its gradient by the outputs of every step.
  ///
  /// - Parameters:
  ///   - sequence: row-major `[T][inputSize]`.
  ///   - outputGradient: row-major `[T][outputSize]`.
  /// - Returns: `[layer][parameter]` in stored shape.
  package static func gradient(
    _ interpreter: ReferenceInterpreter, sequence: [Double], outputGradient: [Double]
  ) -> [[[Double]]] {
    var learning = RealTimeRecurrentLearning(interpreter)
    let (size, outputs) = (interpreter.network.inputSize, interpreter.network.outputSize)
    var flat = [Double](repeating: 0, count: learning.parameterCount)
    for t in 0..<sequence.count / size {
      let (_, derivatives) = learning.step(Array(sequence[t * size..<(t + 1) * size]))
      for k in 0..<outputs {
        let g = outputGradient[t * outputs + k]
        for i in flat.indices { flat[i] += g * derivatives[k * flat.count + i] }
      }
    }
    return zip(interpreter.network.layers, learning.starts).map { layer, starts in
      zip(layer.graph.parameters, starts).map { Array(flat[$1..<$1 + $0.storedCount]) }
    }
  }
}

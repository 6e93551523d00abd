import Foundation
import RNNFixedPoint
import RNNGraph
import Testing

/// Runs a quantized network in double precision, by the definitions of the operations alone.
///
/// All values but the outputs of the sigmoid and tanh are dyadic and exact in doubles. With `tables`, those two
/// are looked up, so that an integer graph must agree in every value; without, they are the real functions.
struct GraphOracle {
  let network: Network
  let weights: Weights
  let tables: [ActivationTable]?
  let normalizations: [Normalization]
  /// `values[layer][node name]` after the last step.
  private(set) var values: [[String: [Double]]]
  private var states: [[[Double]]]
  private var stepNumber = 0

  /// The initial value, half to even on the grid of the state's format.
  private static func initial(_ state: State, _ graph: CellGraph) -> Double {
    guard case .quantize(_, let format, _) = graph[state.next].op else { return state.initial }
    let code = (state.initial / format.ulp).rounded(.toNearestOrEven)
    return min(max(code, -pow(2, Double(format.width - 1))), pow(2, Double(format.width - 1)) - 1)
      * format.ulp
  }

  init(
    _ network: Network, _ weights: Weights, tables: [ActivationTable]?,
    normalizations: [Normalization] = []
  ) {
    self.normalizations = normalizations
    self.network = network
    self.weights = weights
    self.tables = tables
    values = Array(repeating: [:], count: network.layers.count)
    states = network.layers.map { layer in
      layer.graph.states.map { state in
        [Double](repeating: GraphOracle.initial(state, layer.graph), count: state.size)
      }
    }
  }

  mutating func step(_ x: [Double]) -> [Double] {
    var input = x
    for (l, layer) in network.layers.enumerated() {
      let graph = layer.graph
      var v: [[Double]] = []
      for (n, node) in graph.nodes.enumerated() {
        switch node.op {
        case .input: v.append(input)
        case .state(let s): v.append(states[l][s.index])
        case .parameter(let p):
          let values = vector(graph[p], weights.values[l][p.index])
          v.append((0..<node.size).map { values[values.count == 1 ? 0 : $0] })
        case .coefficient(let c):
          v.append([Double](repeating: c.value(step: stepNumber), count: node.size))
        case .gate(let a, let s):
          v.append(v[a.index].indices.map { v[s.index][$0] > 0 ? v[a.index][$0] : 0 })
        case .normalize(let a, let s, _):
          v.append(normalized(v[a.index], v[s.index], graph, ValueID(n), s))
        case .matvec(let p, let a, let transposed):
          let matrix = graph[p]
          let stored = weights.values[l][p.index]
          v.append(
            (0..<node.size).map { i in
              v[a.index].indices.reduce(0) { sum, j in
                let (row, column) = transposed ? (j, i) : (i, j)
                return sum + entry(matrix, stored, row, column) * v[a.index][j]
              }
            })
        case .add(let a, let b): v.append(zip(v[a.index], v[b.index]).map { $0 + $1 })
        case .subtract(let a, let b): v.append(zip(v[a.index], v[b.index]).map { $0 - $1 })
        case .multiply(let a, let b): v.append(zip(v[a.index], v[b.index]).map { $0 * $1 })
        case .affine(let a, let scale, let offset):
          let (p, q) = tables == nil ? (scale, offset) : (significant(scale), significant(offset))
          v.append(v[a.index].map { $0 * p + q })
        case .activation(let activation, let a):
          v.append(activated(activation, v[a.index], graph, ValueID(n), a))
        case .quantize(let a, let format, let rounding):
          v.append(v[a.index].map { round($0, format, rounding) })
        case .reduce(let reduction, let a):
          let (sum, count) = (v[a.index].reduce(0, +), Double(v[a.index].count))
          switch reduction {
          case .sum: v.append([sum])
          case .mean: v.append([tables == nil ? sum / count : sum * significant(1 / count)])
          case .maximum: v.append([v[a.index].sorted().last ?? .nan])
          }
        case .broadcast(let a): v.append((0..<node.size).map { _ in v[a.index][0] })
        }
        values[l][node.name] = v[n]
      }
      for (s, state) in graph.states.enumerated() { states[l][s] = v[state.next.index] }
      input = v[graph.output.index]
    }
    stepNumber += 1
    return input
  }

  /// A constant with 16 significant bits, half to even.
  private func significant(_ x: Double) -> Double {
    if x == 0 { return 0 }
    let unit = pow(2, (log2(abs(x))).rounded(.down) - 15)
    return (x / unit).rounded(.toNearestOrEven) * unit
  }

  /// The real function without tables; with them, the unit of the square's format whose results a reader rounds to.
  private func normalized(
    _ v: [Double], _ s: [Double], _ graph: CellGraph, _ id: ValueID, _ square: ValueID
  ) -> [Double] {
    guard tables != nil else {
      return zip(v, s).map { $0 / sqrt($1 + graph.normalizationFloor(id)) }
    }
    let readers = graph.nodes.compactMap { node -> QFormat? in
      if case .quantize(id, let format, _) = node.op { format } else { nil }
    }
    var source = square
    if case .broadcast(let one) = graph[source].op { source = one }
    if case .state(let s) = graph[source].op { source = graph[s].next }
    guard case .quantize(_, let format, _) = graph[source].op,
      // All units of one square and output have one table; the finest value format holds every value.
      let unit = normalizations.filter({
        $0.square == format && $0.output == readers.first
          && abs(Double($0.floor) * format.ulp - graph.normalizationFloor(id)) <= format.ulp / 2
      }).max(by: { $0.value.fraction < $1.value.fraction })
    else {
      Issue.record("no normalization for \(graph[id].name)")
      return v.map { _ in .nan }
    }
    return zip(v, s).map { v, s in
      unit.output.value(of: unit.code(for: Int64(v / unit.value.ulp), by: Int64(s / format.ulp)))
    }
  }

  private func round(_ x: Double, _ format: QFormat, _ rule: RoundingRule) -> Double {
    let ulp = pow(2, -Double(format.fraction))
    let scaled = x / ulp
    let below = floor(scaled)
    let rest = scaled - below
    let up: Bool =
      switch rule {
      case .down: false
      case .halfUp: rest >= 0.5
      case .halfToEven: rest > 0.5 || (rest == 0.5 && below.truncatingRemainder(dividingBy: 2) != 0)
      }
    let limit = pow(2, Double(format.width - 1))
    return min(max(up ? below + 1 : below, -limit), limit - 1) * ulp
  }

  private func vector(_ parameter: Parameter, _ stored: [Float]) -> [Double] {
    stored.map { value in
      parameter.format.map { round(Double(value), $0, .halfToEven) } ?? Double(value)
    }
  }

  private func entry(_ matrix: Parameter, _ stored: [Float], _ row: Int, _ column: Int) -> Double {
    let columns = matrix.columns ?? 1
    var index = row * columns + column
    if case .blockCirculant(let L) = matrix.structure {
      let blocks = (columns + L - 1) / L
      let k = ((row % L) - (column % L) + L) % L
      index = (row / L * blocks + column / L) * L + k
    }
    return vector(matrix, [stored[index]])[0]
  }

  private func activated(
    _ activation: ScalarFunction, _ x: [Double], _ graph: CellGraph, _ id: ValueID,
    _ operand: ValueID
  ) -> [Double] {
    if activation == .relu { return x.map { max($0, 0) } }
    if tables == nil {
      switch activation {
      case .tanh: return x.map { Foundation.tanh($0) }
      case .sigmoid: return x.map { 1 / (1 + exp(-$0)) }
      default: return x.map { activation($0) }
      }
    }
    // The table whose input grid holds all operands and whose output is the format that readers round to.
    let readers = graph.nodes.compactMap { node -> QFormat? in
      if case .quantize(id, let format, _) = node.op { format } else { nil }
    }
    var source = operand
    if case .state(let s) = graph[source].op { source = graph[s].next }
    guard case .quantize(_, let input, _) = graph[source].op,
      let table = tables?.first(where: {
        $0.function == activation.name && $0.input == input && $0.output == readers.first
      })
    else { fatalError("no table for \(graph[id].name)") }
    return x.map { table.output.value(of: table.code(for: Int64($0 / input.ulp))) }
  }
}

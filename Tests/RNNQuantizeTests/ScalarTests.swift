import RNNFixedPoint
import RNNGraph
import RNNQuantize
import RNNReference
import RNNSupport
import Testing

/// Numbers of one element, initial states, coefficients and normalizations on the way to integers.
@Suite struct ScalarTests {
  private func frozen(
    _ graph: CellGraph, _ values: [[Float]], range: ClosedRange<Float> = -0.9...0.9,
    policy: QuantizationPolicy = QuantizationPolicy()
  ) throws -> (network: Network, integers: IntegerGraph) {
    let (network, _, ranges) = single(graph, range: range)
    let weights = Weights(values: [values])
    let quantized = try quantize(network, weights: weights, ranges: ranges, policy: policy)
    return (quantized, try freeze(quantized, weights: weights, name: "scalars"))
  }

  /// y = eta x + (1 - 1/tau) h with eta = 1e-3: small numbers keep their significant bits.
  @Test(arguments: [1, 3]) func smallNumbersKeepTheirBits(size: Int) throws {
    var b = GraphBuilder(inputSize: size)
    let x = b.input()
    let h = b.state("h", size: size, initial: 0.7)
    let eta = b.scalar("eta", size: size, initial: .constant(1e-3))
    let next = b.add(b.multiply(eta, x), b.affine(h, scale: 1 - 1 / 300.0, offset: 0))
    b.update("h", to: next)
    let (network, integers) = try frozen(b.build(output: next), [[1e-3]])
    let code = integers.nodes.compactMap { node -> Double? in
      guard node.name == "l.eta" else { return nil }
      switch node.op {
      case .constant(let code): return node.format.value(of: code)
      case .vector(let v): return node.format.value(of: integers.vectors[v].codes[0])
      default: return nil
      }
    }
    let value = try #require(code.first)
    #expect(abs(value / 1e-3 - 1) <= 0x1p-11)
    // A number of one element is a literal, unless the vector has one element itself.
    #expect(integers.vectors.isEmpty == (size > 1))
    let scale = try #require(integers.nodes.first { $0.name.hasSuffix("_scale") })
    guard case .constant(let constant) = scale.op else { return }
    #expect(abs(scale.format.value(of: constant) / (1 - 1 / 300.0) - 1) <= 0x1p-16)

    // 0.7 is no code; integers and the quantized network start from the same one.
    let state = integers.states[0]
    #expect(state.initial == Int64((0.7 / state.format.ulp).rounded(.toNearestOrEven)))
    let model = try ReferenceModel(integers)
    let interpreter = FloatInterpreter(network: network, weights: Weights(values: [[[1e-3]]]))
    for _ in 0..<2 {
      model.reset()
      interpreter.reset()
      for _ in 0..<3 {
        let zeros = Array(repeating: 0, count: size)
        let output = integers[integers.output].format
        let y = model.step(zeros.map(Int64.init)).map { output.value(of: $0) }
        #expect(y == interpreter.step(zeros.map(Double.init)))
        #expect(y[0] > 0.6)
      }
    }
  }

  /// The 12-bit codes of k / (k + 3) without restart: they end where they no longer change, and are right until then.
  @Test(arguments: RoundingRule.allCases) func momentumEndsWithTheCodeThatStays(
    _ rounding: RoundingRule
  ) throws {
    let format = QFormat(width: 12, fraction: 11)
    let values = try #require(
      IntegerCoefficient.Values(.nesterov(restart: 0), format: format, rounding: rounding))
    let coefficient = IntegerCoefficient(name: "k", format: format, values: values)
    #expect((4000..<6200).contains(coefficient.count))
    for step in 0..<20_000 {
      // floor(2048 k / (k + 3)), and the remainder against half of the divisor, in integers alone.
      let (quotient, rest) = (2048 * step).quotientAndRemainder(dividingBy: step + 3)
      let up: Bool =
        switch rounding {
        case .down: false
        case .halfUp: 2 * rest >= step + 3
        case .halfToEven: 2 * rest > step + 3 || (2 * rest == step + 3 && quotient % 2 == 1)
        }
      let expected = min(quotient + (up ? 1 : 0), 2047)
      #expect(coefficient.code(step: step) == Int64(expected), "step \(step)")
    }
  }

  @Test func coefficientsRepeatAndPulse() throws {
    let format = QFormat(width: 8, fraction: 7)
    let three = IntegerCoefficient(
      name: "k", format: format,
      values: try #require(.init(.nesterov(restart: 3), format: format, rounding: .halfUp)))
    #expect((0..<7).map(three.code) == [0, 32, 51, 0, 32, 51, 0])
    let bits = QFormat(width: 2, fraction: 0)
    let pulse = IntegerCoefficient(
      name: "p", format: bits,
      values: try #require(.init(.pulse(period: 3, at: 2), format: bits, rounding: .halfUp)))
    #expect((0..<7).map(pulse.code) == [0, 0, 1, 0, 0, 1, 0])
    let never = IntegerCoefficient(
      name: "n", format: bits,
      values: try #require(.init(.pulse(period: 3, at: 3), format: bits, rounding: .halfUp)))
    #expect((0..<7).map(never.code) == Array(repeating: 0, count: 7))
  }

  @Test func aMomentumOfTooManyStepsIsRefused() throws {
    var b = GraphBuilder(inputSize: 2)
    let x = b.input()
    let y = b.multiply(b.coefficient(.nesterov(restart: 0), size: 2), x)
    do {
      _ = try frozen(b.build(output: y), [], policy: QuantizationPolicy(weightWidth: 16))
      Issue.record("65,536 codes were accepted")
    } catch let error as DiagnosticsEmitted {
      #expect(error.description.contains("16384") && error.description.contains("restart"))
    }
  }

  /// Adam's rule: the mean of squares is wide and only its own path is; the quotient is clipped where it may be.
  @Test func meansOfSquaresAreWideAndQuotientsClipped() throws {
    func cell(_ isSummed: Bool) -> CellGraph {
      var b = GraphBuilder(inputSize: 2)
      let x = b.input()
      let s = b.state("s", size: 2)
      let v = b.state("v", size: 2)
      let next = b.add(
        b.affine(s, scale: 0.9, offset: 0), b.affine(b.multiply(x, x), scale: 0.1, offset: 0))
      b.name(next, "s")
      b.update("s", to: next)
      let moved = b.add(b.affine(v, scale: 0.5, offset: 0), x)
      b.name(moved, "v")
      b.update("v", to: moved)
      let q = b.normalize(moved, by: next, epsilon: 1e-8)
      b.name(q, "q")
      let bias = b.vector("bias", size: 2, initializer: .constant(0))
      let y = isSummed ? b.tanh(b.add(q, bias), name: "y") : b.multiply(q, bias)
      return b.build(output: y)
    }
    for isSummed in [true, false] {
      let graph = cell(isSummed)
      var (network, _, ranges) = single(graph)
      let q = try #require(graph.nodes.firstIndex { $0.name == "q" })
      ranges[0][q] = -900...900
      let weights = Weights(values: [[[0.25, -0.5]]])
      let plan = try planQuantization(
        network, weights: weights, ranges: ranges, policy: QuantizationPolicy())
      network = plan.network
      func format(_ name: String) -> QFormat? { plan.values.first { $0.node == name }?.format }
      #expect(format("s")?.width == 24)
      #expect(format("v")?.width == 16)
      #expect(format("q") == QFormat(width: 16, fraction: isSummed ? 12 : 5))
      let integers = try freeze(network, weights: weights, name: "adam")
      #expect(integers.normalizations.count == 1 && integers.normalizations[0].floor >= 1)
      // Zeros first: no quotient is infinite.
      let model = try ReferenceModel(integers)
      for x in [[0, 0], [0, 5], [2047, -2048], [0, 0]] as [[Int64]] { _ = model.step(x) }
    }
  }

  @Test func anUnroundedSquareOrQuotientIsNamed() throws {
    var b = GraphBuilder(inputSize: 2)
    let x = b.input()
    let q = b.quantize(x, QFormat(width: 8, fraction: 6), .halfUp)
    let exact = b.normalize(q, by: b.multiply(q, q), epsilon: 1e-3)
    let y = b.quantize(exact, QFormat(width: 8, fraction: 4), .halfUp)
    let (network, _, _) = single(b.build(output: y))
    do {
      _ = try freeze(network, weights: Weights(values: [[]]), name: "square")
      Issue.record("an exact square was accepted")
    } catch let error as DiagnosticsEmitted {
      #expect(error.description.contains("the square that normalizes"))
    }
  }
}

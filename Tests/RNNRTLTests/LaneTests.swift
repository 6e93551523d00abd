import RNNRTL
import RNNSupport
import Testing
import _RNNTestSupport

@Suite struct LaneTests {
  private struct Step {
    var valid = false
    var first = false
    var weights: [Int64]
    var operands: [Int64]
    var load = false
    var shift = false
    var neighbour: [Int64]
  }

  /// Passes of given lengths, back to back or with gaps; the load comes when a pass is complete.
  private static func steps(
    products: Int, weightWidth: Int, operandWidth: Int, sumWidth: Int, passes: [Int], gaps: Bool,
    random: inout SplitMix64
  ) -> [Step] {
    func code(_ width: Int) -> Int64 {
      let least = -(Int64(1) << Int64(width - 1))
      switch random.below(4) {
      case 0: return least
      case 1: return -least - 1
      default: return least + Int64(random.below(1 << width))
      }
    }
    var steps: [Step] = []
    var loads: Set<Int> = []
    func idle() -> Step {
      // Operands that do not count still move.
      Step(
        weights: (0..<products).map { _ in code(weightWidth) },
        operands: (0..<products).map { _ in code(operandWidth) },
        neighbour: (0..<products).map { _ in code(sumWidth) })
    }
    for (n, length) in passes.enumerated() {
      for i in 0..<length {
        while gaps && random.below(3) == 0 { steps.append(idle()) }
        var step = idle()
        step.valid = true
        step.first = i == 0
        if n == 0 {
          // The largest sum that there is.
          step.weights = step.weights.map { _ in -(1 << Int64(weightWidth - 1)) }
          step.operands = step.operands.map { _ in -(1 << Int64(operandWidth - 1)) }
        }
        steps.append(step)
      }
      // The last operands of cycle t are in the sums at t + 3.
      loads.insert(steps.count - 1 + 3)
    }
    for _ in 0..<5 { steps.append(idle()) }
    for i in steps.indices {
      steps[i].load = loads.contains(i)
      steps[i].shift = random.below(4) == 0
    }
    return steps
  }

  @Test(arguments: simulators)
  func sumsAndDrainsEqualBruteForce(_ simulator: BenchSimulator) throws {
    struct Point {
      var products: Int
      var weight: Int
      var operand: Int
      var sum: Int
      var gaps: Bool
    }
    let points = [
      Point(products: 1, weight: 1, operand: 1, sum: 9, gaps: false),
      Point(products: 3, weight: 5, operand: 9, sum: 18, gaps: true),
      // Narrower than a product: sums are modulo 2^sum.
      Point(products: 2, weight: 8, operand: 9, sum: 12, gaps: true),
      Point(products: 14, weight: 15, operand: 15, sum: 35, gaps: false),
      Point(products: 2, weight: 18, operand: 25, sum: 48, gaps: true),
    ]
    var random = SplitMix64(seed: 77)
    // A pass of one step directly before and after others is the tightest case for the drain.
    let passes = [16, 1, 1, 5, 2, 1, 9]
    var all: [[Step]] = points.map {
      Self.steps(
        products: $0.products, weightWidth: $0.weight, operandWidth: $0.operand,
        sumWidth: $0.sum, passes: passes, gaps: $0.gaps, random: &random)
    }
    let cycles = all.map(\.count).max() ?? 0
    for i in all.indices {
      while all[i].count < cycles {
        all[i].append(
          Step(
            weights: [Int64](repeating: 0, count: points[i].products),
            operands: [Int64](repeating: 0, count: points[i].products),
            neighbour: [Int64](repeating: 0, count: points[i].products)))
      }
    }
    let units = zip(points, all).map { p, steps in
      Unit(
        "rnnc_lane",
        [
          "Products": p.products, "WeightWidth": p.weight, "OperandWidth": p.operand,
          "SumWidth": p.sum,
        ],
        inputs: [
          Port("valid_i", 1), Port("first_i", 1), Port("weights_i", p.products * p.weight),
          Port("operands_i", p.products * p.operand), Port("drain_load_i", 1),
          Port("drain_shift_i", 1), Port("drain_i", p.products * p.sum),
        ],
        outputs: [Port("drain_o", p.products * p.sum)],
        stimulus: steps.map { s in
          [
            bits(s.valid ? 1 : 0, 1), bits(s.first ? 1 : 0, 1),
            s.weights.flatMap { bits($0, p.weight) }, s.operands.flatMap { bits($0, p.operand) },
            bits(s.load ? 1 : 0, 1), bits(s.shift ? 1 : 0, 1),
            s.neighbour.flatMap { bits($0, p.sum) },
          ]
        })
    }
    let trace = try libraryBench(units).run(simulator, seed: 9)
    for (u, p) in points.enumerated() {
      var loads = 0
      for k in 0..<p.products {
        // sums[t]: the sum of all that was presented until t - 3, from the last first step on.
        var drain: Int64?
        for cycle in 1..<cycles {
          let before = all[u][cycle - 1]
          if before.load {
            var sum: Int64 = 0
            var t = cycle - 1 - 3
            while t >= 0 {
              let s = all[u][t]
              if s.valid { sum += s.weights[k] * s.operands[k] }
              if s.valid && s.first { break }
              t -= 1
            }
            drain = sum
            loads += 1
          } else if before.shift {
            drain = before.neighbour[k]
          }
          guard let drain else { continue }
          let found = trace.bits(cycle: cycle, unit: u)
          let expected = bits(drain, p.sum)
          guard Array(found[k * p.sum..<(k + 1) * p.sum]) == expected else {
            Issue.record("\(p): product \(k), cycle \(cycle) is not \(drain)")
            return
          }
        }
      }
      #expect(loads == passes.count * p.products)
    }
  }
}

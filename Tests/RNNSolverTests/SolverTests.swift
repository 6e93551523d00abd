import RNNSolver
import Testing

@Suite struct SolverTests {
  @Test func integersAreSolvedAndRefuted() throws {
    let context = SolverContext()
    let (x, y) = (context.integer("x"), context.integer("y"))
    let solver = Solver(context)
    solver.assert((x * 3 + y * 5) .== 1)
    solver.assert((x .> 0) .& (y .>= -10))
    guard case .satisfied(let model) = try solver.check() else {
      Issue.record("3 x + 5 y = 1 has solutions")
      return
    }
    #expect(3 * (try model.value(of: x)) + 5 * (try model.value(of: y)) == 1)
    #expect(try model.value(of: x) > 0)
    // What is asserted in a scope goes with it.
    solver.push()
    solver.assert(y .>= 0)
    solver.assert(x .< 7)
    guard case .unsatisfiable = try solver.check() else {
      Issue.record("x is 2, 7, ... and y -1, -4, ...")
      return
    }
    solver.pop()
    guard case .satisfied = try solver.check() else {
      Issue.record("the scope was not taken back")
      return
    }
  }

  /// All pairs of four-bit numbers against Swift's arithmetic.
  @Test func bitVectorsWrapAndCarryTheirSign() throws {
    let context = SolverContext()
    for a in -8..<8 {
      for b in -8..<8 {
        let (x, y) = (context.constant(a, width: 4), context.constant(b, width: 4))
        func wrapped(_ value: Int) -> Int { ((value + 8) & 15) - 8 }
        let solver = Solver(context)
        let named = context.bitVector("named", width: 4)
        solver.assert(named .== (x &* y))
        guard case .satisfied(let model) = try solver.check() else {
          Issue.record("a product has a value")
          return
        }
        #expect(try model.value(of: named) == wrapped(a * b))
        #expect(try model.value(of: x &+ y) == wrapped(a + b))
        #expect(try model.value(of: x &- y) == wrapped(a - b))
        #expect(try model.value(of: x .< y) == (a < b))
        #expect(try model.value(of: x .<= y) == (a <= b))
        #expect(try model.value(of: x.shiftedRight(2)) == a >> 2)
        #expect(try model.value(of: x.shiftedLeft(1)) == wrapped(a * 2))
        #expect(try model.value(of: x.extended(to: 9) &* y.extended(to: 9)) == a * b)
        #expect(try model.value(of: (x .< y).choose(x, else: y)) == min(a, b))
      }
    }
    let wide = context.constant(-3, width: 64)
    #expect(wide.width == 64 && wide.bits(5, 2).width == 4)
    let solver = Solver(context)
    guard case .satisfied(let model) = try solver.check() else {
      Issue.record("nothing is asserted")
      return
    }
    #expect(try model.value(of: wide) == -3)
    #expect(try model.value(of: wide.bits(1, 0)) == 1)
    #expect(try model.value(of: context.constant(Int.min, width: 64)) == Int.min)
  }

  @Test func propositionsCombine() throws {
    let context = SolverContext()
    let (p, q) = (context.proposition("p"), context.proposition("q"))
    for (statement, isTautology) in [
      (p.implies(q) .== ((.!p) .| q), true), ((p .& q).implies(p), true),
      ((p .| q).implies(p), false), (context.all([]), true), (context.any([]), false),
      (context.constant(false), false),
    ] {
      let solver = Solver(context)
      solver.assert(.!statement)
      switch try solver.check() {
      case .unsatisfiable: #expect(isTautology, "\(statement)")
      case .satisfied: #expect(!isTautology, "\(statement)")
      case .unknown(let reason): Issue.record("\(reason)")
      }
    }
  }

  /// The best of a knapsack of six things, against all 64 choices.
  @Test func theOptimumIsThatOfAllChoices() throws {
    let weights = [7, 3, 5, 9, 4, 6]
    let values = [13, 4, 8, 17, 6, 11]
    for capacity in [0, 8, 15, 21, 40] {
      let context = SolverContext()
      let taken = weights.indices.map { context.proposition("take\($0)") }
      func total(_ numbers: [Int]) -> IntegerTerm {
        context.sum(
          zip(taken, numbers).map { $0.choose(context.constant($1), else: context.constant(0)) })
      }
      let optimizer = Optimizer(context)
      optimizer.assert(total(weights) .<= capacity)
      // As much value as possible, then as little weight.
      optimizer.minimize(context.constant(0) - total(values))
      optimizer.minimize(total(weights))
      guard case .satisfied(let model) = try optimizer.check() else {
        Issue.record("taking nothing always fits")
        return
      }
      let best = (0..<64).map { choice in
        weights.indices.reduce(into: (weight: 0, value: 0)) { sum, k in
          if choice >> k & 1 == 1 { sum = (sum.weight + weights[k], sum.value + values[k]) }
        }
      }.filter { $0.weight <= capacity }.min { ($1.value, $0.weight) < ($0.value, $1.weight) }
      #expect(try model.value(of: total(values)) == best?.value)
      #expect(try model.value(of: total(weights)) == best?.weight)
    }
  }

  /// The same limit stops at the same place: here before the end of a pigeonhole problem.
  @Test func aLimitIsAnAnswer() throws {
    for _ in 0..<2 {
      let context = SolverContext()
      let solver = Solver(context)
      let holes = (0..<9).map { pigeon in
        (0..<8).map { context.proposition("p\(pigeon)h\($0)") }
      }
      for pigeon in holes { solver.assert(context.any(pigeon)) }
      for a in holes.indices {
        for b in 0..<a {
          for hole in 0..<8 { solver.assert(.!(holes[a][hole] .& holes[b][hole])) }
        }
      }
      guard case .unknown(let reason) = try solver.check(SolverLimit(steps: 10_000)) else {
        Issue.record("ten thousand steps are too few for nine pigeons")
        return
      }
      #expect(!reason.isEmpty)
      let optimizer = Optimizer(context)
      for pigeon in holes { optimizer.assert(context.any(pigeon)) }
      optimizer.minimize(
        context.sum(
          holes.flatMap { $0 }.map { $0.choose(context.constant(1), else: context.constant(0)) }))
      guard case .unknown = try optimizer.check(SolverLimit(steps: 1000)) else {
        Issue.record("a thousand steps are too few for an optimum")
        return
      }
    }
    #expect(SolverContext.version.hasPrefix("4."))
  }

  /// Values beyond an Int are errors, and terms outlive the names that made them.
  @Test func whatDoesNotFitIsAnError() throws {
    func large() -> (SolverModel, IntegerTerm)? {
      let context = SolverContext()
      let x = context.integer("x")
      let solver = Solver(context)
      solver.assert(x .== (context.constant(Int.max) * 2))
      guard case .satisfied(let model)? = try? solver.check() else { return nil }
      return (model, x)
    }
    let (model, x) = try #require(large())
    #expect(throws: SolverError.self) { try model.value(of: x) }
    #expect(try model.value(of: x - Int.max) == Int.max)
  }
}

internal import RNNBilinear
package import RNNCodegen
package import RNNGraph
package import RNNSolver
internal import RNNSupport

/// Lanes, column groups and elements per step as an integer optimisation: what no schedule of any choice can beat.
///
/// Derived from the network taken apart and the fixed delays of the machine, without the compiler's search and
/// scheduler. The distance of frames is at least
/// - the cycles in which the lanes are fed: passes times block columns, summed over product groups;
/// - the steps of the longest vector, and the beats of a frame at each port;
/// - the recurrence: on the way from the read of a state to its next value each product must finish its passes and each
///   pipeline be passed. With several streams their frames share that time.
///
/// Drain chains cost no multipliers, so the model gives them away. Block RAM and LUTs are not in it.
package struct AllocationModel {
  private let graph: IntegerGraph
  private let lowered: Lowered
  private let options: CompileOptions
  private let datapathMultipliers: Int
  private let datapaths: [Datapath]
  private let recurrences: [Recurrence]

  /// The most column groups that the model knows.
  package static let mostGroups = 32

  /// - Parameters:
  ///   - graph: the graph of a design, on which the compiler's passes have run.
  ///   - options: of these, ports, streams and dense multipliers count.
  package init(_ graph: IntegerGraph, options: CompileOptions) throws {
    self.graph = graph
    self.options = options
    var single = options
    single.lanes.columnGroups = 1
    single.lanes.elementsPerStep = 1
    lowered = try Lowered(graph, options: single)
    datapaths = lowered.segments.map {
      Datapath(
        $0, in: graph, elementsPerStep: options.lanes.step, pipelining: options.stages)
    }
    datapathMultipliers = datapaths.reduce(0) { $0 + $1.multipliers.count }
    recurrences = Recurrence.all(of: graph)
  }

  /// One choice and what it reaches at best.
  package struct Optimum: Hashable, Sendable {
    package var cyclesPerFrame: Int
    package var multipliers: Int
    package var lanes: Int
    package var columnGroups: Int
    package var elementsPerStep: Int
  }

  /// What the solver found.
  package enum Answer: Hashable, Sendable {
    case optimum(Optimum)
    case infeasible
    /// The limit came first.
    case unknown(String)
  }

  /// The least distance of frames with at most so many multipliers, and the fewest multipliers that have it.
  package func fastest(multipliers: Int, limit: SolverLimit) throws -> Answer {
    let problem = Problem(self)
    problem.optimizer.assert(problem.multipliers .<= multipliers)
    problem.optimizer.minimize(problem.cycles)
    problem.optimizer.minimize(problem.multipliers)
    return try problem.solve(limit)
  }

  /// The fewest multipliers with which the distance of frames may be at most so long.
  package func smallest(cyclesPerFrame: Int, limit: SolverLimit) throws -> Answer {
    let problem = Problem(self)
    problem.optimizer.assert(problem.cycles .<= cyclesPerFrame)
    problem.optimizer.minimize(problem.multipliers)
    problem.optimizer.minimize(problem.cycles)
    return try problem.solve(limit)
  }

  // MARK: - The model

  private struct Problem {
    let optimizer: Optimizer
    let cycles: IntegerTerm
    let multipliers: IntegerTerm
    private let lanes: IntegerTerm
    private let groups: IntegerTerm
    private let step: IntegerTerm

    init(_ model: AllocationModel) {
      let (lowered, graph) = (model.lowered, model.graph)
      let context = SolverContext()
      optimizer = Optimizer(context)
      cycles = context.integer("cycles")
      multipliers = context.integer("multipliers")
      lanes = context.integer("lanes")
      groups = context.integer("groups")
      step = context.integer("step")
      let rows = lowered.groups.map(\.rows.count)
      optimizer.assert((lanes .>= 1) .& (lanes .<= (rows.max() ?? 1)))

      // So many lanes need at least so many passes; the reverse of a division, row count by row count.
      var known: [Int: IntegerTerm] = [:]
      func passes(_ rows: Int) -> IntegerTerm {
        if let term = known[rows] { return term }
        let term = context.integer("passes of \(rows) rows")
        known[rows] = term
        optimizer.assert(term .>= 1)
        for most in 1..<max(rows, 1) {
          optimizer.assert((term .<= most).implies(lanes .>= (rows + most - 1) / most))
        }
        return term
      }

      let blockRows = lowered.algorithms.map(\.outputs).min() ?? 1
      let steps = (0..<11).map { 1 << $0 }.filter {
        $0 <= blockRows && $0 <= model.options.lanes.outputElementsPerBeat ?? 1024
      }
      optimizer.assert(context.any(steps.map { step .== $0 }))
      let longest = lowered.segments.map(\.size).max() ?? 1
      for count in steps {
        let beat = model.options.lanes.outputElementsPerBeat ?? count
        let output = (graph.outputSize + beat - 1) / beat + 1
        optimizer.assert(
          (step .== count).implies(cycles .>= max((longest + count - 1) / count, output)))
      }
      let input = model.options.lanes.inputElementsPerBeat
      optimizer.assert(cycles .>= (graph.inputSize + input - 1) / input)

      let counts = 1...AllocationModel.mostGroups
      optimizer.assert((groups .>= 1) .& (groups .<= AllocationModel.mostGroups))
      for count in counts {
        let columns = lowered.groups.map { model.columns(of: $0, groups: count) }
        let feeds = context.sum(zip(rows, columns).map { passes($0) * $1 })
        var consequences = [
          cycles .>= feeds,
          multipliers
            .== (lanes * (count * lowered.productsPerSet) + step * model.datapathMultipliers),
        ]
        let timing = Timing(
          lowered.algorithms, columnGroups: count, pipelining: model.options.stages)
        for recurrence in model.recurrences {
          var delays = 0
          var waits: [IntegerTerm] = []
          for part in recurrence.parts {
            // From the last block of a pass to its first row's sums, through output transform and memory; then through the
            // pipeline and its collector to a word that can be read in the next cycle.
            delays +=
              timing.sums + 1 + timing.transformOut + 1 + model.latency(part.value)
              + Timing.collector + 1
            guard let (group, rows) = model.rows(upTo: part.product) else { continue }
            // All passes read every block column in the same order.
            waits.append((passes(rows) - 1) * columns[group])
          }
          consequences.append(
            (cycles * model.options.lanes.streams) .>= (context.sum(waits) + delays))
        }
        optimizer.assert((groups .== count).implies(context.all(consequences)))
      }
    }

    func solve(_ limit: SolverLimit) throws -> Answer {
      switch try optimizer.check(limit) {
      case .unsatisfiable: return .infeasible
      case .unknown(let reason): return .unknown(reason)
      case .satisfied(let model):
        return .optimum(
          Optimum(
            cyclesPerFrame: try model.value(of: cycles),
            multipliers: try model.value(of: multipliers), lanes: try model.value(of: lanes),
            columnGroups: try model.value(of: groups),
            elementsPerStep: try model.value(of: step)))
      }
    }
  }

  /// Cycles in which a pass of a product group is fed.
  private func columns(of group: ProductGroup, groups: Int) -> Int {
    let inputs = groups * lowered.algorithms[group.algorithm].inputs
    var terms = Set<Int>()
    return group.columns.reduce(0) { sum, column in
      guard terms.insert(column.term).inserted else { return sum }
      return sum + (graph[column.read.value].size + inputs - 1) / inputs
    }
  }

  /// A product's group, and how many of its block rows come up to the last one of the product.
  private func rows(upTo node: ValueID) -> (group: Int, rows: Int)? {
    for (g, group) in lowered.groups.enumerated() {
      if let last = group.rows.lastIndex(where: { lowered.products[$0.product].node == node }) {
        return (g, last + 1)
      }
    }
    return nil
  }

  /// Cycles from the read of an element to a value of its pipeline.
  private func latency(_ value: ValueID) -> Int {
    lowered.segmentOf[value].map { datapaths[$0].latency(value) } ?? 0
  }
}

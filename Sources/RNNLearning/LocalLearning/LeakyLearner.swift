private import Foundation

/// Runs a leaky network and learns its weights by a local rule, in double precision.
///
/// Two ways lead to the same sums. `advance` and `credit` are the rule as published: every synapse keeps a
/// trace, and each step's error meets the traces at once,
///
///     p = (1 - 1/tau) p + (1/tau) tanh'(u) h^T        dW += [B e] * p        dWout += e h'^T
///
/// `run` and `creditRun` take a whole trial. There the traces are summed the other way round, which needs no
/// matrix per step: z = (1 - 1/tau) z + B e backward in time, dW += [(1/tau) tanh'(u) * z] h^T. Exact credit adds
/// W^T [(1/tau) tanh'(u) * z] to z: backpropagation through time, and the only difference between the two.
///
/// Errors point downhill: e = y* - y for the squared error. Sums are what is added to the weights, times a rate.
package final class LeakyLearner {
  package let rule: LocalLearning
  private let inputs: Int
  private let units: Int
  private let outputs: Int
  private let tau: Double
  private let initial: Double
  // Weights: by columns `[inputs][units]`, `[units][units]`; the readout and the feedback `[outputs][units]`.
  private let input: DoubleBuffer
  private let recurrent: DoubleBuffer
  private let readout: DoubleBuffer
  private let feedback: DoubleBuffer
  // Sums of updates, laid out as the weights.
  private let inputSum: DoubleBuffer
  private let recurrentSum: DoubleBuffer
  private let readoutSum: DoubleBuffer
  // Traces q and p, by columns; used step by step only.
  private let inputTrace: DoubleBuffer
  private let recurrentTrace: DoubleBuffer
  private let previousInput: DoubleBuffer
  // What the traces have yet to take up: h and the input of the last step.
  private let before: DoubleBuffer
  private let seen: DoubleBuffer
  private var isTraceDue = false
  // One step: h, u, (1/tau) tanh'(u), and the units' share of an error.
  private let current: DoubleBuffer
  private let potential: DoubleBuffer
  private let slope: DoubleBuffer
  private let unitError: DoubleBuffer
  // One trial: `[T + 1][inputs]` from the input before it, `[T + 1][units]` of h, `[T][units]` of slopes and of
  // slopes times errors.
  private var runInputs = DoubleBuffer(zeros: 0)
  private var runStates = DoubleBuffer(zeros: 0)
  private var runSlopes = DoubleBuffer(zeros: 0)
  private var runCredit = DoubleBuffer(zeros: 0)

  /// - Parameter feedback: B, row-major `[units][outputs]`; read with random feedback only.
  package init(_ network: LeakyNetwork, rule: LocalLearning, feedback: [Double]) {
    precondition(rule.problems.isEmpty, "\(rule.problems)")
    precondition(feedback.count == network.units * network.outputs, "B is units x outputs")
    self.rule = rule
    inputs = network.inputs
    units = network.units
    outputs = network.outputs
    tau = network.tau
    initial = network.initial
    input = DoubleBuffer(transposed(network.input, rows: units, columns: inputs))
    recurrent = DoubleBuffer(transposed(network.recurrent, rows: units, columns: units))
    readout = DoubleBuffer(network.readout)
    self.feedback = DoubleBuffer(transposed(feedback, rows: units, columns: outputs))
    inputSum = DoubleBuffer(zeros: input.count)
    recurrentSum = DoubleBuffer(zeros: recurrent.count)
    readoutSum = DoubleBuffer(zeros: readout.count)
    inputTrace = DoubleBuffer(zeros: input.count)
    recurrentTrace = DoubleBuffer(zeros: recurrent.count)
    previousInput = DoubleBuffer(zeros: inputs)
    before = DoubleBuffer(zeros: units)
    seen = DoubleBuffer(zeros: inputs)
    current = DoubleBuffer([Double](repeating: initial, count: units))
    potential = DoubleBuffer(zeros: units)
    slope = DoubleBuffer(zeros: units)
    unitError = DoubleBuffer(zeros: units)
  }

  private func network(_ input: DoubleBuffer, _ recurrent: DoubleBuffer, _ readout: DoubleBuffer)
    -> LeakyNetwork
  {
    LeakyNetwork(
      inputs: inputs, units: units, outputs: outputs, tau: tau, initial: initial,
      input: transposed(input.values, rows: inputs, columns: units),
      recurrent: transposed(recurrent.values, rows: units, columns: units),
      readout: readout.values)
  }
  /// The weights as they are now.
  package var network: LeakyNetwork { network(input, recurrent, readout) }
  /// The sums of updates since the last `apply` or `discard`, in the shapes of the weights.
  package var sums: LeakyNetwork { network(inputSum, recurrentSum, readoutSum) }
  /// h after the last step.
  package var state: [Double] { current.values }

  /// Starts a sequence: h takes its initial value, traces become zero.
  package func reset() {
    current.fill(initial)
    recurrentTrace.fill(0)
    inputTrace.fill(0)
    previousInput.fill(0)
    isTraceDue = false
  }
  /// Forgets the sums.
  package func discard() {
    inputSum.fill(0)
    recurrentSum.fill(0)
    readoutSum.fill(0)
  }
  /// Adds the sums times a rate to what the rule learns, and forgets them.
  package func apply(_ rate: Double) {
    if rule.learnsRecurrent {
      DoubleKernels.add(inputSum.base, scale: rate, count: input.count, to: input.base)
      DoubleKernels.add(recurrentSum.base, scale: rate, count: recurrent.count, to: recurrent.base)
    }
    if rule.learnsReadout {
      DoubleKernels.add(readoutSum.base, scale: rate, count: readout.count, to: readout.base)
    }
    discard()
  }

  /// One step of the equations, from the state before to the one after; writes the slope too.
  private func step(
    _ x: UnsafePointer<Double>, from before: UnsafePointer<Double>,
    to after: UnsafeMutablePointer<Double>, slope: UnsafeMutablePointer<Double>
  ) {
    let leak = 1 / tau
    let u = potential.base
    potential.fill(0)
    DoubleKernels.addProduct(recurrent.base, before, rows: units, columns: units, to: u)
    DoubleKernels.addProduct(input.base, x, rows: units, columns: inputs, to: u)
    for i in 0..<units {
      let rate = tanh(u[i])
      after[i] = (1 - leak) * before[i] + leak * rate
      slope[i] = leak * (1 - rate * rate)
    }
  }
  /// unitError += B e, or Wout^T e, for one step.
  private func feedBack(_ error: UnsafePointer<Double>) {
    let rows = rule.feedback == .symmetric ? readout.base : feedback.base
    for k in 0..<outputs {
      DoubleKernels.add(rows + k * units, scale: error[k], count: units, to: unitError.base)
    }
  }
  private func creditReadout(_ error: UnsafePointer<Double>, _ h: UnsafePointer<Double>) {
    for k in 0..<outputs {
      DoubleKernels.add(h, scale: error[k], count: units, to: readoutSum.base + k * units)
    }
  }

  // MARK: Step by step, with traces

  /// One step, from x to y.
  package func advance(_ x: [Double]) -> [Double] {
    precondition(x.count == inputs, "\(x.count) inputs instead of \(inputs)")
    takeUpTraces()
    before.copy(current)
    step(x, from: before.base, to: current.base, slope: slope.base)
    if rule.traceInput == .current { seen.set(x) } else { seen.copy(previousInput) }
    previousInput.set(x)
    isTraceDue = true
    var y = [Double](repeating: 0, count: outputs)
    DoubleKernels.addTransposedProduct(
      readout.base, current.base, rows: units, columns: outputs, to: &y)
    return y
  }

  /// Lets the traces take up the last step, once.
  private func takeUpTraces() {
    guard isTraceDue else { return }
    isTraceDue = false
    let keep = 1 - 1 / tau
    DoubleKernels.decayAndAddOuterProduct(
      recurrentTrace.base, keep: keep, slope.base, before.base, rows: units, columns: units)
    DoubleKernels.decayAndAddOuterProduct(
      inputTrace.base, keep: keep, slope.base, seen.base, rows: units, columns: inputs)
  }

  private func checkLocal(_ error: [Double]) {
    precondition(rule.credit == .local, "exact credit needs the whole trial")
    precondition(error.count == outputs, "\(error.count) errors instead of \(outputs)")
  }

  /// Lets the error of the last `advance` meet the traces.
  package func credit(_ error: [Double]) {
    checkLocal(error)
    takeUpTraces()
    unitError.fill(0)
    feedBack(error)
    DoubleKernels.addScaledRows(
      recurrentTrace.base, unitError.base, rows: units, columns: units, to: recurrentSum.base)
    DoubleKernels.addScaledRows(
      inputTrace.base, unitError.base, rows: units, columns: inputs, to: inputSum.base)
    creditReadout(error, current.base)
  }

  /// The same, but changes the weights at once by a rate and leaves the sums as they are.
  package func credit(_ error: [Double], applying rate: Double) {
    checkLocal(error)
    if rule.learnsRecurrent {
      unitError.fill(0)
      feedBack(error.map { $0 * rate })
      if isTraceDue {
        // One pass over trace and weights in the place of two: this is where the time goes.
        isTraceDue = false
        let keep = 1 - 1 / tau
        DoubleKernels.decayAddAndScale(
          recurrentTrace.base, keep: keep, slope.base, before.base, unitError.base, rows: units,
          columns: units, to: recurrent.base)
        DoubleKernels.decayAddAndScale(
          inputTrace.base, keep: keep, slope.base, seen.base, unitError.base, rows: units,
          columns: inputs, to: input.base)
      } else {
        DoubleKernels.addScaledRows(
          recurrentTrace.base, unitError.base, rows: units, columns: units, to: recurrent.base)
        DoubleKernels.addScaledRows(
          inputTrace.base, unitError.base, rows: units, columns: inputs, to: input.base)
      }
    }
    guard rule.learnsReadout else { return }
    for k in 0..<outputs {
      DoubleKernels.add(
        current.base, scale: rate * error[k], count: units, to: readout.base + k * units)
    }
  }

  // MARK: Whole trials

  /// Runs a trial from the present state; row-major `[T][inputs]` to `[T][outputs]`.
  package func run(_ sequence: [Double]) -> [Double] {
    let count = sequence.count / inputs
    precondition(sequence.count == count * inputs, "the inputs are no whole steps")
    if runSlopes.count != count * units {
      runInputs = DoubleBuffer(zeros: (count + 1) * inputs)
      runStates = DoubleBuffer(zeros: (count + 1) * units)
      runSlopes = DoubleBuffer(zeros: count * units)
      runCredit = DoubleBuffer(zeros: count * units)
    }
    runInputs.set(previousInput.values + sequence)
    for i in 0..<units { runStates.base[i] = current.base[i] }
    var y = [Double](repeating: 0, count: count * outputs)
    y.withUnsafeMutableBufferPointer { y in
      guard let y = y.baseAddress else { return }
      for t in 0..<count {
        let after = runStates.base + (t + 1) * units
        step(
          runInputs.base + (t + 1) * inputs, from: after - units, to: after,
          slope: runSlopes.base + t * units)
        DoubleKernels.addTransposedProduct(
          readout.base, after, rows: units, columns: outputs, to: y + t * outputs)
      }
    }
    for i in 0..<units { current.base[i] = runStates.base[count * units + i] }
    for i in 0..<inputs { previousInput.base[i] = runInputs.base[count * inputs + i] }
    return y
  }

  /// Adds the updates that the errors of the last `run` give, `[T][outputs]`.
  package func creditRun(_ errors: [Double]) {
    let count = errors.count / outputs
    precondition(
      runSlopes.count == count * units && errors.count == count * outputs,
      "\(errors.count) errors belong to another trial")
    let keep = 1 - 1 / tau
    let z = unitError.base
    unitError.fill(0)
    errors.withUnsafeBufferPointer { errors in
      guard let errors = errors.baseAddress else { return }
      for t in (0..<count).reversed() {
        feedBack(errors + t * outputs)
        let (slopes, credit) = (runSlopes.base + t * units, runCredit.base + t * units)
        for i in 0..<units {
          credit[i] = slopes[i] * z[i]
          z[i] *= keep
        }
        if rule.credit == .exact {
          DoubleKernels.addTransposedProduct(
            recurrent.base, credit, rows: units, columns: units, to: z)
        }
        creditReadout(errors + t * outputs, runStates.base + (t + 1) * units)
      }
    }
    DoubleKernels.addOuterProducts(
      runCredit.base, runStates.base, count: count, rows: units, columns: units,
      to: recurrentSum.base)
    let seen = runInputs.base + (rule.traceInput == .current ? inputs : 0)
    DoubleKernels.addOuterProducts(
      runCredit.base, seen, count: count, rows: units, columns: inputs, to: inputSum.base)
  }
}

/// The columns of a row-major matrix, one after the other.
private func transposed(_ m: [Double], rows: Int, columns: Int) -> [Double] {
  (0..<columns).flatMap { c in (0..<rows).map { r in m[r * columns + c] } }
}

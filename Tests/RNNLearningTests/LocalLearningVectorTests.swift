import RNNGraph
import RNNLearning
import RNNSupport
import Testing

/// Compares local learning with committed vectors; `source` in `Tests/Vectors/published/rflo.json` says where they are from.
@Suite struct LocalLearningVectorTests {
  let json: JSONValue
  let network: LeakyNetwork
  let feedback: [Double]
  let inputs: [Double]
  let targets: [Double]
  /// Steps that the averages divide by: the five that run and the initial state.
  let steps = 6.0

  init() throws {
    json = try PublishedVectors.file("rflo")
    network = LeakyNetwork(
      inputs: 2, units: 4, outputs: 2, tau: 10, initial: 0.1,
      input: PublishedVectors.wf(0.5, 1, 8), recurrent: PublishedVectors.wf(0.9, 2, 16),
      readout: PublishedVectors.wf(0.6, 3, 8))
    feedback = PublishedVectors.wf(1, 5, 8)
    inputs = Array(try PublishedVectors.flat(json["x"]).dropFirst(2))
    targets = Array(try PublishedVectors.flat(json["target"]).dropFirst(2))
  }

  /// Compares changes, summed over the trial, with averages.
  private func expectEqual(
    _ got: [Double], _ wanted: JSONValue?, scale: Double = 1, _ what: String
  ) throws {
    PublishedVectors.expectEqual(
      got.map { $0 * scale }, try PublishedVectors.flat(wanted), 1e-9, what)
  }

  @Test func runsAsTheNotebook() throws {
    let learner = LeakyLearner(network, rule: .rflo, feedback: feedback)
    var states = learner.state
    var outputs = [0.0, 0.0]
    for t in 0..<5 {
      outputs += learner.advance(Array(inputs[2 * t..<2 * t + 2]))
      states += learner.state
    }
    try expectEqual(states, json["h"], "h")
    try expectEqual(outputs, json["y"], "y")
    learner.reset()
    try expectEqual([0, 0] + learner.run(inputs), json["y"], "y of a trial")
  }

  /// Changes of a trial, by traces and by the sum over the trial.
  private func sums(_ rule: LocalLearning, byTraces: Bool) -> LeakyNetwork {
    let learner = LeakyLearner(network, rule: rule, feedback: feedback)
    if byTraces {
      for t in 0..<5 {
        let y = learner.advance(Array(inputs[2 * t..<2 * t + 2]))
        learner.credit(zip(targets[2 * t..<2 * t + 2], y).map { $0 - $1 })
      }
    } else {
      let y = learner.run(inputs)
      learner.creditRun(zip(targets, y).map { $0 - $1 })
    }
    return learner.sums
  }

  @Test(arguments: [true, false]) func givesTheLocalUpdates(_ byTraces: Bool) throws {
    let got = sums(.rflo, byTraces: byTraces)
    try expectEqual(got.input, json["local"]?["input"], scale: 1 / steps, "V")
    try expectEqual(got.recurrent, json["local"]?["recurrent"], scale: 1 / steps, "W")
    try expectEqual(got.readout, json["local"]?["readout"], scale: 1 / steps, "Wout")
    try expectEqual(
      got.readout, json["notebook"]?["readout"], scale: 1 / steps, "the notebook's Wout")
  }

  @Test func givesTheExactGradient() throws {
    let got = sums(.exactGradient, byTraces: false)
    try expectEqual(got.input, json["exact"]?["input"], scale: 1 / steps, "V")
    try expectEqual(got.recurrent, json["exact"]?["recurrent"], scale: 1 / steps, "W")
    try expectEqual(got.readout, json["exact"]?["readout"], scale: 1 / steps, "Wout")
  }
}

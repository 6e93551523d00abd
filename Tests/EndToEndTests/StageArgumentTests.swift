import Foundation
import RNNBilinear
import RNNCodegen
import RNNDriver
import RNNGraph
import RNNLearning
import RNNReport
import RNNSupport
import Testing

/// What a stage prints as its command, the program reads as the same stage.
@Suite struct StageArgumentTests {
  private static func url(_ path: String) -> URL {
    URL(fileURLWithPath: path, relativeTo: URL(fileURLWithPath: "/tmp/", isDirectory: true))
  }

  /// For every verb, stages that together give each property at least two values.
  static let stages: [[any Stage]] = [
    [
      TrainStage(experiment: url("e.json"), output: url("o")),
      TrainStage(
        experiment: url("f.json"), output: url("p"), seed: 7, data: url("d"), reproducible: true),
    ],
    [
      CompressStage(model: url("m"), experiment: url("e.json"), output: url("o")),
      CompressStage(
        model: url("n"), experiment: url("f.json"), output: url("p"), method: .direct,
        structure: .bankBalanced(bank: 8, kept: 2), seed: 3, data: url("d"), reproducible: true),
    ],
    [
      QuantizeStage(
        model: url("m"), source: .experiment(url("e.json"), seed: 5, data: url("d")),
        output: url("o"), widths: .init(weights: 8, values: 8, states: 8)),
      QuantizeStage(
        model: url("n"), source: .calibration([url("a.npy"), url("b.npy")]), output: url("p"),
        widths: .init(weights: 8, values: 9, states: 16),
        expected: (url("x.npy"), url("y.npy"))),
      QuantizeStage(
        model: url("m"), source: .experiment(url("e.json")), output: url("o"), reproducible: true),
    ],
    [
      CompileStage(model: url("m"), output: url("o")),
      CompileStage(
        model: url("n"), output: url("p"),
        options: CompileOptions(
          name: "net", device: "XC7A100T", clockMegahertz: 50, framesPerSecond: 100,
          latencyMicroseconds: 1e3,
          engine: .lanes(
            .init(
              4, columnGroups: 2, drainChains: 2, denseMultipliers: 4, elementsPerStep: 2,
              inputElementsPerBeat: 2, outputElementsPerBeat: 4, streams: 3, pipelining: .deep,
              control: .axiLite))), transform: .fourier),
      CompileStage(
        model: url("n"), output: url("p"), options: CompileOptions(engine: .sequential)),
    ],
    [
      CosimStage(build: url("b"), input: .array(url("x.npy"))),
      CosimStage(
        build: url("c"), input: .recordings(url("d")), limit: 3, flow: .free, stressLimit: 2,
        seed: 9, activity: true, trace: url("w.fst")),
    ],
    [
      ImportStage(file: url("m.onnx"), output: url("o")),
      ImportStage(
        file: url("w.pt"), output: url("p"), name: "net", constants: [("c", url("c.npy"))],
        input: "x", architecture: url("a.json"), expected: (url("x.npy"), url("y.npy")),
        tolerance: 0.5),
    ],
    [
      LyapunovStage(model: url("m"), input: .array(url("x.npy"))),
      LyapunovStage(
        model: url("n"), input: .noise(.uniform, scale: 2), segments: 2, steps: 30, warmUp: 5,
        interval: 3, count: 4, start: .identity, scope: .layer, precision: .single,
        checksSum: false, seed: 8, output: url("o.json")),
    ],
    [
      RunStage(model: url("m"), input: url("x.npy")),
      RunStage(
        model: url("n"), input: url("y.npy"), output: url("o.npy"), lengths: url("l.npy"),
        isLast: true),
    ],
    [
      SynthStage(build: url("b")),
      SynthStage(
        build: url("c"), device: "LFE5U-25F", place: false, clockMegahertz: 40, seed: 2,
        pins: url("p.lpf")),
    ],
    [
      EnergyStage(build: url("b")),
      EnergyStage(
        build: url("c"), devices: ["XC7A100T", "iCE40UP5K"], framesPerSecond: 5,
        clockMegahertz: 20),
    ],
    [
      ReportStage(networks: [url("a")], output: url("r.html"), title: "One"),
      ReportStage(networks: [url("b"), url("c")], output: url("s.html"), title: "Two words"),
    ],
  ]

  @Test(arguments: stages.map { ($0.first.map { type(of: $0).verb } ?? "", $0) })
  func theCommandOfAStageIsReadAsTheStage(_ verb: String, _ stages: [any Stage]) throws {
    for stage in stages {
      let output = try Program.run(
        [type(of: stage).verb] + stage.arguments + ["--dry-run"],
        in: URL(fileURLWithPath: "/tmp"))
      #expect(output.status == 0, "\(stage.commandLine): \(output.standardError)")
      #expect(output.standardOutput == stage.commandLine + "\n")
    }
    // A property that has the same value everywhere would not be tried.
    var values: [String: Set<String>] = [:]
    for stage in stages {
      for child in Mirror(reflecting: stage).children {
        values[child.label ?? "", default: []].insert("\(child.value)")
      }
    }
    // Only the study shares a simulator's runtime, which changes no result.
    values["sharedRuntime"] = nil
    for (name, seen) in values { #expect(seen.count > 1, "\(verb): \(name) is only \(seen)") }
  }

  /// Every verb that is a stage of a plan is tried.
  @Test func everyVerbIsTried() throws {
    let help = try Program.run(["--help"]).standardOutput
    let verbs = help.matches(of: /(?m)^  ([a-z]+) {2,}/).map { String($0.1) }
    // Those without a stage of a plan, and those whose stage has no options.
    let others: Set = ["cells", "demo", "doctor", "help", "reproduce", "study", "schema"]
    let tried = Set(Self.stages.compactMap { $0.first.map { type(of: $0).verb } })
    #expect(verbs.count > 10)
    #expect(Set(verbs).subtracting(others) == tried)
  }
}

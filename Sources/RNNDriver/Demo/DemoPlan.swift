internal import RNNSupport
package import Foundation
internal import RNNCodegen

/// What `rnnc demo` runs: every stage of the path, for a GRU and an LSTM, on spoken digits.
package struct DemoRequest: Sendable {
  /// The folder with `gru.json`, `lstm.json` and the recordings.
  package var examples: URL
  package var output: URL
  package var cells: [String]
  /// Recordings that each design is simulated on; nil for all of the test split.
  package var simulated: Int?

  package init(
    examples: URL, output: URL, cells: [String] = ["gru", "lstm"], simulated: Int? = nil
  ) {
    self.examples = examples
    self.output = output
    self.cells = cells
    self.simulated = simulated
  }

  /// The recordings that the experiments name.
  package var recordings: URL { examples.appendingPathComponent("recordings") }
  package var report: URL { output.appendingPathComponent("report.html") }
}

/// The steps of the demo, in order; pure.
package func plan(_ request: DemoRequest) -> [Step] {
  var steps: [Step] = []
  for cell in request.cells {
    let experiment = request.examples.appendingPathComponent("\(cell).json")
    func folder(_ name: String) -> URL { request.output.appendingPathComponent("\(cell)/\(name)") }
    let build = folder("rtl")
    steps += [
      Step("\(cell): train", TrainStage(experiment: experiment, output: folder("float"))),
      Step(
        "\(cell): compress",
        CompressStage(
          model: folder("float/model.json"), experiment: experiment, output: folder("circulant"))),
      Step(
        "\(cell): quantize",
        QuantizeStage(
          model: folder("circulant/model.json"), source: .experiment(experiment),
          output: folder("quantized"))),
      Step(
        "\(cell): compile",
        CompileStage(
          model: folder("quantized/model.json"), output: build,
          options: CompileOptions(name: "digits_\(cell)"))),
      Step(
        "\(cell): cosim",
        CosimStage(
          build: build, input: .recordings(request.recordings), limit: request.simulated,
          stressLimit: 20, activity: true)),
      Step("\(cell): energy", EnergyStage(build: build)),
    ]
  }
  steps.append(
    Step(
      "report",
      ReportStage(
        networks: request.cells.map { request.output.appendingPathComponent($0) },
        output: request.report, title: "Spoken digits: from WAV files to Verilog")))
  return steps
}

/// The demo's last words: one line for each network, then what they mean, then the report.
package func summary(of outcomes: [PlanRunner.Outcome], request: DemoRequest) -> String {
  func json(_ step: String) -> JSONValueOf { JSONValueOf(outcomes.first { $0.step.name == step }) }
  var lines: [String] = []
  for cell in request.cells {
    let float = json("\(cell): train"), circulant = json("\(cell): compress")
    let quantized = json("\(cell): quantize"), design = json("\(cell): compile")
    let cosim = json("\(cell): cosim")
    lines.append(
      "\(cell.uppercased()): float \(float.percent("testAccuracy")), "
        + "circulant \(circulant.percent("testAccuracy")) with \(circulant.decimal("compression")) times fewer weights, "
        + "\(quantized.text("weightWidth")) bits \(quantized.percent("testAccuracyIntegers")) on "
        + "\(float.text("testSequences")) test recordings")
    lines.append(
      "  Verilog: \(cosim.text("frames")) frames simulated, \(cosim.text("valueMismatches")) value and "
        + "\(cosim.text("cycleMismatches")) cycle mismatches; \(design.text("cyclesPerFrame")) cycles a frame, "
        + "\(design.text("multipliers")) multipliers")
  }
  return lines.joined(separator: "\n")
}

/// Reads figures of a step's result for a sentence.
private struct JSONValueOf {
  private let outcome: PlanRunner.Outcome?
  init(_ outcome: PlanRunner.Outcome?) { self.outcome = outcome }
  private func number(_ key: String) -> Double? { outcome?.result.json[key]?.number }
  func percent(_ key: String) -> String {
    number(key).map { "\(Figures.fixed(100 * $0, 1)) %" } ?? "(not run)"
  }
  func decimal(_ key: String) -> String { number(key).map { Figures.fixed($0, 1) } ?? "(not run)" }
  func text(_ key: String) -> String { number(key)?.compactText ?? "(not run)" }
}

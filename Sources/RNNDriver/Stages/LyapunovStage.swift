package import Foundation
internal import RNNGraph
internal import RNNInterchange
package import RNNLearning
internal import RNNReport
internal import RNNSupport

/// `rnnc lyapunov`: the Lyapunov spectrum of a model along the trajectories that inputs drive.
package struct LyapunovStage: Stage {
  package static let verb = "lyapunov"

  package var model: URL
  package var input: LyapunovInput
  package var segments: Int
  /// Steps of each segment that count; nil for 1000, or as many as the data have.
  package var steps: Int?
  package var warmUp: Int
  package var interval: Int
  /// Leading exponents; nil for all.
  package var count: Int?
  package var start: LyapunovOptions.Start
  package var scope: LyapunovOptions.Scope
  package var precision: LyapunovOptions.Precision
  /// Whether to check the sum; nil checks where it takes little time.
  package var checksSum: Bool?
  package var seed: UInt64
  /// A folder for `lyapunov.json` and `lyapunov.svg`; nil writes none.
  package var output: URL?

  package init(
    model: URL, input: LyapunovInput, segments: Int = 4, steps: Int? = nil, warmUp: Int = 100,
    interval: Int = 1, count: Int? = nil, start: LyapunovOptions.Start = .random,
    scope: LyapunovOptions.Scope = .network, precision: LyapunovOptions.Precision = .double,
    checksSum: Bool? = nil, seed: UInt64 = 1, output: URL? = nil
  ) {
    self.model = model
    self.input = input
    self.segments = segments
    self.steps = steps
    self.warmUp = warmUp
    self.interval = interval
    self.count = count
    self.start = start
    self.scope = scope
    self.precision = precision
    self.checksSum = checksSum
    self.seed = seed
    self.output = output
  }

  package var arguments: [String] {
    var list = [model.relativePath] + input.arguments
    list += ["--segments", "\(segments)", "--warm-up", "\(warmUp)"]
    if let steps { list += ["--steps", "\(steps)"] }
    if interval != 1 { list += ["--interval", "\(interval)"] }
    if let count { list += ["--exponents", "\(count)"] }
    if start != .random { list += ["--start", start.rawValue] }
    if scope != .network { list += ["--scope", scope.rawValue] }
    if precision != .double { list += ["--precision", precision.rawValue] }
    if let checksSum { list += [checksSum ? "--check-sum" : "--no-check-sum"] }
    if seed != 1 { list += ["--seed", "\(seed)"] }
    if let output { list += ["-o", output.relativePath] }
    return list
  }
  package var inputs: [URL] { ModelInputs.urls(model) + input.urls }
  package var outputs: [URL] {
    output.map { folder in
      ["lyapunov.json", "lyapunov.svg"].map(folder.appendingPathComponent)
    } ?? []
  }

  /// The greatest state whose sum is checked without being asked.
  private static let checkedStates = 128

  package func run(_ context: StageContext) throws -> StageResult {
    let claim = try output.map { try OutputClaim(in: $0) }
    defer { claim?.release() }
    let (model, weights) = try ModelFile.read(ModelFolder.modelURL(model))
    let network = model.network
    let inputs = try input.segments(
      segments, steps: steps, warmUp: warmUp, model: model, path: self.model.relativePath,
      seed: seed)
    let states = network.layers.flatMap(\.graph.states).reduce(0) { $0 + $1.size }
    let options = LyapunovOptions(
      steps: inputs.steps, warmUp: warmUp, interval: interval, count: count, start: start,
      scope: scope, precision: precision, seed: seed,
      checksSum: checksSum ?? (count == nil && states <= Self.checkedStates))
    let analyzer = try LyapunovAnalyzer(network: network, weights: weights, options: options)
    let progress = context.progress
    let spectrum = try Interrupt.shared.cooperatively {
      try analyzer.run(
        inputs.segments, isCancelled: { Interrupt.shared.isRequested },
        progress: { progress.update($0, "\(states) states", milestone: false) })
    }
    let names = network.layers.map(\.name)
    let json = JSONValue.object([
      "model": .string(model.name), "input": .string(input.description),
      "layerNames": .array(names.map { .string($0) }), "spectrum": spectrum.json,
    ])
    if let folder = claim?.url {
      let chart = LyapunovChart(
        spectrum, title: "Lyapunov spectrum of \(model.name)", layers: names)
      try AtomicFile.write([
        (Data(json.text.utf8), folder.appendingPathComponent("lyapunov.json")),
        (Data(chart.svg.utf8), folder.appendingPathComponent("lyapunov.svg")),
      ])
    }
    var text = LyapunovText.lines(spectrum, name: model.name, input: input.description)
    if let output { text.append("spectrum in \(output.relativePath)") }
    return StageResult(json: json, text: text.joined(separator: "\n"))
  }
}

/// A spectrum in words.
enum LyapunovText {
  static func lines(_ spectrum: LyapunovSpectrum, name: String, input: String) -> [String] {
    var lines = [
      "\(name) on \(input): \(spectrum.exponents.count) of \(spectrum.states) exponents, "
        + "\(spectrum.segments) \(spectrum.segments == 1 ? "segment" : "segments") of "
        + "\(spectrum.steps) steps after \(spectrum.warmUp)"
    ]
    let shown = spectrum.exponents.prefix(8).map { number($0.value) }.joined(separator: "  ")
    lines.append(
      "greatest: \(shown)\(spectrum.exponents.count > 8 ? "  ..." : "")  (nats per step)")
    let died = spectrum.values.count { $0 == -.infinity }
    if died > 0 {
      lines.append("\(died) are minus infinity: those directions are forgotten within a step")
    }
    lines.append(verdict(spectrum))
    if let sum = spectrum.sum, sum.isFinite {
      var line = "sum \(number(sum)), mean \(number(sum / Double(spectrum.states)))"
      if let determinant = spectrum.logDeterminant {
        line +=
          "; mean log |det J| \(number(determinant)), "
          + "\(Figures.scientific(abs(sum - determinant), digits: 1)) away"
      }
      lines.append(line)
    }
    lines.append(
      "Kaplan-Yorke dimension "
        + (spectrum.kaplanYorkeDimension.map { number($0) }
          ?? "not known: the sum of the \(spectrum.exponents.count) exponents is still positive"))
    return lines
  }

  private static func verdict(_ spectrum: LyapunovSpectrum) -> String {
    let greatest = spectrum.greatest
    guard greatest.isFinite else { return "contracting: every change is forgotten within a step" }
    let value = "\(number(greatest)) +- \(number(spectrum.exponents[0].band))"
    switch spectrum.verdict {
    case .edge:
      return "edge of chaos: \(value) cannot be told from 0 over \(spectrum.steps) steps"
    case .contracting:
      return "contracting: \(value), so a change shrinks to 1/e in "
        + "\(Figures.fixed(-1 / greatest, 1)) steps"
    case .chaotic:
      return
        "chaotic: \(value), so a change grows e-fold in \(Figures.fixed(1 / greatest, 1)) steps"
    }
  }

  private static func number(_ value: Double) -> String { Figures.printed(value, 4) }
}

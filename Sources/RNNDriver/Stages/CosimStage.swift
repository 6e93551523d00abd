package import Foundation
internal import RNNCodegen
internal import RNNCosim
internal import RNNGraph
internal import RNNInterchange
internal import RNNReference
internal import RNNReport
package import RNNSupport

/// `rnnc cosim`: the Verilog against the integer reference and the cycle model, on real input.
package struct CosimStage: Stage {
  package static let verb = "cosim"
  /// What is fed into the design.
  package enum Input: Hashable, Sendable {
    /// An `.npy` file of features or codes.
    case array(URL)
    /// Labelled recordings; those of the test split are fed.
    case recordings(URL)
    /// The sequences that came along from `import` or `quantize`.
    case kept
  }
  /// Which streams hold the design up.
  package enum Flow: String, Sendable, CaseIterable {
    /// No, random and long back-pressure, each with two seeds of initial register values.
    case all
    /// One pass without back-pressure.
    case free
  }
  package var build: URL
  package var input: Input
  /// At most so many sequences, spread over the whole input; nil for all.
  package var limit: Int?
  package var flow: Flow
  /// At most so many sequences in the passes after the first, which has all of them; nil for all.
  package var stressLimit: Int?
  package var seed: UInt64
  /// Counts switching activity into `activity.json`.
  package var activity: Bool
  /// Writes a waveform of the first sequence.
  package var trace: URL?
  /// Where several short simulations share the simulator's compiled runtime; nil for one long one.
  package var sharedRuntime: URL?

  package init(
    build: URL, input: Input, limit: Int? = nil, flow: Flow = .all,
    stressLimit: Int? = nil, seed: UInt64 = 1,
    activity: Bool = false, trace: URL? = nil, sharedRuntime: URL? = nil
  ) {
    self.build = build
    self.input = input
    self.limit = limit
    self.flow = flow
    self.stressLimit = stressLimit
    self.seed = seed
    self.activity = activity
    self.trace = trace
    self.sharedRuntime = sharedRuntime
  }

  private var inputURL: URL {
    switch input {
    case .array(let url), .recordings(let url): url
    case .kept: KeptSequences.url(beside: floatModel)
    }
  }
  /// The float model that the design came from, if `quantize` kept it.
  var floatModel: URL {
    FloatOrigin.url(of: build.appendingPathComponent(BuildFolder.modelPath))
  }
  package var arguments: [String] {
    var list = [build.relativePath]
    switch input {
    case .array(let url): list += ["--input", url.relativePath]
    case .recordings(let url): list += ["--data", url.relativePath]
    case .kept: break
    }
    if let limit { list += ["--limit", "\(limit)"] }
    if flow != .all { list += ["--flow", flow.rawValue] }
    if let stressLimit { list += ["--stress-limit", "\(stressLimit)"] }
    if seed != 1 { list += ["--seed", "\(seed)"] }
    if activity { list += ["--activity"] }
    if let trace { list += ["--trace", trace.relativePath] }
    return list
  }
  package var inputs: [URL] {
    ["manifest.json", "mem", "model", "rtl"].map(build.appendingPathComponent) + [inputURL]
  }
  package var outputs: [URL] {
    [build.appendingPathComponent("cosim.json"), build.appendingPathComponent("bench")]
      + (activity ? [build.appendingPathComponent("activity.json")] : [])
      + (trace.map { [$0] } ?? [])
  }
  package var tools: [Tool] { [.verilator, .cxx] }

  package func run(_ context: StageContext) throws -> StageResult {
    for (name, value) in [("--limit", limit), ("--stress-limit", stressLimit)] {
      guard let value, value < 1 else { continue }
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "cosim", path: name, message: "\(value) sequences cannot be fed",
          fix: "give at least 1"))
    }
    let claim = try BuildFolder.claim(build)
    defer { claim.release() }
    let traceClaim = try trace.map { try OutputClaim(file: $0, inputs: [inputURL]) }
    defer { traceClaim?.release() }
    let folder = try BuildFolder(opening: build)
    let golden = folder.golden
    let given = try read(folder)
    let sequences = given.sequences

    let described = try CosimDesign(
      folder.design, golden: folder.golden, folder: build, files: folder.files)
    let builder = SimulationBuilder(
      runner: context.tools, effort: sharedRuntime == nil ? .fast : .quick,
      runtimeFolder: sharedRuntime)
    let simulator = Cosimulator(described, builder: builder)
    context.progress.update(0, "building the simulation model", milestone: true)
    let runs =
      flow == .all
      ? CosimRun.standard(for: described, seed: seed, stressLimit: stressLimit)
      : [CosimRun(resetSeed: Int(truncatingIfNeeded: seed))]
    let result = try simulator.run(
      sequences: sequences, runs: runs,
      progress: { context.progress.update($0, "comparing", milestone: false) })
    let control =
      simulator.design.hasControl
      ? try simulator.checkControl(sequences: sequences) : nil
    // Everything at the end and at once: a build never shows one run's activity beside another's verdict.
    var results: [(data: Data, url: URL)] = []
    if activity {
      context.progress.update(1, "counting activity", milestone: true)
      let record = try simulator.measureActivity(
        sequences: sequences, source: inputURL.lastPathComponent)
      results.append((record.encoded(), claim.url.appendingPathComponent("activity.json")))
    }
    if let traceClaim {
      context.progress.update(1, "writing the waveform", milestone: true)
      _ = try AtomicFile.write(to: traceClaim.url) { file in
        try simulator.writeWaveform(
          to: file, sequences: [sequences[0]])
      }
    }
    // Golden vectors for users of other benches: the beginnings of two sequences.
    let beginnings = sequences.prefix(2).map { Array($0.prefix(8)) }
    for file in try BenchWriter(described).files(
      sequences: beginnings, reference: try ReferenceModel(golden))
    {
      results.append((Data(file.text.utf8), claim.url.appendingPathComponent(file.path)))
    }
    let reference = try Classification.referenceOutputs(golden, sequences: sequences)
    let classes = classify(result, reference, labels: given.labels, task: folder.model.task)
    let accuracy = try accuracy(result, reference, of: given, folder)
    let json = CosimRecord(
      result, sequences: sequences.count, sameClass: classes?.sameAsReference,
      rightClass: classes?.right, accuracy: accuracy?.json, control: control
    ).json
    results.append((Data(json.text.utf8), claim.url.appendingPathComponent(CosimRecord.fileName)))
    try AtomicFile.write(results)
    var text = result.summary
    if let classes {
      text +=
        "\n\(classes.sameAsReference) of \(classes.total) sequences get the reference's class from the Verilog's output"
      if let right = classes.right {
        text +=
          "; \(right) of \(classes.total) are right (\(Figures.fixed(100 * Double(right) / Double(classes.total), 1)) %)"
      }
    }
    if let latency = result.latencyCycles, let interval = result.frameIntervalCycles {
      text +=
        "\n\(latency) cycles from a frame's last input beat to its last output beat, "
        + "a frame every \(Figures.short(interval, 3)) cycles"
    }
    if let accuracy { text += "\n\(accuracy.text)" }
    if let control { text += "\n\(control.text)" }
    let passed =
      result.passed && control?.passed ?? true
      && (classes.map { $0.sameAsReference == $0.total } ?? true)
    return StageResult(json: json, text: text, passed: passed)
  }

  private struct Classes {
    var total: Int
    var sameAsReference: Int
    /// Nil without labels.
    var right: Int?
  }

  /// The classes that the Verilog's output gives, beside the reference's and the true ones.
  private func classify(
    _ result: CosimResult, _ reference: [[[Int64]]], labels: [Int]?, task: ModelTask?
  ) -> Classes? {
    guard let task else { return nil }
    func label(_ outputs: [[Int64]]) -> Int {
      outputs.isEmpty
        ? -1 : Classification.label(outputs.map { $0.map(Double.init) }, pooling: task.pooling)
    }
    let expected = reference.map(label)
    let got = result.outputs.map(label)
    return Classes(
      total: expected.count, sameAsReference: zip(expected, got).count { $0 == $1 },
      right: labels.map { zip($0, got).count { $0 == $1 } })
  }
}

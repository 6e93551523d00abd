internal import Foundation
internal import RNNCodegen
internal import RNNCosim
package import RNNDriver
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNImport
internal import RNNInterchange
internal import RNNQuantize
internal import RNNReference
internal import RNNSupport

/// A wake-word model of Mycroft Precise, from its frozen graph and recordings to the decisions of the Verilog.
package enum WakeWordReproduction: Reproduction {
  package static let name = "wake-word"
  package static let summary = "a wake-word GRU of Mycroft Precise on its recordings, in RTL too"
  package static var seeds: Int { 1 }

  /// A recording: what the network sees after each of its frames.
  struct Clip {
    var name: String
    var isWakeWord: Bool
    /// `[window][frame][coefficient]`.
    var windows: [[[Double]]]
  }
  /// Outputs above it are a detection; Precise's own decoder maps one half to one half.
  static let threshold = 0.5
  static let bits = 12
  /// Widths whose decisions the integers show.
  static let otherBits = [16, 10, 8]
  /// Clips of each kind whose windows show the ranges.
  private static let calibrationClips = 4
  private static let word = "athena"
  private static let others = "not-wake-words-en"

  package static func run(_ request: ReproductionRequest, _ context: StageContext) throws
    -> ReproductionReport
  {
    guard let data = request.data else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: name, path: "--data", message: "the experiment needs a model and recordings",
          fix: "give the folder with \(word).pb, \(word).pb.params, \(word)/ and \(others)/"))
    }
    let folder = URL(fileURLWithPath: data)
    for tool in [Tool.verilator, .cxx] { try context.tools.require(tool) }
    context.progress.update(0, "reading", milestone: true)
    let imported = try ModelImporter.read(folder.appendingPathComponent("\(word).pb"))
    guard let part = imported.model.streaming?.part, part.network.outputSize == 1 else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: name, path: folder.relativePath, message: "\(word).pb is no detector",
          fix: "give a model with one output"))
    }
    let configuration = try CepstrumConfiguration.read(
      folder.appendingPathComponent("\(word).pb.params"))
    let frontEnd = try CepstrumFrontEnd(configuration, path: folder.relativePath)
    let limit = request.isShort ? 3 : Int.max
    let clips =
      try clips(folder.appendingPathComponent(word), isWakeWord: true, frontEnd, limit)
      + clips(folder.appendingPathComponent(others), isWakeWord: false, frontEnd, limit)
    let work = URL(fileURLWithPath: request.work).appendingPathComponent(
      request.isShort ? "short" : "full")
    var figures = try measure(part, clips, work: work, context)
    figures.configuration = configuration
    return figures.report
  }

  private static func clips(
    _ folder: URL, isWakeWord: Bool, _ frontEnd: CepstrumFrontEnd, _ limit: Int
  ) throws -> [Clip] {
    let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
      .filter { $0.hasSuffix(".wav") }.sorted().prefix(limit)
    if files.isEmpty {
      throw ToolError(
        .file, "\(folder.relativePath) holds no recordings (.wav)",
        hint: "give the folder of the models and recordings with --data")
    }
    return try files.map { file in
      let wave = try WaveFile.read(
        folder.appendingPathComponent(file), sampleRate: frontEnd.configuration.sampleRate)
      return Clip(name: file, isWakeWord: isWakeWord, windows: frontEnd.windows(wave.samples))
    }
  }

  /// Runs the float network, integers of several widths and the Verilog on every window of every clip.
  private static func measure(
    _ part: SequenceModel.Part, _ clips: [Clip], work: URL, _ context: StageContext
  ) throws -> WakeWordFigures {
    let windows = clips.flatMap(\.windows)
    let shown = [true, false].flatMap { kind in
      clips.filter { $0.isWakeWord == kind }.prefix(calibrationClips).flatMap(\.windows)
    }
    let model = SequenceModel(name: word, steps: [.forward(part), .select(.last)])
    context.progress.update(0.1, "float network on \(windows.count) windows", milestone: true)
    let run = SequenceRun(model)
    let float = try windows.map { try run.run($0).output[0][0] }

    func fixed(_ bits: Int) throws -> SequenceModel.Part {
      let quantized = try Calibration(
        policy: .withoutTraining(weightBits: bits, valueBits: bits, stateBits: bits)
      ).quantize(model, sequences: shown)
      return quantized.model.steps[0].parts[0]
    }
    var integers: [(bits: Int, outputs: [Double])] = []
    for bits in otherBits {
      let graph = try Self.graph(of: fixed(bits), name: "wake")
      integers.append((bits, try outputs(graph, windows)))
    }
    let quantized = try fixed(bits)
    let options = CompileOptions(name: "wake")
    let graph = try Self.graph(of: quantized, name: options.name)
    let expected = try outputs(graph, windows)
    integers.insert((bits, expected), at: 1)

    context.progress.update(0.3, "to Verilog", milestone: true)
    let design = try compile(graph, options: options)
    let build = work.appendingPathComponent("rtl")
    let file = ModelFile(
      name: word, task: nil, network: quantized.network,
      integers: quantized.integers)
    try BuildFolder.write(design, model: file, weights: quantized.weights, to: build)
    let described = try CosimDesign(design, golden: graph, folder: build)
    let simulator = Cosimulator(described, builder: SimulationBuilder(runner: context.tools))
    let result = try simulator.run(
      sequences: codes(graph, windows),
      runs: CosimRun.standard(for: described, seed: 1, stressLimit: 8),
      progress: { context.progress.update(0.4 + 0.6 * $0, "comparing", milestone: false) })
    let format = graph[graph.output].format
    let verilog = result.outputs.map { $0.last.map { format.value(of: $0[0]) } ?? .nan }
    return WakeWordFigures(
      clips: clips, float: float, integers: integers, verilog: verilog,
      mismatches: (result.valueMismatches, result.cycleMismatches, result.otherMismatches),
      frames: result.frames, valuesCompared: result.valuesCompared + result.probeValuesCompared,
      cyclesPerFrame: design.cyclesPerFrame,
      multipliers: design.counts.units.reduce(0) { $0 + $1.multipliers },
      calibrationWindows: shown.count)
  }

  /// The integers of a part that was quantized without training.
  private static func graph(of part: SequenceModel.Part, name: String) throws -> IntegerGraph {
    try freeze(
      part.network, weights: part.weights, name: name, rules: part.integers ?? IntegerRules())
  }

  private static func codes(_ graph: IntegerGraph, _ windows: [[[Double]]]) -> [[[Int64]]] {
    windows.map { window in
      window.map { row in
        graph.inputCodes(row)
      }
    }
  }

  /// The integers' last output of every window.
  private static func outputs(_ graph: IntegerGraph, _ windows: [[[Double]]]) throws -> [Double] {
    let format = graph[graph.output].format
    return try Classification.referenceOutputs(graph, sequences: codes(graph, windows)).map {
      format.value(of: $0[$0.count - 1][0])
    }
  }
}

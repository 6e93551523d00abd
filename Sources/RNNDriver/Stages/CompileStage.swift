package import Foundation
package import RNNBilinear
package import RNNCodegen
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNInterchange
internal import RNNSupport

/// `rnnc compile`: a quantized model to Verilog.
package struct CompileStage: Stage {
  package static let verb = "compile"
  package var model: URL
  package var output: URL
  package var options: CompileOptions
  /// Replaces what the model says of its block-circulant products; nil leaves it.
  package var transform: BlockTransform?

  package init(
    model: URL, output: URL, options: CompileOptions = CompileOptions(),
    transform: BlockTransform? = nil
  ) {
    self.model = model
    self.output = output
    self.options = options
    self.transform = transform
  }

  package var arguments: [String] {
    [model.relativePath, "-o", output.relativePath] + options.arguments
      + (transform.map { ["--transform", $0.rawValue] } ?? [])
  }
  package var inputs: [URL] {
    ModelInputs.urls(model)
  }
  package var outputs: [URL] {
    // `sim/` also takes what cosim builds, so it is no output of this stage.
    ["manifest.json", "mem", "model", "rtl"].map(output.appendingPathComponent)
  }

  package func run(_ context: StageContext) throws -> StageResult {
    try options.check()
    // The model may be the copy in an older build of the same folder.
    let claim = try OutputClaim(folder: output, kind: .build)
    defer { claim.release() }
    let source = ModelFolder.modelURL(model)
    var (file, weights) = try ModelFile.read(source)
    // What decides output bits belongs to the model: the copy in the build says what was asked for.
    if let transform { file.integers?.transform = transform }
    let design = try BuildFolder.compiled(file, weights: weights, options: options).design
    let files = try BuildFolder.write(
      design, model: file, weights: weights, source: source, to: claim)
    let rate = Rate(of: design, megahertz: options.clockMegahertz)
    return StageResult(json: json(design, rate, files), text: text(design, rate, files))
  }

  /// What a design sustains, its ports included; finding it takes a run of the cycle model.
  private struct Rate {
    let cyclesPerFrame: Double
    let framesPerSecond: Double
    let framesPerSecondOfOneStream: Double
    /// Share of the multipliers' cycles with useful products, 0 to 1.
    let occupancy: Double

    init(of design: any HardwareDesign, megahertz: Double) {
      cyclesPerFrame = design.sustainedCyclesPerFrame
      framesPerSecond = megahertz * 1e6 / cyclesPerFrame
      framesPerSecondOfOneStream = megahertz * 1e6 / design.sustainedCyclesPerFrameOfOneStream
      occupancy = design.occupancy(cyclesPerFrame: cyclesPerFrame)
    }
  }

  private func json(
    _ design: any HardwareDesign, _ rate: Rate, _ files: [EmittedFile]
  ) -> JSONValue {
    let latency = Double(design.counts.latencyCycles) / options.clockMegahertz
    let decided = design.options.json
    func chosen(_ key: String) -> JSONValue { decided[key] ?? .null }
    func required(_ value: Double?) -> JSONValue { value.map { .double($0) } ?? .null }
    return .object([
      "build": .string(output.relativePath), "design": .string(design.name),
      "engine": .string(options.engine.rawValue), "structure": .string(design.structure),
      "lanes": chosen("lanes"),
      "columnGroups": chosen("columnGroups"),
      "elementsPerStep": chosen("elementsPerStep"),
      "drainChains": chosen("drainChains"),
      "multipliers": .int(multipliers(design)), "cyclesPerFrame": .int(design.cyclesPerFrame),
      "latencyCycles": .int(design.latencyCycles),
      "frameLatencyCycles": .int(design.counts.latencyCycles),
      "frameLatencyMicroseconds": .double(latency),
      "requiredFramesPerSecond": required(options.framesPerSecond),
      "requiredLatencyMicroseconds": required(options.latencyMicroseconds),
      "clockMegahertz": .double(options.clockMegahertz),
      "pipelining": chosen("pipelining"),
      "streams": .int(design.interface.streams),
      "cyclesPerFrameOfOneStream": .int(design.cyclesPerFrameOfOneStream),
      "sustainedCyclesPerFrame": .double(rate.cyclesPerFrame),
      "framesPerSecond": .double(rate.framesPerSecond),
      "framesPerSecondSingleStream": .double(rate.framesPerSecondOfOneStream),
      "multiplierOccupancy": .double((rate.occupancy * 1e6).rounded() / 1e6),
      "tables": .array(
        design.graph.tables.map {
          .object([
            "function": .string($0.function), "input": .string("\($0.input)"),
            "output": .string("\($0.output)"), "segments": .int($0.slopes.count),
            "greatestErrorUlp": .double(($0.maximalError * 1000).rounded() / 1000),
          ])
        }),
      "files": .int(files.count),
    ])
  }

  private func multipliers(_ design: any HardwareDesign) -> Int {
    design.counts.units.reduce(0) { $0 + $1.multipliers }
  }

  /// How far tables are from their functions over all input codes; nil without tables.
  private func tableErrors(_ design: any HardwareDesign) -> String? {
    var worst: [(function: String, error: Double)] = []
    for table in design.graph.tables {
      if let i = worst.firstIndex(where: { $0.function == table.function }) {
        worst[i].error = max(worst[i].error, table.maximalError)
      } else {
        worst.append((table.function, table.maximalError))
      }
    }
    guard !worst.isEmpty else { return nil }
    let list = worst.map { "\($0.function) \(Figures.short($0.error, 3))" }.joined(separator: ", ")
    return "tables, greatest error over all input codes in units of the last place: \(list)"
  }

  private func text(
    _ design: any HardwareDesign, _ rate: Rate, _ files: [EmittedFile]
  ) -> String {
    let ports =
      rate.cyclesPerFrame > Double(design.cyclesPerFrame)
      ? " (\(Figures.short(rate.cyclesPerFrame, 3)) for the beats of its ports)" : ""
    let ofAll = Int(saturating: rate.framesPerSecond)
    let ofOne = Int(saturating: rate.framesPerSecondOfOneStream)
    let streams =
      design.interface.streams == 1
      ? "\(ofOne) frames/s of one stream"
      : """
      \(ofAll) frames/s of \(design.interface.streams) streams together, \(ofOne) of one alone \
      (\(design.cyclesPerFrameOfOneStream) cycles),
      """
    var lines = [
      """
      \(design.name): \(design.cyclesPerFrame) cycles a frame\(ports), latency \(design.latencyCycles) cycles, \
      \(streams) at \(options.clockMegahertz) MHz (an assumption)
      """
    ]
    if let required = options.framesPerSecond {
      lines.append(
        "the smallest design for \(Figures.short(required, 3)) frames/s of all streams together: \(ofAll)"
      )
    }
    if let required = options.latencyMicroseconds {
      let latency = Double(design.counts.latencyCycles) / options.clockMegahertz
      lines.append(
        """
        the smallest design for a latency of \(Figures.short(required, 3)) microseconds: \(Figures.short(latency, 3)) \
        (\(design.counts.latencyCycles) cycles from the first input beat to the last output beat)
        """)
    }
    if let errors = tableErrors(design) { lines.append(errors) }
    lines.append(
      """
      \(design.structure), \(multipliers(design)) multipliers in all, \
      busy with matrix products \(Figures.fixed(100 * rate.occupancy, 1)) % of the time
      \(files.count) files in \(output.relativePath)
      """)
    return lines.joined(separator: "\n")
  }
}

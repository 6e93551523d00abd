package import Foundation
package import RNNCosim
package import RNNSupport

/// What a cosimulation showed: `cosim.json` of a build, for those who write it and those who read it.
///
/// Times are left out, so that the same build and input give the same bytes.
package struct CosimRecord: Hashable {
  struct Pass: Hashable {
    /// How the streams were held up, in words.
    var source: String
    var sink: String
    var resetSeed: Int
    var frames: Int
    var cycles: Int
    var mismatches: Int
  }
  package var design: String
  package var verilator: String
  package var sequences: Int
  var frames: Int
  var cycles: Int
  var valuesCompared: Int
  var probeValuesCompared: Int
  var valueMismatches: Int
  var cycleMismatches: Int
  var otherMismatches: Int
  var latencyCycles: Int?
  var frameIntervalCycles: Double?
  /// Nil where nothing is classified.
  var sameClassAsReference: Int?
  /// Nil without labels.
  package var rightClass: Int?
  /// An `AccuracyTable`, where the float network is known.
  var accuracy: JSONValue?
  var firstMismatch: String?
  var passes: [Pass]
  /// The check of the control port, where the design has one.
  var control: ControlCheck?

  /// Whether every pass agreed with the reference.
  var passed: Bool { mismatches == 0 && !passes.isEmpty }
  var mismatches: Int { valueMismatches + cycleMismatches + otherMismatches }

  package static let fileName = "cosim.json"

  package init(
    _ result: CosimResult, sequences: Int, sameClass: Int?, rightClass: Int?,
    accuracy: JSONValue?, control: ControlCheck?
  ) {
    design = result.design
    verilator = result.verilator
    self.sequences = sequences
    frames = result.frames
    cycles = result.cycles
    valuesCompared = result.valuesCompared
    probeValuesCompared = result.probeValuesCompared
    valueMismatches = result.valueMismatches
    cycleMismatches = result.cycleMismatches
    otherMismatches = result.otherMismatches
    latencyCycles = result.latencyCycles
    frameIntervalCycles = result.frameIntervalCycles
    sameClassAsReference = sameClass
    self.rightClass = rightClass
    self.accuracy = accuracy
    firstMismatch = result.firstFailure?.firstMismatch.map { "\($0)" }
    passes = result.runs.map {
      Pass(
        source: "\($0.run.source)", sink: "\($0.run.sink)", resetSeed: $0.run.resetSeed,
        frames: $0.frames, cycles: $0.cycles, mismatches: $0.mismatches)
    }
    self.control = control
  }

  // MARK: - Writing

  package var json: JSONValue {
    func optional(_ value: Int?) -> JSONValue { value.map { .int($0) } ?? .null }
    func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
    let members: JSONValue = .object([
      "design": .string(design), "verilator": .string(verilator), "passed": .bool(passed),
      "sequences": .int(sequences), "frames": .int(frames), "cycles": .int(cycles),
      "valuesCompared": .int(valuesCompared), "probeValuesCompared": .int(probeValuesCompared),
      "valueMismatches": .int(valueMismatches), "cycleMismatches": .int(cycleMismatches),
      "otherMismatches": .int(otherMismatches), "latencyCycles": optional(latencyCycles),
      "frameIntervalCycles": frameIntervalCycles.map { .double($0) } ?? .null,
      "sameClassAsReference": optional(sameClassAsReference), "rightClass": optional(rightClass),
      "accuracy": accuracy ?? .null, "firstMismatch": optional(firstMismatch),
      "passes": .array(
        passes.map { pass in
          .object([
            "source": .string(pass.source), "sink": .string(pass.sink),
            "resetSeed": .int(pass.resetSeed), "frames": .int(pass.frames),
            "cycles": .int(pass.cycles), "mismatches": .int(pass.mismatches),
          ])
        }),
    ])
    guard let control, case .object(let list) = members else { return members }
    return .object(list + [.init("control", control.json)])
  }

  // MARK: - Reading

  /// Reads a file.
  ///
  /// - Throws: `ToolError` if it cannot be read, `DiagnosticsEmitted` with every fault in it.
  package init(reading url: URL) throws {
    self = try Self.decoded(AtomicFile.read(url), path: url.relativePath)
  }

  /// Reads the bytes of a record.
  ///
  /// - Throws: `DiagnosticsEmitted` with every fault and its place; figures that contradict each other are faults.
  package static func decoded(_ data: Data, path: String) throws -> CosimRecord {
    try decodeStrictly(
      path, stage: "report", manual: "docs/formats/results.md",
      parsing: { try JSONValue(parsing: data) }, CosimRecord.init)
  }

  private init?(_ node: JSONNode) {
    let counts = [
      "sequences", "frames", "cycles", "valuesCompared", "probeValuesCompared", "valueMismatches",
      "cycleMismatches", "otherMismatches",
    ]
    guard
      let o = node.object(
        ["design", "verilator", "passed"] + counts + [
          "latencyCycles", "frameIntervalCycles", "sameClassAsReference", "rightClass", "accuracy",
          "firstMismatch", "passes",
        ], optional: ["control"])
    else { return nil }
    let before = node.json.sink.diagnostics.count
    // Sums of a few stay integers.
    func count(_ key: String) -> Int { o[key]?.count(0...1 << 53) ?? 0 }
    design = o["design"]?.string() ?? ""
    verilator = o["verilator"]?.string() ?? ""
    let claim = o["passed"]?.bool()
    sequences = count("sequences")
    frames = count("frames")
    cycles = count("cycles")
    valuesCompared = count("valuesCompared")
    probeValuesCompared = count("probeValuesCompared")
    valueMismatches = count("valueMismatches")
    cycleMismatches = count("cycleMismatches")
    otherMismatches = count("otherMismatches")
    latencyCycles = o.nullable("latencyCycles")?.count()
    frameIntervalCycles = o.nullable("frameIntervalCycles")?.number(
      where: { $0 >= 0 }, fix: "run cosim again")
    let most = max(0, sequences)
    sameClassAsReference = o.nullable("sameClassAsReference")?.count(0...most)
    rightClass = o.nullable("rightClass")?.count(0...most)
    let table = o.nullable("accuracy")
    if let table { _ = AccuracyTable.check(table) }
    accuracy = table?.value
    firstMismatch = o.nullable("firstMismatch")?.string()
    passes = o["passes"]?.list { Pass($0) } ?? []
    control = o["control"].flatMap { ControlCheck($0) }
    guard node.json.sink.diagnostics.count == before else { return nil }
    // What is said twice has to be the same, or a damaged file would show a mismatch as none.
    func agree(_ key: String, _ total: Int, _ sum: Int) {
      guard total != sum else { return }
      node.json.error(
        "/\(key)", "\(total) is not the sum of the passes, \(sum)", fix: "run cosim again")
    }
    func sum(_ value: (Pass) -> Int) -> Int { passes.reduce(0) { $0 &+ value($1) } }
    agree("frames", frames, sum(\.frames))
    agree("cycles", cycles, sum(\.cycles))
    agree("valueMismatches and others", mismatches, sum(\.mismatches))
    if claim != passed {
      node.json.error(
        "/passed", "\(!passed) with \(mismatches) mismatches in \(passes.count) passes",
        fix: "run cosim again")
    }
    if (firstMismatch == nil) != (mismatches == 0) {
      node.json.error(
        "/firstMismatch", "it does not fit \(mismatches) mismatches", fix: "run cosim again")
    }
  }
}

extension CosimRecord.Pass {
  fileprivate init?(_ node: JSONNode) {
    guard
      let o = node.object(["source", "sink", "resetSeed", "frames", "cycles", "mismatches"])
    else { return nil }
    let (source, sink) = (o["source"]?.string(), o["sink"]?.string())
    let seed = o["resetSeed"]?.int(Int.min...Int.max)
    let (frames, cycles) = (o["frames"]?.count(), o["cycles"]?.count())
    let mismatches = o["mismatches"]?.count()
    guard let source, let sink, let seed, let frames, let cycles, let mismatches else {
      return nil
    }
    self.init(
      source: source, sink: sink, resetSeed: seed, frames: frames, cycles: cycles,
      mismatches: mismatches)
  }
}

extension ControlCheck {
  var json: JSONValue {
    .object([
      "frames": .int(frames), "codesCompared": .int(codesCompared),
      "mismatches": .int(mismatches),
      "firstMismatch": firstMismatch.map { .string($0) } ?? .null,
    ])
  }
  fileprivate init?(_ node: JSONNode) {
    guard let o = node.object(["frames", "codesCompared", "mismatches", "firstMismatch"]) else {
      return nil
    }
    let (frames, codes) = (o["frames"]?.count(), o["codesCompared"]?.count())
    let mismatches = o["mismatches"]?.count()
    let first = o.nullable("firstMismatch").map { $0.string() }
    guard let frames, let codes, let mismatches else { return nil }
    self.init()
    self.frames = frames
    codesCompared = codes
    self.mismatches = mismatches
    firstMismatch = first ?? nil
  }
}

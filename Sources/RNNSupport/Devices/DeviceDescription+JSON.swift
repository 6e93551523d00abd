package import Foundation

extension DeviceDescription {
  /// Parses the JSON form; unknown, missing and out-of-range members are errors.
  ///
  /// - Throws: `DiagnosticsEmitted` with one diagnostic for each fault, each naming its JSON path.
  package init(parsing data: Data, path: String) throws {
    let root: JSONValue
    do {
      root = try JSONValue(parsing: data)
    } catch {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "device", path: path, message: "not a JSON text: \(error)",
          fix: "correct the syntax"))
    }
    var reader = MemberReader(value: root, path: path + ":", sink: DiagnosticSink(stage: "device"))
    name = reader.string("name")
    family = reader.string("family")
    processNanometres = reader.positive("processNanometres")
    coreVolts = reader.number("coreVolts")
    clockMegahertz = reader.number("clockMegahertz")
    clockSource = reader.string("clockSource")
    luts = reader.positive("luts")
    flipFlops = reader.positive("flipFlops")
    lutInputs = reader.positive("lutInputs")
    logicScale = reader.number("logicScale")
    logicScaleSource = reader.string("logicScaleSource")
    resourceSource = reader.string("resourceSource")
    pipelining = reader.choice("pipelining") ?? .shallow
    pipeliningSource = reader.string("pipeliningSource")
    distributedRAM = reader.object("distributedRAM") {
      DistributedRAM(
        bitsPerLUT: $0.positive("bitsPerLUT", orZero: true), wordStep: $0.positive("wordStep"),
        source: $0.string("source"))
    }
    blockRAM = reader.object("blockRAM") {
      BlockRAM(
        name: $0.string("name"), count: $0.positive("count"), bits: $0.positive("bits"),
        fullWidth: $0.positive("fullWidth"), halves: $0.positive("halves"))
    }
    multiplier = reader.object("multiplier") {
      Multiplier(
        name: $0.string("name"), count: $0.positive("count"), widthA: $0.positive("widthA"),
        widthB: $0.positive("widthB"), accumulatorWidth: $0.positive("accumulatorWidth"))
    }
    energy = reader.object("energy") {
      EnergyCoefficients(
        multiplyAccumulate: $0.banded("multiplyAccumulate"),
        multiplierIdle: $0.banded("multiplierIdle"),
        blockRAMAccess: $0.banded("blockRAMAccess"),
        blockRAMFixedShare: $0.banded("blockRAMFixedShare", limit: 1),
        blockRAMIdle: $0.banded("blockRAMIdle"),
        distributedRAMAccess: $0.banded("distributedRAMAccess"),
        lutToggle: $0.banded("lutToggle"), netToggle: $0.banded("netToggle"),
        flipFlopToggle: $0.banded("flipFlopToggle"),
        clockPerFlipFlop: $0.banded("clockPerFlipFlop"),
        staticWatts: $0.banded("staticWatts"))
    }
    reader.finish()
    try reader.sink.throwIfErrors()
  }
}

/// Reads the members of one JSON object, and records what is missing, wrong or left over.
private struct MemberReader {
  let value: JSONValue
  /// Path of this object, such as `device.json:/energy`.
  let path: String
  var sink: DiagnosticSink
  var seen: [String] = []

  mutating func member(_ key: String) -> JSONValue? {
    seen.append(key)
    guard let found = value[key] else {
      sink.error("\(path)/\(key)", "missing", fix: "add the member")
      return nil
    }
    return found
  }

  mutating func string(_ key: String) -> String {
    guard let found = member(key) else { return "" }
    guard case .string(let text) = found, !text.isEmpty else {
      sink.error("\(path)/\(key)", "not a text of at least one character", fix: "write a text")
      return ""
    }
    return text
  }

  mutating func choice<Choice: CaseIterable & RawRepresentable<String>>(_ key: String) -> Choice? {
    let text = string(key)
    let choice = Choice(rawValue: text)
    if choice == nil, value[key] != nil {
      sink.error(
        "\(path)/\(key)", "\"\(text)\" is unknown",
        fix: "use one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return choice
  }

  /// A finite number above zero (or from zero on), at most `limit`.
  mutating func number(
    _ key: String, orZero: Bool = false, limit: Double = .greatestFiniteMagnitude
  ) -> Double {
    guard let found = member(key) else { return 1 }
    let number: Double
    switch found {
    case .int(let whole): number = Double(whole)
    case .double(let real): number = real
    default:
      sink.error("\(path)/\(key)", "not a number", fix: "write a number")
      return 1
    }
    guard number.isFinite, orZero ? number >= 0 : number > 0, number <= limit else {
      sink.error(
        "\(path)/\(key)", "\(number) is out of range",
        fix: "write a finite number \(orZero ? "of at least" : "above") 0"
          + (limit < .greatestFiniteMagnitude ? " and at most \(limit)" : ""))
      return 1
    }
    return number
  }

  mutating func positive(_ key: String, orZero: Bool = false) -> Int {
    let real = number(key, orZero: orZero, limit: 1e9)
    guard real == real.rounded() else {
      sink.error("\(path)/\(key)", "\(real) is not a whole number", fix: "write a whole number")
      return 1
    }
    return Int(saturating: real)
  }

  mutating func object<Result>(_ key: String, _ read: (inout MemberReader) -> Result) -> Result {
    let inner = member(key) ?? .object([:])
    var reader = MemberReader(value: inner, path: "\(path)/\(key)", sink: sink)
    let result = read(&reader)
    reader.finish()
    sink = reader.sink
    return result
  }

  mutating func banded(_ key: String, limit: Double = .greatestFiniteMagnitude) -> BandedValue {
    object(key) { reader in
      let value = reader.number("value", orZero: true, limit: limit)
      let low = reader.number("low", orZero: true, limit: limit)
      let high = reader.number("high", orZero: true, limit: limit)
      let kind = BandedValue.Kind(rawValue: reader.string("kind"))
      let source = reader.string("source")
      if kind == nil {
        reader.sink.error(
          "\(reader.path)/kind", "unknown kind",
          fix: "use one of "
            + BandedValue.Kind.allCases.map(\.rawValue).joined(separator: ", "))
      }
      guard low <= value, value <= high else {
        reader.sink.error(
          reader.path, "the band \(low)...\(high) does not hold the value \(value)",
          fix: "order the figures low, value, high")
        return BandedValue(0, low: 0, high: 0, kind: .assumed, source: source)
      }
      return BandedValue(value, low: low, high: high, kind: kind ?? .assumed, source: source)
    }
  }

  /// Reports members that nothing has read, and a value that is no object.
  mutating func finish() {
    guard case .object(let members) = value else {
      sink.error(path, "not an object", fix: "write { ... }")
      return
    }
    for member in members where !seen.contains(member.key) {
      sink.error(
        "\(path)/\(member.key)", "unknown member",
        fix: "remove it; known are \(seen.joined(separator: ", "))")
    }
  }
}

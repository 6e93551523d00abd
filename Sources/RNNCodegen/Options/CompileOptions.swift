package import RNNSupport

/// The hardware that multiplies.
package enum Engine: String, Hashable, Sendable, CaseIterable {
  /// An array of lanes, fed by a static schedule, with a pipeline for the operations between the products.
  case lanes
  /// One multiplier that runs a program of vector instructions.
  case sequential

  /// The options that only designs of this engine have.
  package var options: [CompileOption] {
    switch self {
    case .lanes: LaneOptions.all
    case .sequential: []
    }
  }
  /// The engine with nothing asked of it.
  package var standard: EngineOptions {
    switch self {
    case .lanes: .lanes(LaneOptions())
    case .sequential: .sequential
    }
  }
}

/// An engine and what the user decides about it.
package enum EngineOptions: Hashable, Sendable {
  case lanes(LaneOptions)
  /// One multiplier leaves nothing to choose.
  case sequential

  package var engine: Engine {
    switch self {
    case .lanes: .lanes
    case .sequential: .sequential
    }
  }
}

/// What the user decides about the hardware; every nil is decided by the compiler and reported.
package struct CompileOptions: Hashable, Sendable {
  /// The name of the emitted top module: a SystemVerilog identifier.
  package var name: String
  /// A device that `DeviceDescription.named(_:)` knows; nil compiles without a resource limit.
  package var device: String?
  /// Clock in MHz for rates and energy: an assumption for devices without open place and route.
  package var clockMegahertz: Double
  /// Frames a second that the design must take, of all streams together; nil asks for none.
  ///
  /// With this or a latency the compiler looks for the smallest design that reaches it, see `SmallestDesign`.
  package var framesPerSecond: Double?
  /// Microseconds that a frame may take from its first input beat to its last output beat; nil allows any.
  package var latencyMicroseconds: Double?
  package var engineOptions: EngineOptions

  package init(
    name: String = "rnn", device: String? = nil, clockMegahertz: Double = 100,
    framesPerSecond: Double? = nil, latencyMicroseconds: Double? = nil,
    engine: EngineOptions = .lanes(LaneOptions())
  ) {
    self.name = name
    self.device = device
    self.clockMegahertz = clockMegahertz
    self.framesPerSecond = framesPerSecond
    self.latencyMicroseconds = latencyMicroseconds
    engineOptions = engine
  }

  /// The engine; another one starts with nothing asked of it.
  package var engine: Engine {
    get { engineOptions.engine }
    set { if newValue != engine { engineOptions = newValue.standard } }
  }
  /// The options of a design of lanes; there are none for another engine.
  package var lanes: LaneOptions {
    get {
      guard case .lanes(let options) = engineOptions else {
        preconditionFailure("the \(engine.rawValue) engine has no lanes")
      }
      return options
    }
    set { engineOptions = .lanes(newValue) }
  }
  /// How deeply lanes are pipelined: as asked for, or what the device wants, or `shallow`.
  package var stages: Pipelining {
    lanes.pipelining ?? device.flatMap { try? DeviceDescription.named($0) }?.pipelining ?? .shallow
  }
}

extension CompileOption {
  package static let name = CompileOption(
    "name", flag: "name", \.name, Limits<String>.word, "The name of the top module",
    standard: "rnn")
  package static let device = CompileOption(
    "device", flag: "device", \.device, Limits<String>.word,
    "The device that the design must fit, such as XC7A100T", standard: nil)
  package static let clock = CompileOption(
    "clockMegahertz", flag: "clock", \.clockMegahertz, Limits<Double>.megahertz,
    "The clock in MHz, for rates and energy", standard: "100")
  package static let engine = CompileOption(
    "engine", flag: "engine", \.engine, Limits<Engine>(),
    "What multiplies: lanes (an array with a static schedule), or sequential (one multiplier that runs a program; for the smallest devices)",
    standard: "lanes")
  package static let framesPerSecond = CompileOption(
    "framesPerSecond", flag: "frames-per-second", \.framesPerSecond,
    Limits<Double>.framesPerSecond,
    "Look for the smallest design that takes so many frames a second, all streams together",
    standard: nil)
  package static let latency = CompileOption(
    "latencyMicroseconds", flag: "latency", \.latencyMicroseconds, Limits<Double>.microseconds,
    "Look for the smallest design whose frames take at most so long from the first input beat to the last output beat",
    standard: nil, valueName: "microseconds")
}

extension CompileOptions {
  /// The options that designs of every engine have, in the order of a manifest.
  package static let shared: [CompileOption] = [
    .name, .device, .clock, .engine, .framesPerSecond, .latency,
  ]
  /// The options that a design of this engine has.
  private var all: [CompileOption] { Self.shared + engine.options }

  /// The options as they stand in a manifest; nil is written as null.
  package var json: JSONValue {
    let standard = CompileOptions(engine: engine.standard)
    return .object(
      all.filter { !$0.isOmitted || $0.json(self) != $0.json(standard) }
        .map { .init($0.key, $0.json(self)) })
  }

  /// The flags and values of the command line that ask for these options.
  package var arguments: [String] {
    let standard = CompileOptions()
    let standardOfEngine = CompileOptions(engine: engine.standard)
    return all.filter { option in
      let unasked = option.key == CompileOption.engine.key ? standard : standardOfEngine
      return option.json(self) != option.json(unasked)
    }.flatMap { ["--\($0.flag)", $0.text(of: self)] }
  }

  /// Reads options from a manifest: every member must be there and no other, but those that may be left away.
  ///
  /// - Throws: `DiagnosticsEmitted` naming the member.
  package init(json: JSONValue, path: String) throws {
    guard case .object(let members) = json else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "compile", path: path, message: "is no object", fix: "compile the model again"))
    }
    var sink = DiagnosticSink(stage: "compile")
    self.init()
    for key in take(members) {
      let isKnown = all.contains { $0.key == key }
      sink.error(
        "\(path)/\(key)", isKnown ? "has a value of the wrong kind" : "is unknown",
        fix: "compile the model again")
    }
    for option in all where !option.isOmitted && json[option.key] == nil {
      sink.error("\(path)/\(option.key)", "is missing", fix: "compile the model again")
    }
    try sink.throwIfErrors()
  }

  /// Takes what was given on a command line, values as they stand in a manifest; null is not given.
  ///
  /// - Throws: `DiagnosticsEmitted` naming every option that the engine does not have.
  package init(given: [(option: CompileOption, value: JSONValue?)]) throws {
    var sink = DiagnosticSink(stage: "compile")
    self.init()
    let members = given.compactMap { entry in
      entry.value.map { JSONValue.Member(entry.option.key, $0) }
    }
    for key in take(members) {
      guard let owner = Engine.allCases.first(where: { $0.options.contains { $0.key == key } })
      else { preconditionFailure("the option \(key) does not take what it read") }
      sink.error(
        "options.\(key)", "is an option that the \(engine.rawValue) engine does not have",
        fix: "leave it away, or compile for \(owner.rawValue): --engine \(owner.rawValue)")
    }
    try sink.throwIfErrors()
  }

  /// Takes the members that are options of the engine that they name.
  ///
  /// - Returns: the keys that are none, or have a value of the wrong kind.
  private mutating func take(_ members: [JSONValue.Member]) -> [String] {
    // Which options there are is what the engine says.
    let engines = members.filter { $0.key == CompileOption.engine.key }
    var refused: [String] = []
    for member in engines + members.filter({ $0.key != CompileOption.engine.key }) {
      let option = all.first { $0.key == member.key }
      if option?.take(&self, member.value) != true { refused.append(member.key) }
    }
    return refused
  }
}

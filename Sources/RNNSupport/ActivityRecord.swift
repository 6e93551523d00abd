package import Foundation

/// Switching activity of a design while it processed real input: the content of `activity.json`.
///
/// Counted in cycle-accurate simulation, one sample per clock cycle after all logic has settled, so
/// a bit toggles at most once per cycle and glitches are not in it. Cosimulation writes it, the
/// energy estimate reads it. The format is described in `docs/formats/activity.md`.
package struct ActivityRecord: Hashable, Sendable {
  /// What one instance of a module owns; what its own instances own is in their entries.
  package struct Scope: Hashable, Sendable {
    /// Instance names from the simulated top down, joined by dots.
    ///
    /// Such as `rnn_sim.u_top.u_core.gen_lane[3].u_lane`.
    package var path: String
    /// Bits whose name says register (`_q`, `_q2`, ...).
    package var registerBits: Int
    /// Bit changes of those registers, summed over the window.
    package var registerToggles: Int
    /// All other bits: ports and nets; a net seen under several names counts once, in the deepest.
    package var netBits: Int
    /// Bit changes of those nets, summed over the window.
    package var netToggles: Int

    package init(
      path: String, registerBits: Int, registerToggles: Int, netBits: Int, netToggles: Int
    ) {
      self.path = path
      self.registerBits = registerBits
      self.registerToggles = registerToggles
      self.netBits = netBits
      self.netToggles = netToggles
    }
  }

  /// The only version of the format so far.
  package static let currentVersion = 1

  package var formatVersion: Int
  /// The name of the design.
  package var design: String
  /// Clock cycles in the window.
  package var windowCycles: Int
  /// Frames that entered the design in the window; `windowCycles / windowFrames` is their interval.
  package var windowFrames: Int
  /// Where the input came from, in words, such as `frames 20 to 23 of sequence 0 of test.npy`.
  package var stimulus: String
  /// Sorted by path.
  package var scopes: [Scope]

  package init(
    design: String, windowCycles: Int, windowFrames: Int, stimulus: String, scopes: [Scope]
  ) {
    formatVersion = Self.currentVersion
    self.design = design
    self.windowCycles = windowCycles
    self.windowFrames = windowFrames
    self.stimulus = stimulus
    self.scopes = scopes
  }

  /// The sums over the scopes that the predicate accepts.
  package func total(where accepts: (Scope) -> Bool = { _ in true }) -> Scope {
    var sum = Scope(path: "", registerBits: 0, registerToggles: 0, netBits: 0, netToggles: 0)
    for scope in scopes where accepts(scope) {
      sum.registerBits += scope.registerBits
      sum.registerToggles += scope.registerToggles
      sum.netBits += scope.netBits
      sum.netToggles += scope.netToggles
    }
    return sum
  }

  /// The canonical bytes of the file.
  package func encoded() -> Data {
    Data(
      JSONValue.object([
        "formatVersion": .int(formatVersion), "design": .string(design),
        "windowCycles": .int(windowCycles), "windowFrames": .int(windowFrames),
        "stimulus": .string(stimulus),
        "scopes": .array(
          scopes.map {
            .object([
              "path": .string($0.path), "registerBits": .int($0.registerBits),
              "registerToggles": .int($0.registerToggles), "netBits": .int($0.netBits),
              "netToggles": .int($0.netToggles),
            ])
          }),
      ]).text.utf8)
  }

  /// Reads the file's bytes.
  ///
  /// - Throws: `DiagnosticsEmitted` with every fault and its place: unknown, missing and doubled keys, and counts that
  ///   no simulation gives.
  package static func decoded(from data: Data, path: String) throws -> ActivityRecord {
    try decodeStrictly(
      path, stage: "activity", manual: "docs/formats/activity.md",
      parsing: { try JSONValue(parsing: data) }, ActivityRecord.init)
  }
}

extension ActivityRecord {
  /// The most bits of a design and cycles of a window: their product is still a number of toggles.
  private static let most = 1 << 31

  private init?(_ node: JSONNode) {
    guard
      let o = node.object([
        "formatVersion", "design", "windowCycles", "windowFrames", "stimulus", "scopes",
      ])
    else { return nil }
    _ = o["formatVersion"]?.int(Self.currentVersion...Self.currentVersion)
    let design = o["design"]?.string()
    let cycles = o["windowCycles"]?.count(1...Self.most)
    // A frame takes a cycle at least.
    let frames = o["windowFrames"]?.count(1...max(1, cycles ?? 1))
    let stimulus = o["stimulus"]?.string()
    let scopes = o["scopes"]?.list { Scope($0, cycles: cycles ?? 1, most: Self.most) }
    guard let design, let cycles, let frames, let stimulus, let scopes else { return nil }
    self.init(
      design: design, windowCycles: cycles, windowFrames: frames, stimulus: stimulus,
      scopes: scopes)
    for (i, (a, b)) in zip(scopes, scopes.dropFirst()).enumerated() where a.path >= b.path {
      node.json.error(
        "/scopes/\(i + 1)/path", "\"\(b.path)\" does not come after \"\(a.path)\"",
        fix: "write the file again with `rnnc cosim --activity`")
    }
    let bits = scopes.reduce(0) { $0 + $1.registerBits + $1.netBits }
    if bits > Self.most {
      node.json.error(
        "/scopes", "\(bits) bits are more than \(Self.most)",
        fix: "write the file again with `rnnc cosim --activity`")
    }
  }
}

extension ActivityRecord.Scope {
  fileprivate init?(_ node: JSONNode, cycles: Int, most: Int) {
    guard
      let o = node.object([
        "path", "registerBits", "registerToggles", "netBits", "netToggles",
      ])
    else { return nil }
    let path = o["path"]?.string()
    // A bit changes at most once per cycle.
    func pair(_ bits: String, _ toggles: String) -> (Int, Int)? {
      let bits = o[bits]?.count(0...most)
      let toggles = o[toggles]?.count(0...(bits ?? 0) * cycles)
      return bits.flatMap { bits in toggles.map { (bits, $0) } }
    }
    let registers = pair("registerBits", "registerToggles")
    let nets = pair("netBits", "netToggles")
    guard let path, let registers, let nets else { return nil }
    self.init(
      path: path, registerBits: registers.0, registerToggles: registers.1, netBits: nets.0,
      netToggles: nets.1)
  }
}

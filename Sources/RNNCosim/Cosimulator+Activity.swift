internal import Foundation
internal import RNNCodegen
package import RNNSupport

extension Cosimulator {
  /// Counts the bit changes of a window of frames in steady state, with nothing holding the design
  /// up.
  ///
  /// The window reaches from the start of one frame to the start of another. Input that is too
  /// short is
  /// repeated.
  ///
  /// - Parameters:
  ///   - sequences: codes per sequence, frame and element: real input, as activity depends on the
  ///   data.
  ///   - skip: frames before the window; nil puts it in the middle of the first sequence, because
  ///     recordings begin with silence.
  ///   - window: frames in it.
  ///   - source: what the input is, in words.
  /// - Throws: as `run`.
  package func measureActivity(
    sequences: [[[Int64]]], skip: Int? = nil, window: Int = 4, source: String
  ) throws -> ActivityRecord {
    try check(sequences)
    let skip = skip ?? design.streams * max(2, (sequences[0].count - window) / 2)
    precondition(skip >= 0 && window > 0, "a window of \(window) frames after \(skip)")
    var input = sequences
    while input.reduce(0, { $0 + $1.count }) < skip + window + 1 { input += sequences }
    let built = try builder.build(design, variant: .activity)
    let library = try SimulationLibrary(built)
    let order = FrameOrder(lengths: input.map(\.count), streams: design.streams)
    let stimulus = Stimulus(input, order, port: design.input)

    // The cycle model says when the window begins and ends.
    var starts: [Int] = []
    var timing = design.makeTiming()
    var cycle = 0
    var beat = 0
    while starts.count <= skip + window {
      let signals = timing.step(
        inputValid: beat < stimulus.last.count,
        inputLast: beat < stimulus.last.count && stimulus.last[beat] != 0,
        inputStream: beat < stimulus.last.count ? Int(stimulus.stream[beat]) : 0, outputReady: true)
      if signals.inputReady, beat < stimulus.last.count { beat += 1 }
      if signals.frameStart != nil { starts.append(cycle) }
      cycle += 1
      precondition(
        cycle < 1000 * (design.frameCycles + 1000),
        "the cycle model starts only \(starts.count) frames")
    }
    let first = starts[skip]
    let cycles = starts[skip + window] - first

    let simulation = try makeSimulation(library, seed: 1)
    simulation.reset(cycles: resetCycles)
    beat = 0
    func advance(_ count: Int) {
      var left = count
      while left > 0 {
        let done = simulation.run(
          cycles: min(left, simulation.cyclesPerCall), input: stimulus, firstBeat: beat,
          beatBytes: design.input.beatBytes,
          source: nil, sink: nil, garbage: false)
        beat += done.inputsTaken
        left -= done.cycles
      }
    }
    advance(first)
    try simulation.openTrace("activity")
    // One sample more than changes between samples.
    advance(cycles + 1)
    let report = simulation.closeTrace()
    return ActivityRecord(
      design: design.name, windowCycles: cycles, windowFrames: window,
      stimulus: "frames \(skip) to \(skip + window - 1) of \(source)",
      scopes: Self.scopes(of: report))
  }

  /// Sums the counts of signals by the instance that owns them.
  ///
  /// - Parameter report: lines of `scope TAB name TAB bits TAB toggles TAB signal`; a signal has a
  /// line for
  ///   each of its names.
  static func scopes(of report: String) -> [ActivityRecord.Scope] {
    struct Owner {
      var scope: Substring
      var depth: Int
      var isRegister: Bool
      var bits: Int
      var toggles: Int
    }
    var owners: [Int: Owner] = [:]
    for line in report.split(separator: "\n") {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard fields.count == 5, let bits = Int(fields[2]), let toggles = Int(fields[3]),
        let signal = Int(fields[4])
      else { continue }
      var scope = fields[0]
      // The simulator's own scope around the top holds nothing but second names of the top's ports.
      if scope == "TOP" { continue }
      if scope.hasPrefix("TOP.") { scope = scope.dropFirst(4) }
      if ["aclk", "clk", "clk_i"].contains(fields[1]) { continue }
      let candidate = Owner(
        scope: scope, depth: scope.utf8.count { $0 == UInt8(ascii: ".") },
        isRegister: isRegister(fields[1]), bits: bits, toggles: toggles)
      guard let owner = owners[signal] else {
        owners[signal] = candidate
        continue
      }
      // The name of a register says where it is; otherwise the deepest instance owns a net.
      if (candidate.isRegister && !owner.isRegister)
        || (candidate.isRegister == owner.isRegister && candidate.depth > owner.depth)
      {
        owners[signal] = candidate
      }
    }
    var scopes: [Substring: ActivityRecord.Scope] = [:]
    for owner in owners.values {
      var scope =
        scopes[owner.scope]
        ?? ActivityRecord.Scope(
          path: String(owner.scope), registerBits: 0, registerToggles: 0, netBits: 0, netToggles: 0)
      if owner.isRegister {
        scope.registerBits += owner.bits
        scope.registerToggles += owner.toggles
      } else {
        scope.netBits += owner.bits
        scope.netToggles += owner.toggles
      }
      scopes[owner.scope] = scope
    }
    return scopes.values.sorted { $0.path < $1.path }
  }

  /// True for names that end in `_q` and digits.
  private static func isRegister(_ name: Substring) -> Bool {
    var rest = name
    while let last = rest.last, last.isASCII, last.isNumber { rest = rest.dropLast() }
    return rest.hasSuffix("_q")
  }
}

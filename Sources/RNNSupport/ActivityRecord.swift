package import Foundation

/// Switching activity of a design while it processed real input: the content of `activity.json`.
///
/// Counted in cycle-accurate simulation, one sample per clock cycle after all logic has settled, so
/// a bit toggles at most once per cycle and glitches are not in it. Cosimulation writes it, the
/// energy estimate reads it. The format is described in `docs/formats/activity.md`.
package struct ActivityRecord: Codable, Hashable, Sendable {
  /// What one instance of a module owns; what its own instances own is in their entries.
  package struct Scope: Codable, Hashable, Sendable {
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
  package func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self) + Data("\n".utf8)
  }

  /// Reads the file's bytes.
  ///
  /// - Throws: `ToolError` that names the file and what is wrong in it.
  package static func decoded(from data: Data, path: String) throws -> ActivityRecord {
    let hint = "write it again with `rnnc cosim --activity`"
    let record: ActivityRecord
    do {
      record = try JSONDecoder().decode(ActivityRecord.self, from: data)
    } catch {
      throw ToolError(.file, "\(path) is not an activity record: \(error)", hint: hint)
    }
    guard record.formatVersion == currentVersion else {
      throw ToolError(
        .file,
        "\(path) has format version \(record.formatVersion), this rnnc reads \(currentVersion)",
        hint: hint)
    }
    guard record.windowCycles > 0, record.windowFrames > 0 else {
      throw ToolError(
        .file,
        "\(path) has a window of \(record.windowCycles) cycles and \(record.windowFrames) frames",
        hint: hint)
    }
    return record
  }
}

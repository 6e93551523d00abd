internal import Foundation
internal import RNNSupport

/// What nextpnr found: clock rate, what the device's parts are used for, and the slowest path.
package struct NextpnrReport: Hashable, Sendable {
  /// The greatest clock rate of the design's clock, after routing.
  package var megahertz: Double
  /// Parts of the device by nextpnr's names, in alphabetical order; those without use are left out.
  package var utilisation: [Utilisation]
  /// From the clock edge that starts the slowest path to the one that ends it.
  package var criticalPath: [Segment]

  /// How much of one kind of part is used.
  package struct Utilisation: Hashable, Sendable {
    package var part: String
    package var used: Int
    package var available: Int

    package init(part: String, used: Int, available: Int) {
      self.part = part
      self.used = used
      self.available = available
    }
  }

  /// A piece of a path: through a cell, or along a wire.
  package struct Segment: Hashable, Sendable {
    /// nextpnr's word: `clk-to-q`, `logic`, `routing` or `setup`.
    package var kind: String
    package var nanoseconds: Double
    /// The cell at the end of the piece.
    package var cell: String
    /// The net that a wire belongs to; nil inside of a cell.
    package var net: String?

    package init(kind: String, nanoseconds: Double, cell: String, net: String?) {
      self.kind = kind
      self.nanoseconds = nanoseconds
      self.cell = cell
      self.net = net
    }
  }

  /// - Throws: `ToolError` for a text that is no report, or one without a clock.
  package init(parsing text: String) throws {
    func fault(_ what: String) -> ToolError {
      ToolError(
        .toolFailed, "the report of nextpnr \(what)",
        hint: "use nextpnr 0.4 or newer; `rnnc doctor` shows what is installed")
    }
    let root: JSONValue
    do {
      root = try JSONValue(parsing: Data(text.utf8))
    } catch {
      throw fault("is no JSON text: \(error)")
    }
    guard case .object(let clocks)? = root["fmax"],
      let slowest = clocks.compactMap({ $0.value["achieved"]?.number }).min()
    else { throw fault("names no clock") }
    megahertz = slowest
    utilisation = []
    if case .object(let parts)? = root["utilization"] {
      for part in parts {
        guard let used = part.value["used"]?.int, let available = part.value["available"]?.int
        else { throw fault("gives no numbers for \(part.key)") }
        if used > 0 {
          utilisation.append(Utilisation(part: part.key, used: used, available: available))
        }
      }
    }
    utilisation.sort { $0.part < $1.part }
    criticalPath = []
    // Paths between clock edges; those from and to pins are bound by nothing inside.
    let paths = (root["critical_paths"]?.array ?? []).filter {
      [$0["from"], $0["to"]].allSatisfy { $0?.string.map { !$0.contains("async") } ?? false }
    }
    let candidates = try paths.map { path in
      try (path["path"]?.array ?? []).map { piece -> Segment in
        guard let kind = piece["type"]?.string, let delay = piece["delay"]?.number,
          let cell = piece["to"]?["cell"]?.string
        else { throw fault("has an incomplete path") }
        return Segment(
          kind: kind, nanoseconds: delay, cell: cell, net: piece["net"]?.string)
      }
    }
    criticalPath = candidates.max { Self.length($0) < Self.length($1) } ?? []
  }

  private static func length(_ path: [Segment]) -> Double {
    path.reduce(0) { $0 + $1.nanoseconds }
  }

  /// The time of the slowest path in cells, and along wires.
  package var delays: (logic: Double, routing: Double) {
    let routing = criticalPath.filter { $0.kind == "routing" }
    return (Self.length(criticalPath.filter { $0.kind != "routing" }), Self.length(routing))
  }
}

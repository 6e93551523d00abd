/// The units that a path goes through, from the names of its cells and nets.
package enum CriticalUnits {
  /// The instances on a path in its order, each once in a row, with what they compute where that is known.
  ///
  /// A cell that a synthesis tool invented has no place of its own; the net that it drives may have one.
  package static func names(
    of path: [NextpnrReport.Segment], labels: [String: String]
  ) -> [String] {
    var result: [String] = []
    for segment in path {
      let candidates = [segment.net, segment.cell].compactMap { $0 }
      guard let name = candidates.compactMap({ unit(of: $0, labels: labels) }).first else {
        continue
      }
      if result.last != name { result.append(name) }
    }
    return result
  }

  /// The unit of one flattened name such as `u_design.u_core.u_datapath0_0.u_n12.product_q_LUT4_A`.
  static func unit(of name: String, labels: [String: String]) -> String? {
    guard !name.hasPrefix("$") else { return nil }
    var parts = name.split(separator: ".").map(String.init)
    for top in ["u_design", "u_core"] where parts.first == top { parts.removeFirst() }
    guard let first = parts.first else { return nil }
    if parts.count > 1 {
      // Inside of a datapath each node of the graph has instances and signals of its own.
      let second = parts[1].prefix { $0 != "[" }
      let candidates = [String(second)] + stems(of: String(second))
      for candidate in candidates {
        if let label = labels["\(first).\(candidate)"] { return "\(first) \(label)" }
      }
      return first
    }
    return stems(of: first).last { $0.hasPrefix("u_") } ?? signal(first)
  }

  /// A name without the parts that Yosys appends, shortest first.
  private static func stems(of name: String) -> [String] {
    let words = name.split(separator: "_", omittingEmptySubsequences: false)
    return (1...max(1, words.count)).map { words.prefix($0).joined(separator: "_") }
  }

  /// A signal of the core without the names of cells and bits.
  private static func signal(_ name: String) -> String {
    let base = name.prefix { $0 != "[" }
    let words = base.split(separator: "_", omittingEmptySubsequences: false)
    let kept = words.prefix { word in
      !word.contains { $0.isUppercase } || word.isEmpty
    }
    return kept.isEmpty ? String(base) : kept.joined(separator: "_")
  }
}

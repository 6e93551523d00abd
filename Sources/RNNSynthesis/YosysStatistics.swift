internal import Foundation
package import RNNSupport

/// The cells of every module after synthesis, as `stat -json` prints them.
package struct YosysStatistics: Hashable, Sendable {
  /// Cells by type, in the order of the report, by module; a type may be another module.
  package var modules: [String: [Cell]]

  /// How many cells of a type a module has.
  package struct Cell: Hashable, Sendable {
    package var type: String
    package var count: Int
  }

  /// - Throws: `ToolError` for a text that is no such report.
  package init(parsing text: String) throws {
    func fault(_ what: String) -> ToolError {
      ToolError(
        .toolFailed, "the statistics of Yosys \(what)",
        hint: "use Yosys 0.23 or newer; `rnnc doctor` shows what is installed")
    }
    // Yosys 0.23 prints the tree of instances between the members, as lines without quotes or braces.
    let json = text.split(separator: "\n").filter { line in
      line.first { $0 != " " }.map { "\"{}".contains($0) } ?? false
    }
    let root: JSONValue
    do {
      root = try JSONValue(parsing: Data(json.joined(separator: "\n").utf8))
    } catch {
      throw fault("are no JSON text: \(error)")
    }
    guard case .object(let members)? = root["modules"] else { throw fault("name no modules") }
    modules = [:]
    for member in members {
      guard case .object(let cells)? = member.value["num_cells_by_type"] else {
        throw fault("give no cells of \(member.key)")
      }
      modules[Self.plain(member.key)] = try cells.map { cell in
        guard case .int(let count) = cell.value else {
          throw fault("give no number of \(cell.key) in \(member.key)")
        }
        return Cell(type: Self.plain(cell.key), count: count)
      }
    }
  }

  /// A public name without the backslash that marks it.
  private static func plain(_ name: String) -> String {
    name.hasPrefix("\\") ? String(name.dropFirst()) : name
  }

  /// What one module takes with everything below it: each module counts once for each of its instances.
  ///
  /// - Throws: `ToolError` naming a cell that is no module and has no place in the family's table.
  package func usage(of module: String, family: SynthesisFamily) throws -> ResourceUsage {
    var known: [String: ResourceUsage] = [:]
    return try usage(of: module, family: family, known: &known)
  }

  private func usage(
    of module: String, family: SynthesisFamily, known: inout [String: ResourceUsage]
  ) throws -> ResourceUsage {
    if let usage = known[module] { return usage }
    var total = ResourceUsage()
    for cell in modules[module] ?? [] {
      let one: ResourceUsage
      if modules[cell.type] != nil {
        one = try usage(of: cell.type, family: family, known: &known)
      } else if let usage = family.usage(ofCell: cell.type) {
        one = usage
      } else {
        throw ToolError(
          .toolFailed, "Yosys made a cell \(cell.type) in \(module) that rnnc cannot count",
          hint: "use the version of Yosys that `rnnc doctor` names")
      }
      total = total + one * cell.count
    }
    known[module] = total
    return total
  }

  /// How often each module occurs below a top module, itself included.
  package func instances(below top: String) -> [String: Int] {
    var counts: [String: Int] = [:]
    func visit(_ module: String, times: Int) {
      counts[module, default: 0] += times
      for cell in modules[module] ?? [] where modules[cell.type] != nil {
        visit(cell.type, times: times * cell.count)
      }
    }
    visit(top, times: 1)
    return counts
  }

  /// Cells of primitive types below a top module, by type.
  package func primitives(below top: String) -> [String: Int] {
    var result: [String: Int] = [:]
    for (module, times) in instances(below: top) {
      for cell in modules[module] ?? [] where modules[cell.type] == nil {
        result[cell.type, default: 0] += times * cell.count
      }
    }
    return result
  }

  /// The name of a module as it stands in its source: that of a parametrised one is the last part.
  package static func sourceName(_ module: String) -> String {
    guard module.hasPrefix("$paramod") else { return module }
    return module.split(separator: "\\").dropFirst().first.map(String.init) ?? module
  }
}

extension ResourceUsage {
  static func * (usage: ResourceUsage, count: Int) -> ResourceUsage {
    ResourceUsage(
      luts: usage.luts * count, flipFlops: usage.flipFlops * count,
      blockRAMs: usage.blockRAMs * Double(count), multipliers: usage.multipliers * count)
  }
}

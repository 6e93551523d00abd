package import Foundation
internal import RNNSupport

/// Looks for every external tool and says which are missing or too old and how to install them.
package struct DoctorStage: Stage {
  package static let verb = "doctor"
  package var arguments: [String] { [] }
  package var inputs: [URL] { [] }
  package var outputs: [URL] { [] }
  package init() {}

  package func run(_ context: StageContext) throws -> StageResult {
    var rows: [JSONValue] = []
    var lines: [String] = []
    var missing: [Tool] = []
    for tool in Tool.all {
      var state: String
      var mark = "ok"
      do {
        let version = try context.tools.require(tool)
        state = "\(version)"
        rows.append(row(tool, status: "ok", found: .string("\(version)")))
      } catch let error as ToolError where error.code == .toolMissing {
        state = "missing"
        mark = tool.required ? "no" : "--"
        rows.append(row(tool, status: "missing", found: .null))
      } catch let error as ToolError where error.code == .toolTooOld {
        let version = try context.tools.version(of: tool)
        state = "\(version), too old"
        mark = tool.required ? "no" : "--"
        rows.append(row(tool, status: "too old", found: .string("\(version)")))
      }
      if mark != "ok" { missing.append(tool) }
      let name = tool.name.padding(toLength: 13, withPad: " ", startingAt: 0)
      let found = state.padding(toLength: 18, withPad: " ", startingAt: 0)
      let use = "\(tool.purpose)" + (tool.required ? "" : " (optional)")
      lines.append("  \(mark)  \(name) \(found) needs \(tool.minimum), to \(use)")
    }
    let commands = [Tool.Distributor.debian, .python].compactMap { distributor -> String? in
      let packages = missing.filter { $0.distributor == distributor }.map(\.package)
      return packages.isEmpty
        ? nil : Tool.installCommand(packages.joined(separator: " "), from: distributor)
    }
    let install = commands.joined(separator: "; ")
    lines.append(
      missing.isEmpty ? "Every tool is there." : "Install what is missing with: \(install)")
    let passed = !missing.contains { $0.required }
    return StageResult(
      json: .object([
        "tools": .array(rows),
        "install": missing.isEmpty ? .null : .string(install),
        "passed": .bool(passed),
      ]),
      text: lines.joined(separator: "\n"), passed: passed)
  }

  private func row(_ tool: Tool, status: String, found: JSONValue) -> JSONValue {
    .object([
      "name": .string(tool.name), "status": .string(status), "found": found,
      "minimum": .string("\(tool.minimum)"), "required": .bool(tool.required),
      "purpose": .string(tool.purpose), "package": .string(tool.package),
    ])
  }
}

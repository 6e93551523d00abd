package import Foundation
package import RNNSupport

/// Remembers what every step of a plan read and wrote, by SHA-256, so that nothing is done twice.
///
/// A step is up to date when its record has the same key and every output still has its recorded digest. The key
/// covers the command line, the contents of all inputs, the versions of the external tools, and
/// the running program itself.
package struct ArtefactStore: Sendable {
  /// The name of the records' folder in the folder of a plan's outputs.
  package static let folderName = ".steps"

  /// The folder of the records; one JSON file a step.
  package let folder: URL
  /// The digest of the program that does the work.
  package let programDigest: String

  package init(folder: URL, programDigest: String) {
    self.folder = folder
    self.programDigest = programDigest
  }

  /// The digest of the executable that is running now.
  package static func runningProgramDigest() throws -> String {
    sha256(try AtomicFile.read(URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()))
  }

  /// The key of a step: equal keys mean equal results.
  package func key(of step: Step, tools runner: ToolRunner) throws -> String {
    var text = "program \(programDigest)\ncommand \(step.stage.commandLine)\n"
    for tool in step.stage.tools { text += "tool \(tool.name) \(try runner.version(of: tool))\n" }
    for input in step.stage.inputs {
      text += "input \(input.relativePath) \(try ArtefactStore.digest(of: input))\n"
    }
    return sha256(Data(text.utf8))
  }

  /// The recorded result of a step that is up to date, or nil if the step has to run.
  package func result(of step: Step, key: String) -> StageResult? {
    guard let data = try? Data(contentsOf: recordURL(step)),
      let record = try? JSONValue(parsing: data), Self.isWhole(record),
      record["key"] == .string(key),
      case .array(let outputs)? = record["outputs"], outputs.count == step.stage.outputs.count,
      let json = record["result"], case .string(let text)? = record["text"],
      case .bool(true)? = record["passed"]
    else { return nil }
    for (url, recorded) in zip(step.stage.outputs, outputs) {
      guard let digest = try? ArtefactStore.digest(of: url), recorded["sha256"] == .string(digest)
      else { return nil }
    }
    return StageResult(json: json, text: text, passed: true)
  }

  /// Records that a step has run; a step whose check failed is not recorded and runs again.
  package func record(_ result: StageResult, of step: Step, key: String) throws {
    guard result.passed else {
      try? FileManager.default.removeItem(at: recordURL(step))
      return
    }
    let outputs = try step.stage.outputs.map { url -> JSONValue in
      .object([
        "path": .string(url.relativePath), "sha256": .string(try ArtefactStore.digest(of: url)),
      ])
    }
    let record = Self.sealed([
      "step": .string(step.name), "key": .string(key), "command": .string(step.stage.commandLine),
      "outputs": .array(outputs), "passed": .bool(result.passed), "text": .string(result.text),
      "result": result.json,
    ])
    try AtomicFile.write(record.text, to: recordURL(step))
  }

  /// A record with its own digest: what a demo or a study shows of a step that it skips comes from here alone.
  private static func sealed(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    let list = members.map { JSONValue.Member($0.key, $0.value) }
    return .object(list + [.init("sha256", .string(digest(of: list)))])
  }
  /// Whether nobody has changed a record since it was written.
  private static func isWhole(_ record: JSONValue) -> Bool {
    guard case .object(let members) = record, members.last?.key == "sha256" else { return false }
    return members.last?.value == .string(digest(of: members.dropLast()))
  }
  private static func digest(of members: [JSONValue.Member]) -> String {
    RNNSupport.sha256(Data(JSONValue.object(members).text.utf8))
  }

  /// The SHA-256 of a file, or of the sorted paths and contents of all files below a folder.
  ///
  /// - Throws: `ToolError` naming a path that does not exist or cannot be read.
  package static func digest(of url: URL) throws -> String {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw ToolError(
        .file, "cannot read \(url.relativePath): no such file or directory",
        hint: "check the path and its permissions")
    }
    guard isFolder.boolValue else { return sha256(try AtomicFile.read(url)) }
    let paths = (FileManager.default.enumerator(atPath: url.path)?.allObjects ?? [])
      .compactMap { $0 as? String }.sorted()
    var text = ""
    for path in paths {
      let file = url.appendingPathComponent(path)
      var nested: ObjCBool = false
      if FileManager.default.fileExists(atPath: file.path, isDirectory: &nested), nested.boolValue {
        continue
      }
      text += "\(path) \(sha256(try AtomicFile.read(file)))\n"
    }
    return sha256(Data(text.utf8))
  }

  private func recordURL(_ step: Step) -> URL {
    let safe = String(step.name.map { $0.isLetter || $0.isNumber ? $0 : "-" })
    return folder.appendingPathComponent("\(safe).json")
  }
}

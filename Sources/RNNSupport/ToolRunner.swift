package import Foundation

/// What a finished tool left behind.
package struct ToolOutput: Sendable {
  package var status: Int32
  package var standardOutput: String
  package var standardError: String
  /// Wall-clock time from start to exit.
  package var seconds: Double
}

/// Finds and runs the programs of the outside world; nothing else starts processes.
///
/// Every child runs in a process group of its own, so that a time limit, an interrupt, or the end of this process
/// by whatever cause ends the whole tree (`g++` starts `cc1plus`).
package struct ToolRunner: Sendable {
  /// The environment that tools are looked up in and run with.
  package var environment: [String: String]

  package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    self.environment = environment
  }

  // MARK: - Finding tools

  /// The path of an executable of this name in `PATH`, or nil; a name with a slash is taken as it is.
  package func path(of name: String) -> String? {
    if name.contains("/") {
      return FileManager.default.isExecutableFile(atPath: name) ? name : nil
    }
    for folder in (environment["PATH"] ?? "").split(separator: ":") {
      let candidate = "\(folder)/\(name)"
      var isFolder: ObjCBool = false
      if FileManager.default.isExecutableFile(atPath: candidate),
        FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder),
        !isFolder.boolValue
      {
        return candidate
      }
    }
    return nil
  }

  /// The name under which a tool is in `PATH`: its own, else that of the first build that is there, else its own.
  package func executable(of tool: Tool) -> String {
    ([tool.name] + tool.alternatives).first { path(of: $0) != nil } ?? tool.name
  }

  /// The version that an installed tool reports.
  ///
  /// - Throws: `ToolError` when the tool is missing, does not run, or prints no version.
  package func version(of tool: Tool) throws -> ToolVersion {
    let name = executable(of: tool)
    let output = try run(name, tool.versionArguments, timeout: 120, installHint: tool)
    guard let version = ToolVersion(in: output.standardOutput + "\n" + output.standardError) else {
      throw ToolError(
        .toolFailed,
        "`\(name) \(tool.versionArguments.joined(separator: " "))` printed no version",
        hint: "reinstall it: \(tool.installCommand)",
        details: ToolRunner.tail(output.standardOutput))
    }
    return version
  }

  /// Checks that a tool is there and new enough, and gives its version.
  ///
  /// - Throws: `ToolError` naming the tool, the version found, the version needed and the install command.
  @discardableResult
  package func require(_ tool: Tool) throws -> ToolVersion {
    let found = try version(of: tool)
    guard found >= tool.minimum else {
      throw ToolError(
        .toolTooOld,
        "\(tool.name) \(found) is too old, \(tool.minimum) or newer is needed to \(tool.purpose)",
        hint: "install a newer one: \(tool.installCommand)")
    }
    return found
  }

  // MARK: - Running tools

  /// Runs an executable to its end and collects what it printed.
  ///
  /// - Parameters:
  ///   - executable: a name looked up in `PATH`, or a path.
  ///   - directory: the working directory; nil for the current one.
  ///   - extraEnvironment: added to, or replacing, variables of `environment`.
  ///   - timeout: the limit in seconds; the whole process group is killed at its end.
  ///   - installHint: the tool whose package to name when the executable is missing.
  ///   - acceptFailure: return a non-zero status instead of throwing.
  /// - Throws: `ToolError` with the command line, the status and the last 20 lines of stderr.
  @discardableResult
  package func run(
    _ executable: String, _ arguments: [String], directory: URL? = nil,
    extraEnvironment: [String: String] = [:], timeout: Double = 3600, installHint: Tool? = nil,
    acceptFailure: Bool = false
  ) throws -> ToolOutput {
    let commandLine = ([executable] + arguments).map(ToolRunner.quoted).joined(separator: " ")
    guard let path = path(of: executable) else {
      let tool = installHint ?? Tool.all.first { $0.name == executable }
      throw ToolError(
        .toolMissing,
        "\(executable) is not installed" + (tool.map { ", it is needed to \($0.purpose)" } ?? ""),
        hint: tool.map { "install it: \($0.installCommand)" }
          ?? "install it and make sure that PATH has its folder")
    }
    let out = Pipe()
    let err = Pipe()
    let collected = Collected()
    let readers = DispatchGroup()
    for (pipe, isError) in [(out, false), (err, true)] {
      // A thread for each pipe: a tool that fills one while we read the other would stop for ever.
      let handle = pipe.fileHandleForReading
      DispatchQueue.global().async(group: readers) {
        collected.set(handle.readDataToEndOfFile(), isError: isError)
      }
    }
    let start = DispatchTime.now().uptimeNanoseconds
    let spawned = Result {
      try Child(
        URL(fileURLWithPath: path).path, arguments,
        environment: environment.merging(extraEnvironment) { $1 },
        directory: directory, out: out.fileHandleForWriting.fileDescriptor,
        err: err.fileHandleForWriting.fileDescriptor)
    }
    try? out.fileHandleForWriting.close()
    try? err.fileHandleForWriting.close()
    let child: Child
    switch spawned {
    case .success(let started): child = started
    case .failure(let error):
      throw ToolError(
        .toolFailed, "cannot start `\(commandLine)`: \(error)",
        hint: "check that \(path) runs and that its working directory exists")
    }
    ChildProcesses.shared.insert(child.group)
    let (exit, timedOut) = child.wait(seconds: timeout)
    // What it left running in the background would hold the pipes open.
    ChildProcesses.shared.remove(child.group)
    child.end()
    readers.wait()
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    let (standardOutput, standardError) = collected.texts
    let output = ToolOutput(
      status: exit.code, standardOutput: standardOutput, standardError: standardError,
      seconds: seconds)
    // An interrupt ended the tool: its status is not the tool's fault.
    if Interrupt.shared.isRequested, output.status != 0 {
      throw ToolError(
        .interrupted, "\(executable) was interrupted", hint: "run the same command again")
    }
    if timedOut {
      throw ToolError(
        .toolFailed, "\(executable) ran longer than \(timeout) seconds and was stopped",
        hint: "try a smaller design or a quieter machine",
        details: "$ \(commandLine)\n" + ToolRunner.tail(standardError))
    }
    if output.status != 0, !acceptFailure {
      let how = exit.isSignal ? "signal" : "status"
      throw ToolError(
        .toolFailed, "\(executable) failed with \(how) \(output.status)",
        hint: "the lines below are its own; the command can be run again by hand",
        details: "$ \(commandLine)\n"
          + ToolRunner.tail(standardError.isEmpty ? standardOutput : standardError))
    }
    return output
  }

  /// The last lines of a text.
  package static func tail(_ text: String, lines: Int = 20) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: true).suffix(lines)
      .joined(separator: "\n")
  }

  /// An argument as a shell would need it.
  package static func quoted(_ argument: String) -> String {
    let plain = argument.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "-_./=+,:@%".utf8.contains(byte)
      }
    }
    if plain, !argument.isEmpty { return argument }
    return "'" + argument.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}

/// The bytes that two reader threads hand over.
private final class Collected: @unchecked Sendable {
  private let lock = NSLock()
  private var out = Data()
  private var err = Data()

  func set(_ data: Data, isError: Bool) {
    lock.withLock { if isError { err = data } else { out = data } }
  }
  var texts: (String, String) {
    lock.withLock { (String(decoding: out, as: UTF8.self), String(decoding: err, as: UTF8.self)) }
  }
}

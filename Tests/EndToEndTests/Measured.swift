import Foundation
import RNNSupport

/// How one run of the program ended, and what it took.
struct Measured {
  /// The exit status; 128 and more for a signal, as shells have it.
  var status: Int32
  var seconds: Double
  /// The greatest resident memory in bytes.
  var peakBytes: Int
  var standardOutput: String
  var standardError: String
  /// Whether it had to be killed.
  var timedOut: Bool

  /// Runs the program.
  ///
  /// - Parameters:
  ///   - output: a file for standard output; nil collects it.
  ///   - error: a file for standard error; nil collects it.
  static func run(
    _ arguments: [String], in folder: URL, output: String? = nil, error: String? = nil,
    environment: [String: String] = [:], limit: Double = 60
  ) throws -> Measured {
    let scratch = FileManager.default.temporaryDirectory.appendingPathComponent(
      "rnnc-run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: scratch) }
    let files = [
      output ?? scratch.appendingPathComponent("out").path,
      error ?? scratch.appendingPathComponent("err").path,
    ]
    // The shell is told every word apart, so nothing in one is a command.
    let script = "cd \"$1\" && out=$2 && err=$3 && shift 3 && exec \"$@\" >\"$out\" 2>\"$err\""
    let words = ["/bin/sh", "-c", script, "sh", folder.path] + files + [Program.path] + arguments
    var values = ProcessInfo.processInfo.environment.merging(["COLUMNS": "80"]) { $1 }
    values.merge(environment) { $1 }
    let pid = try spawn(words, environment: values)
    let start = DispatchTime.now().uptimeNanoseconds
    func elapsed() -> Double { Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9 }
    var status: Int32 = 0
    var usage = rusage()
    var timedOut = false
    while wait4(pid, &status, WNOHANG, &usage) == 0 {
      if elapsed() > limit {
        timedOut = true
        kill(pid, SIGKILL)
        _ = wait4(pid, &status, 0, &usage)
        break
      }
      usleep(2000)
    }
    let signal = status & 0x7f
    func text(_ path: String) -> String {
      guard path.hasPrefix(scratch.path), let data = FileManager.default.contents(atPath: path)
      else { return "" }
      return String(decoding: data, as: UTF8.self)
    }
    return Measured(
      status: signal == 0 ? (status >> 8) & 0xff : 128 + signal, seconds: elapsed(),
      peakBytes: usage.ru_maxrss * 1024, standardOutput: text(files[0]),
      standardError: text(files[1]), timedOut: timedOut)
  }

  private static func spawn(_ words: [String], environment: [String: String]) throws -> pid_t {
    var arguments = words.map { strdup($0) }
    var variables = environment.map { strdup("\($0)=\($1)") }
    arguments.append(nil)
    variables.append(nil)
    defer { for word in arguments + variables { free(word) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, words[0], nil, nil, arguments, variables)
    guard code == 0 else {
      throw ToolError(.toolFailed, "cannot start \(words)", hint: String(cString: strerror(code)))
    }
    return pid
  }
}

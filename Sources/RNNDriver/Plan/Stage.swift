package import Foundation
package import RNNSupport

/// What a stage needs from its surroundings.
package struct StageContext: Sendable {
  package var progress: any ProgressSink
  package var tools: ToolRunner

  package init(progress: any ProgressSink, tools: ToolRunner = ToolRunner()) {
    self.progress = progress
    self.tools = tools
  }
}

/// What a stage found, for a person and for a program.
package struct StageResult: Sendable {
  /// The complete result, in the order in which it should be read.
  package var json: JSONValue
  /// The same in words, at most a screen; without a final newline.
  package var text: String
  /// False when a check failed: the program then exits with status 1.
  package var passed: Bool

  package init(json: JSONValue, text: String, passed: Bool = true) {
    self.json = json
    self.text = text
    self.passed = passed
  }
}

/// One verb with all of its options: a value that can be planned, printed, digested and run.
///
/// `arguments` is the contract between planning and running: they are what a user types to get the same
/// stage, so `--dry-run` prints commands that work.
package protocol Stage: Sendable {
  /// The subcommand, such as `train`.
  static var verb: String { get }
  /// What a user types after the verb; every option that changes the result appears.
  var arguments: [String] { get }
  /// Files and folders that the stage reads.
  var inputs: [URL] { get }
  /// Files and folders that the stage writes, each whole or not at all.
  var outputs: [URL] { get }
  /// External programs that the stage runs; their versions count as inputs.
  var tools: [Tool] { get }
  /// Does the work.
  ///
  /// - Throws: `DiagnosticsEmitted` or `ToolError`; nothing half-written stays behind.
  func run(_ context: StageContext) throws -> StageResult
}

extension Stage {
  package var tools: [Tool] { [] }
  /// The command that does what this stage does.
  package var commandLine: String {
    (["rnnc", Self.verb] + arguments).map(ToolRunner.quoted).joined(separator: " ")
  }
}

/// A stage with a name that is unique in its plan, such as `gru: train`.
package struct Step: Sendable {
  package var name: String
  package var stage: any Stage
  package init(_ name: String, _ stage: any Stage) {
    self.name = name
    self.stage = stage
  }
}

/// Checks that a plan can run in its order: names and outputs are unique, and no step reads what a later one writes.
package func validate(_ plan: [Step]) {
  var names: Set<String> = []
  var written: [String: String] = [:]
  for step in plan {
    precondition(names.insert(step.name).inserted, "two steps are named \(step.name)")
    for output in step.stage.outputs {
      let path = output.standardizedFileURL.path
      precondition(written[path] == nil, "\(step.name) and \(written[path] ?? "") write \(path)")
      written[path] = step.name
    }
  }
  var done: Set<String> = []
  for step in plan {
    for input in step.stage.inputs {
      let path = input.standardizedFileURL.path
      for (output, writer) in written.sorted(by: { $0.key < $1.key })
      where path == output || path.hasPrefix(output + "/") {
        precondition(
          done.contains(writer), "\(step.name) reads \(path) before \(writer) writes it")
      }
    }
    done.insert(step.name)
  }
}

/// A plan as text: the commands, one a line, in the order in which they run.
package func planText(_ plan: [Step]) -> String {
  plan.map(\.stage.commandLine).joined(separator: "\n")
}

/// A plan as JSON: name, command, inputs and outputs of each step.
package func planJSON(_ plan: [Step]) -> JSONValue {
  .array(
    plan.map { step in
      .object([
        "step": .string(step.name),
        "command": .string(step.stage.commandLine),
        "inputs": .array(step.stage.inputs.map { .string($0.relativePath) }),
        "outputs": .array(step.stage.outputs.map { .string($0.relativePath) }),
      ])
    })
}

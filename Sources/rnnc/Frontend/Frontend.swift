import ArgumentParser
import Foundation
import RNNDriver
import RNNSupport

/// The exit codes of rnnc, beside ArgumentParser's 64 for wrong usage.
extension ExitCode {
  /// A check failed: the design does not match its reference, a tool is missing for `doctor`.
  static let checkFailed = ExitCode(1)
  /// A model, a file or a tool is at fault.
  static let fault = ExitCode(2)
  /// Ctrl-C; what was worth keeping has been kept.
  static let interrupted = ExitCode(Interrupt.exitCode)
}

/// Runs stages for commands: progress to standard error, results to standard output, errors to exit codes.
enum Frontend {
  /// Runs one stage, or only prints its command and files.
  static func run(_ stage: some Stage, _ output: OutputOptions, _ dryRun: DryRunOption? = nil)
    throws
  {
    if dryRun?.dryRun == true {
      try printPlan([Step(type(of: stage).verb, stage)], output)
      return
    }
    try perform(output, named: type(of: stage).verb) { context in
      for tool in stage.tools { try context.tools.require(tool) }
      return try stage.run(context)
    }
  }

  static func printPlan(_ plan: [Step], _ output: OutputOptions) throws {
    try write(output.json ? planJSON(plan).text : planText(plan) + "\n")
  }

  /// Writes to standard output; a part that does not arrive is a fault with its message and exit code.
  static func write(_ text: String) throws {
    do {
      try StandardStreams.print(text)
    } catch let error as ToolError {
      complain(error.description)
      throw ExitCode.fault
    }
  }

  /// Does the work, prints its result, and turns errors into messages and exit codes.
  static func perform(
    _ output: OutputOptions, named name: String = "", _ work: (StageContext) throws -> StageResult
  ) throws {
    Interrupt.shared.install()
    let console = Console()
    console.name(name)
    do {
      let result = try work(StageContext(progress: console))
      console.close()
      try write(output.json ? result.json.text : result.text + "\n")
      if !result.passed { throw ExitCode.checkFailed }
    } catch let code as ExitCode {
      throw code
    } catch let error as ToolError where error.code == .interrupted {
      console.close()
      complain(error.description)
      throw ExitCode.interrupted
    } catch let error as ToolError {
      console.close()
      complain(error.description)
      throw ExitCode.fault
    } catch let error as DiagnosticsEmitted {
      console.close()
      complain(error.description)
      throw ExitCode.fault
    } catch {
      console.close()
      complain(
        "error: \(Messages.part(error.localizedDescription)); please report this with the command")
      throw ExitCode.fault
    }
  }

  /// What a command line asks for; what does not go together is told before any work.
  static func asked<Value>(_ make: () throws -> Value) throws -> Value {
    do {
      return try make()
    } catch let error as DiagnosticsEmitted {
      complain(error.description)
      throw ExitCode.fault
    }
  }

  private static func complain(_ text: String) {
    StandardStreams.note(text + "\n")
  }
}

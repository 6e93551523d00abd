import ArgumentParser
import RNNSupport

@main
struct RNNC: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rnnc",
    abstract:
      "Takes recurrent neural networks from training to FPGA Verilog, and checks every step.",
    subcommands: [
      TrainCommand.self, CompressCommand.self, QuantizeCommand.self, CompileCommand.self,
      CosimCommand.self,
      SynthCommand.self,
      EnergyCommand.self, ReportCommand.self, DoctorCommand.self, DemoCommand.self,
      StudyCommand.self, ReproduceCommand.self, ImportCommand.self, RunCommand.self,
      CellsCommand.self, LyapunovCommand.self,
    ])

  /// The parser's own `main`, but for where it writes: help that does not arrive is a failure too.
  static func main() {
    StandardStreams.survivePipes()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      let code = exitCode(for: error)
      let text = fullMessage(for: error)
      if text.isEmpty { Self.exit(withError: code) }
      if code == .success {
        do { try Frontend.write(text + "\n") } catch { Self.exit(withError: ExitCode.fault) }
      } else {
        StandardStreams.note(Messages.lines(text) + "\n")
      }
      Self.exit(withError: code)
    }
  }
}

import ArgumentParser
import RNNDriver

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Lists the external tools: found, too old or missing, and how to install them.",
    discussion: """
      Training, compression and `compile` need no external tool. `cosim` needs Verilator and a C++ \
      compiler. The exit status is 1 if a required tool is missing or too old.

      EXAMPLES
        rnnc doctor
        rnnc doctor --json
      """)

  @OptionGroup var output: OutputOptions

  func run() throws { try Frontend.run(DoctorStage(), output) }
}

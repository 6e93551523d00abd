import ArgumentParser

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
}

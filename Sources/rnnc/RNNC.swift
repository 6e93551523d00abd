import ArgumentParser

@main
struct RNNC: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rnnc", abstract: "Compiles recurrent neural networks to FPGAs.")
}

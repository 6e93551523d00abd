import ArgumentParser
import Foundation
import RNNDriver
import RNNSupport

struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Runs every stage on spoken digits: train to Verilog to report.",
    discussion: """
      Trains a GRU and an LSTM, compresses, quantizes, compiles, cosimulates held-out recordings, \
      estimates energy and writes one report. A step whose inputs, options and program have not \
      changed since its last run is skipped. `--dry-run` prints the commands, which also work one \
      by one.

      EXAMPLES
        rnnc demo
        rnnc demo --dry-run
        rnnc demo --cell gru -o build/demo-gru
      """)

  @Option(help: "The folder with gru.json, lstm.json and the recordings.")
  var examples = "Examples/digits"
  @Option(name: [.customShort("o"), .long], help: "The folder for all results.")
  var output = "build/demo"
  @Option(help: "A cell to run; may be repeated (default: gru and lstm).")
  var cell: [String] = []
  @Option(
    help:
      "Simulate at most so many recordings of each design (default: all test ones; \(Limits<Int>.count)).",
    transform: Limits<Int>.count.read)
  var simulated: Int?
  @OptionGroup var dryRun: DryRunOption
  @OptionGroup var printing: OutputOptions

  func run() throws {
    let request = DemoRequest(
      examples: URL(fileURLWithPath: examples), output: URL(fileURLWithPath: output),
      cells: cell.isEmpty ? ["gru", "lstm"] : cell, simulated: simulated)
    let steps = plan(request)
    if dryRun.dryRun {
      try Frontend.printPlan(steps, printing)
      return
    }
    try Frontend.perform(printing) { context in
      try DemoRunner(request: request).run(steps, context)
    }
  }
}

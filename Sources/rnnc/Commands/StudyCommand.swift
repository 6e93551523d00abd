import ArgumentParser
import Foundation
import RNNDriver
import RNNLab
import RNNSupport

struct StudyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "study",
    abstract: "Compares float, circulant and quantized accuracy over cells and seeds.",
    discussion: """
      For every cell and seed: trains, compresses by ADMM, by projection and directly, quantizes \
      each, compiles the ADMM model and simulates it on all test recordings. Prints a table in \
      Markdown, or JSON; --evidence NAME also writes NAME.json and NAME.md. Steps that are up to \
      date are skipped, so a study that was stopped goes on where it was.

      EXAMPLES
        rnnc study --data fsdd/recordings -o build/study
        rnnc study --data fsdd/recordings --cell gru --seeds 1 -o build/quick
      """)

  @Option(help: "The folder with one experiment file per cell, such as gru.json.")
  var examples = "Examples/digits"
  @Option(help: "The recordings.", completion: .directory)
  var data: String
  @Option(name: [.customShort("o"), .long], help: "The folder for all results.")
  var output = "build/study"
  @Option(help: "A cell; may be repeated (default: gru and lstm).")
  var cell: [String] = []
  @Option(
    help: "How many seeds, counted from 1 (default: 3; \(Limits<Int>.seeds)).",
    transform: Limits<Int>.seeds.read)
  var seeds = 3
  @Option(help: "Write NAME.json and NAME.md as well.")
  var evidence: String?
  @OptionGroup var dryRun: DryRunOption
  @OptionGroup var printing: OutputOptions

  func run() throws {
    let request = StudyRequest(
      examples: URL(fileURLWithPath: examples), data: URL(fileURLWithPath: data),
      output: URL(fileURLWithPath: output), cells: cell.isEmpty ? ["gru", "lstm"] : cell,
      seeds: (1...UInt64(seeds)).map { $0 })
    let steps = plan(request)
    if dryRun.dryRun {
      try Frontend.printPlan(steps, printing)
      return
    }
    try Frontend.perform(printing) { context in
      try StudyRunner(
        request: request, evidence: evidence.map { URL(fileURLWithPath: $0) }
      ).run(steps, context)
    }
  }
}

import ArgumentParser
import Foundation
import RNNDriver
import RNNLab
import RNNSupport

struct ReproduceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reproduce",
    abstract: "Runs a published experiment again and says which of its claims hold.",
    discussion: """
      Every experiment has a name, its own data or a folder of it, and fixed seeds. --evidence \
      FOLDER writes NAME.md, NAME.json and pictures. A claim that does not hold is a result: the \
      exit code is 0.

      EXAMPLES
        rnnc reproduce rflo
        rnnc reproduce momentum --seeds 5 --evidence docs/evidence
        rnnc reproduce momentum --short

      EXPERIMENTS
      \(Reproductions.all.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n"))
      """)

  @Argument(help: "The experiment.")
  var name: String
  @Option(
    help:
      "How many seeds, counted from 1; without it, as many as the pass bands speak of (\(Limits<Int>.seeds)).",
    transform: Limits<Int>.seeds.read)
  var seeds: Int?
  @Option(help: "The folder of the data set, where the experiment needs one.")
  var data: String?
  @Option(name: [.customShort("o"), .long], help: "The folder for checkpoints and models.")
  var output = "build/reproduce"
  @Option(help: "The folder for the report and its pictures.")
  var evidence: String?
  @Flag(help: "A fraction of the work, for a first look; the verdicts then mean nothing.")
  var short = false
  @OptionGroup var printing: OutputOptions

  func validate() throws {
    if Reproductions.named(name) == nil {
      let names = Reproductions.all.map { $0.name }.joined(separator: ", ")
      throw ValidationError("no experiment is named \"\(name)\"; use one of \(names)")
    }
  }

  func run() throws {
    guard let reproduction = Reproductions.named(name) else { return }
    let request = ReproductionRequest(
      seeds: (1...UInt64(seeds ?? reproduction.seeds)).map { $0 }, data: data,
      work: "\(output)/\(name)",
      isShort: short)
    let command = "make experiment-\(name)"
    try Frontend.perform(printing, named: name) { context in
      try ReproductionRunner(
        reproduction, request: request, evidence: evidence.map { URL(fileURLWithPath: $0) },
        command: command
      ).run(context)
    }
  }
}

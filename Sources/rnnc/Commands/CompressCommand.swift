import ArgumentParser
import Foundation
import RNNDriver

extension CompressStage.Method: ExpressibleByArgument {}

struct CompressCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compress",
    abstract: "Makes the matrices of a trained model block-circulant, then fine-tunes.",
    discussion: """
      A block-circulant matrix stores one of every L values. The method `admm` pulls the trained \
      weights towards the nearest circulant ones while it goes on training (ADMM with an exact \
      projection and a rising penalty), projects them, and fine-tunes inside the set. \
      `projection` projects at once and trains for as many epochs; `direct` trains circulant \
      weights from fresh values. The experiment says which matrices take which block size.

      EXAMPLES
        rnnc compress build/gru/float --experiment Examples/digits/gru.json -o build/gru/circulant
        rnnc compress build/gru/float --experiment Examples/digits/gru.json -o out --block 4
        rnnc compress build/gru/float --experiment Examples/digits/gru.json -o out --method direct
      """)

  @Argument(help: "The trained model: model.json or its folder.", completion: .file())
  var model: String
  @Option(help: "The experiment file: data, penalties, epochs.", completion: .file())
  var experiment: String
  @Option(name: [.customShort("o"), .long], help: "The model folder; replaced whole.")
  var output: String
  @Option(help: "admm, projection or direct (default: as the experiment says).")
  var method: CompressStage.Method?
  @Option(
    help:
      "One block size L for all of those matrices (default: as the experiment says; \(Limits<Int>.block)).",
    transform: Limits<Int>.block.read)
  var block: Int?
  @OptionGroup var source: DataOptions
  @OptionGroup var dryRun: DryRunOption
  @OptionGroup var printing: OutputOptions

  func run() throws {
    try source.enterLevel()
    try Frontend.run(
      CompressStage(
        model: URL(fileURLWithPath: model), experiment: URL(fileURLWithPath: experiment),
        output: URL(fileURLWithPath: output), method: method, block: block, seed: source.seed,
        data: source.dataURL, reproducible: source.reproducible), printing, dryRun)
  }
}

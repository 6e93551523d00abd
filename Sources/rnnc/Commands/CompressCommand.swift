import ArgumentParser
import Foundation
import RNNDriver
import RNNGraph
import RNNReport
import RNNSupport

extension CompressionMethod: ExpressibleByArgument {}

struct CompressCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compress",
    abstract: "Gives the matrices of a trained model a structure, then fine-tunes.",
    discussion: """
      A block-circulant matrix stores one of every L values; a bank-balanced one keeps K of every \
      B neighbouring entries of a row. The method `admm` pulls the trained weights towards the \
      nearest matrices of the structure while it goes on training (ADMM with an exact projection \
      and a rising penalty), projects them, and fine-tunes inside the set. `projection` projects \
      at once and trains for as many epochs; `direct` trains inside the structure from fresh \
      values. The experiment says which matrices take which structure.

      EXAMPLES
        rnnc compress build/gru/float --experiment Examples/digits/gru.json -o build/gru/circulant
        rnnc compress build/gru/float --experiment Examples/digits/gru.json -o out --block 4
        rnnc compress build/gru/float --experiment Examples/digits/gru.json -o out --structure bank-balanced:16:4
        rnnc compress build/gru/float --experiment Examples/digits/gru.json -o out --method direct
      """)

  @Argument(help: "The trained model: model.json or its folder.", completion: .file())
  var model: String
  @Option(help: "The experiment file: data, penalties, epochs.", completion: .file())
  var experiment: String
  @Option(name: [.customShort("o"), .long], help: "The model folder; replaced whole.")
  var output: String
  @Option(help: "admm, projection or direct (default: as the experiment says).")
  var method: CompressionMethod?
  @Option(
    help:
      "One structure for all of those matrices: block-circulant:L or bank-balanced:B:K (default: as the experiment says).",
    transform: { try MatrixStructure(text: $0) })
  var structure: MatrixStructure?
  @Option(
    help: "The same as --structure block-circulant:L (\(Limits<Int>.block)).",
    transform: Limits<Int>.block.read)
  var block: Int?
  @OptionGroup var source: DataOptions
  @OptionGroup var dryRun: DryRunOption
  @OptionGroup var printing: OutputOptions

  func validate() throws {
    if structure != nil, block != nil {
      throw ValidationError("give --structure or --block, not both")
    }
    if let block { _ = try Self.circulant(block) }
  }

  private static func circulant(_ block: Int) throws -> MatrixStructure {
    do {
      return try MatrixStructure(text: "block-circulant:\(block)")
    } catch {
      throw ValidationError("--block: \(error)")
    }
  }

  func run() throws {
    try source.enterLevel()
    try Frontend.run(
      CompressStage(
        model: URL(fileURLWithPath: model), experiment: URL(fileURLWithPath: experiment),
        output: URL(fileURLWithPath: output), method: method,
        structure: try block.map(Self.circulant) ?? structure, seed: source.seed,
        data: source.dataURL, reproducible: source.reproducible), printing, dryRun)
  }
}

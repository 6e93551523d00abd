import ArgumentParser
import Foundation
import RNNDriver

struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize",
    abstract: "Gives a model fixed-point formats from observed ranges, then fine-tunes.",
    discussion: """
      Observes the range of every value on the training data, chooses formats, and fine-tunes \
      with rounding in the forward pass and straight-through gradients. The weights of the result \
      lie exactly on their grids, and the accuracy that is printed is that of the integer model, \
      the one that the hardware has to equal bit for bit.

      EXAMPLES
        rnnc quantize build/gru/circulant --experiment Examples/digits/gru.json -o build/gru/quantized
        rnnc quantize build/gru/circulant --experiment Examples/digits/gru.json -o out --bits 10
      """)

  @Argument(help: "The float model: model.json or its folder.", completion: .file())
  var model: String
  @Option(help: "The experiment file: data, widths, epochs.", completion: .file())
  var experiment: String
  @Option(name: [.customShort("o"), .long], help: "The model folder; replaced whole.")
  var output: String
  @Option(help: "Bits of weights, activations and states (default: as the experiment says).")
  var bits: Int?
  @OptionGroup var source: DataOptions
  @OptionGroup var dryRun: DryRunOption
  @OptionGroup var printing: OutputOptions

  func run() throws {
    try Frontend.run(
      QuantizeStage(
        model: URL(fileURLWithPath: model), experiment: URL(fileURLWithPath: experiment),
        output: URL(fileURLWithPath: output), bits: bits, seed: source.seed, data: source.dataURL),
      printing, dryRun)
  }
}

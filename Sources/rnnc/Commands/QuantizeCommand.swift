import ArgumentParser
import Foundation
import RNNDriver
import RNNSupport

struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize",
    abstract: "Gives a model fixed-point formats from observed ranges; may fine-tune it.",
    discussion: """
      With --experiment: observes the range of every value on the training data, chooses formats, and \
      fine-tunes with rounding in the forward pass and straight-through gradients. The weights of the \
      result lie exactly on their grids, and the accuracy that is printed is that of the integer model, \
      the one that the hardware has to equal bit for bit.

      Without: formats from a few sequences of features, .npy files of shape (steps, inputs) or \
      (sequences, steps, inputs), for a network that was trained elsewhere. Nothing is trained. The \
      sequences are those of --calibration, or else those of `rnnc import --expect-input`. It ends with the errors of the integers against the float network and, where they are known, the \
      original's outputs: those given to `rnnc import`, or here. They come along to `rnnc cosim`. A \
      model that needs whole sequences becomes one quantized model for each part.

      EXAMPLES
        rnnc quantize build/gru/circulant --experiment Examples/digits/gru.json -o build/gru/quantized
        rnnc quantize build/gru/circulant --experiment Examples/digits/gru.json -o out --bits 10
        rnnc quantize build/imported --calibration features.npy -o out --weight-bits 8 --value-bits 12
      """)

  @Argument(help: "The float model: its folder, model.json or sequence.json.", completion: .file())
  var model: String
  @Option(help: "The experiment file: data, widths, epochs.", completion: .file())
  var experiment: String?
  @Option(help: "Features as .npy; may be repeated.", completion: .file())
  var calibration: [String] = []
  @Option(name: [.customShort("o"), .long], help: "The model folder; replaced whole.")
  var output: String
  @Option(
    help:
      "Bits of weights, values and states (default: as the experiment says, or 16; \(Limits<Int>.bits)).",
    transform: Limits<Int>.bits.read)
  var bits: Int?
  @Option(help: "Bits of weights (\(Limits<Int>.bits)).", transform: Limits<Int>.bits.read)
  var weightBits: Int?
  @Option(
    help:
      "Bits of what is stored and multiplied at run time, input and output included (\(Limits<Int>.bits)).",
    transform: Limits<Int>.bits.read)
  var valueBits: Int?
  @Option(
    help:
      "Bits of states that no matrix multiplies (default without an experiment: as values; \(Limits<Int>.bits)).",
    transform: Limits<Int>.bits.read)
  var stateBits: Int?
  @Option(help: "Measure the errors on this .npy file.", completion: .file())
  var expectInput: String?
  @Option(help: "What the original gave for it, as .npy.", completion: .file())
  var expectOutput: String?
  @OptionGroup var source: DataOptions
  @OptionGroup var dryRun: DryRunOption
  @OptionGroup var printing: OutputOptions

  func validate() throws {
    if experiment != nil, !calibration.isEmpty {
      throw ValidationError("give either --experiment FILE.json or --calibration FILE.npy")
    }
    if experiment == nil, source.data != nil || source.seed != nil || source.reproducible {
      throw ValidationError("--data, --seed and --reproducible belong to --experiment")
    }
    if experiment != nil, expectInput != nil {
      throw ValidationError("--expect-input is for networks that are not fine-tuned")
    }
    if expectOutput != nil, expectInput == nil {
      throw ValidationError("--expect-output needs --expect-input")
    }
    if bits != nil, weightBits != nil || valueBits != nil || stateBits != nil {
      throw ValidationError("--bits stands for --weight-bits, --value-bits and --state-bits")
    }
  }

  func run() throws {
    try source.enterLevel()
    func url(_ path: String) -> URL { URL(fileURLWithPath: path) }
    try Frontend.run(
      QuantizeStage(
        model: url(model),
        source: experiment.map { .experiment(url($0), seed: source.seed, data: source.dataURL) }
          ?? .calibration(calibration.map(url)),
        output: url(output),
        widths: .init(
          weights: bits ?? weightBits, values: bits ?? valueBits, states: bits ?? stateBits),
        reproducible: source.reproducible,
        expected: expectInput.map { (url($0), expectOutput.map(url)) }),
      printing, dryRun)
  }
}

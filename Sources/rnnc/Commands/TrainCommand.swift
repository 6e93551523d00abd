import ArgumentParser
import Foundation
import RNNDriver

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a float network as an experiment file says.",
    discussion: """
      Reads labelled recordings, computes their features, trains, and writes a model folder: \
      model.json, model.safetensors, and the learning curve as record.json and curve.svg. After every epoch \
      a checkpoint is kept beside the folder; after Ctrl-C, or a crash, the same command goes on \
      from it and ends in the same bits as a run that never stopped, if the processor is of the same \
      kind (--reproducible: any x86-64).

      EXAMPLES
        rnnc train Examples/digits/gru.json -o build/gru/float
        rnnc train Examples/digits/lstm.json -o build/lstm/float --seed 7
        rnnc train my.json -o out/float --data recordings/ --json
      """)

  @Argument(help: "The experiment file.", completion: .file())
  var experiment: String
  @Option(name: [.customShort("o"), .long], help: "The model folder; replaced whole.")
  var output: String
  @OptionGroup var source: DataOptions
  @OptionGroup var dryRun: DryRunOption
  @OptionGroup var printing: OutputOptions

  func run() throws {
    try source.enterLevel()
    try Frontend.run(
      TrainStage(
        experiment: URL(fileURLWithPath: experiment), output: URL(fileURLWithPath: output),
        seed: source.seed, data: source.dataURL, reproducible: source.reproducible), printing,
      dryRun)
  }
}

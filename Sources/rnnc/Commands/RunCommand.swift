import ArgumentParser
import Foundation
import RNNDriver

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs a float network on features.",
    discussion: """
      Computes in double precision with the stored weights; a quantized model rounds its values as \
      its formats say. The input is an .npy file of shape (steps, inputs) or (sequences, steps, \
      inputs). Outputs have the same axes; with --last, or where the model itself takes one step, the \
      axis of steps is missing. With --lengths, steps after the end of a sequence give zeros.

      EXAMPLES
        rnnc run build/imported --input features.npy
        rnnc run build/imported --input features.npy -o outputs.npy --last
        rnnc run build/imported --input padded.npy --lengths lengths.npy -o outputs.npy
      """)

  @Argument(help: "The model: its folder, model.json or sequence.json.", completion: .file())
  var model: String
  @Option(help: "Features as .npy.", completion: .file())
  var input: String
  @Option(name: [.customShort("o"), .long], help: "The outputs as .npy (float32).")
  var output: String?
  @Option(help: "The length of each sequence as .npy of whole numbers.", completion: .file())
  var lengths: String?
  @Flag(help: "Give only the last step of each sequence.")
  var last = false
  @OptionGroup var dryRun: DryRunOption
  @OptionGroup var printing: OutputOptions

  func run() throws {
    try Frontend.run(
      RunStage(
        model: URL(fileURLWithPath: model), input: URL(fileURLWithPath: input),
        output: output.map { URL(fileURLWithPath: $0) },
        lengths: lengths.map { URL(fileURLWithPath: $0) }, isLast: last), printing, dryRun)
  }
}

import ArgumentParser
import Foundation
import RNNDriver
import RNNSupport

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Reads a network that another program trained.",
    discussion: """
      Reads ONNX (.onnx), Keras (.keras, .h5, .hdf5), the JSON of RTNeural (.json), a PyTorch \
      state_dict (.safetensors with --architecture) and frozen graphs in which Keras wrote a GRU (.pb). The result is a model folder like that of \
      `rnnc train`, so quantize, compile and cosim follow; a network that needs whole sequences \
      (bidirectional or reverse layers) or has branches, attention or softmax becomes a folder of \
      such models, which `rnnc run` joins.

      Every option of the file is honoured or refused: an error names the node, the attribute, its \
      value and the remedy. docs/formats/import.md lists them all.

      EXAMPLES
        rnnc import model.onnx -o build/imported
        rnnc import model.onnx -o out --expect-input x.npy --expect-output y.npy --tolerance 1e-5
        rnnc import weights.safetensors --architecture modules.json -o out
        rnnc import model.weights.h5 --architecture model.json -o out
        rnnc import case/model.onnx -o out --constant W=case/input_1.pb --constant R=case/input_2.pb
      """)

  @Argument(help: "The file; its ending says which kind it is.", completion: .file())
  var file: String
  @Option(name: [.customShort("o"), .long], help: "The model folder; replaced whole.")
  var output: String
  @Option(help: "The name of the design (default: that of the file).")
  var name: String?
  @Option(help: "NAME=FILE: a tensor (.npy, .pb) for an input of an ONNX graph; may be repeated.")
  var constant: [String] = []
  @Option(help: "The data input of an ONNX graph (default: the first one).")
  var input: String?
  @Option(help: "What the tensors of a .safetensors or .h5 file belong to.", completion: .file())
  var architecture: String?
  @Option(help: "What the original read (.npy, .pb), in its own layout.", completion: .file())
  var expectInput: String?
  @Option(help: "What the original gave for it.", completion: .file())
  var expectOutput: String?
  @Option(
    help: "Fail if the maximal error against it is greater (\(Limits<Double>.tolerance)).",
    transform: Limits<Double>.tolerance.read)
  var tolerance: Double?
  @OptionGroup var dryRun: DryRunOption
  @OptionGroup var printing: OutputOptions

  func validate() throws {
    if (expectInput == nil) != (expectOutput == nil) {
      throw ValidationError("give --expect-input and --expect-output together")
    }
    if tolerance != nil, expectInput == nil {
      throw ValidationError("--tolerance needs --expect-input and --expect-output")
    }
    for text in constant where !text.dropFirst().contains("=") {
      throw ValidationError("--constant \(text) is not NAME=FILE")
    }
  }

  func run() throws {
    let constants = constant.map { text -> (name: String, file: URL) in
      // A name may contain "="; a path rarely does.
      let cut = text.lastIndex(of: "=") ?? text.endIndex
      return (String(text[..<cut]), URL(fileURLWithPath: String(text[text.index(after: cut)...])))
    }
    var expected: (input: URL, output: URL)?
    if let expectInput, let expectOutput {
      expected = (URL(fileURLWithPath: expectInput), URL(fileURLWithPath: expectOutput))
    }
    try Frontend.run(
      ImportStage(
        file: URL(fileURLWithPath: file), output: URL(fileURLWithPath: output), name: name,
        constants: constants, input: input,
        architecture: architecture.map { URL(fileURLWithPath: $0) }, expected: expected,
        tolerance: tolerance), printing, dryRun)
  }
}

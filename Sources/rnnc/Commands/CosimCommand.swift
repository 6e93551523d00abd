import ArgumentParser
import Foundation
import RNNDriver
import RNNSupport

extension CosimStage.Flow: ExpressibleByArgument {}

struct CosimCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cosim",
    abstract: "Runs the Verilog on real input and compares every value and every cycle.",
    discussion: """
      Builds the design with Verilator and feeds it the input back to back. Compared with the \
      integer reference: every output value and the cycle in which it appears, every handshake \
      signal in every cycle, TLAST, and the named values inside. Six passes: no, random and long \
      back-pressure, each with two seeds of random initial register values. The first mismatch \
      is shown with sequence, step, name, element, expected and got, and the exit status is 1.

      Input is an .npy file of shape (frames, inputs) or (sequences, frames, inputs), floats for \
      features or integers for codes; or a folder of labelled recordings, of which the test split \
      is fed; or neither, for the sequences that came along from `rnnc import` or `rnnc \
      quantize`. Where the float network came along, the errors of float, integers and Verilog \
      against each other and the original are shown. The result is also written to BUILD/cosim.json, and BUILD/bench gets golden vectors \
      with a C++ and a cocotb bench that need nothing of rnnc.

      EXAMPLES
        rnnc cosim build/gru-rtl --data Examples/digits/recordings
        rnnc cosim build/gru-rtl --input features.npy --flow free
        rnnc cosim build/imported-rtl
        rnnc cosim build/gru-rtl --data Examples/digits/recordings --limit 4 --trace wave.fst
      """)

  @Argument(help: "The folder that `rnnc compile` wrote.", completion: .directory)
  var build: String
  @Option(help: "Features or codes as .npy.", completion: .file())
  var input: String?
  @Option(help: "Labelled recordings: a folder or a .tsv list.")
  var data: String?
  @Option(
    help: "Feed at most so many sequences, spread over the input (\(Limits<Int>.count)).",
    transform: Limits<Int>.count.read)
  var limit: Int?
  @Option(help: "all (six passes) or free (one, without back-pressure).")
  var flow = CosimStage.Flow.all
  @Option(
    help:
      "At most so many sequences in the passes after the first, which has all (\(Limits<Int>.count)).",
    transform: Limits<Int>.count.read)
  var stressLimit: Int?
  @Option(
    help: "Seeds back-pressure and initial register values (default: 1; \(Limits<UInt64>.seed)).",
    transform: Limits<UInt64>.seed.read)
  var seed: UInt64 = 1
  @Flag(help: "Count switching activity into BUILD/activity.json, for `rnnc energy`.")
  var activity = false
  @Option(help: "Write a waveform (FST) of the first sequence.", completion: .file())
  var trace: String?
  @OptionGroup var dryRun: DryRunOption
  @OptionGroup var printing: OutputOptions

  func validate() throws {
    if input != nil, data != nil {
      throw ValidationError("give either --input FILE.npy or --data FOLDER")
    }
  }

  func run() throws {
    let source: CosimStage.Input =
      input.map { .array(URL(fileURLWithPath: $0)) }
      ?? data.map { .recordings(URL(fileURLWithPath: $0)) } ?? .kept
    try Frontend.run(
      CosimStage(
        build: URL(fileURLWithPath: build), input: source, limit: limit, flow: flow,
        stressLimit: stressLimit, seed: seed,
        activity: activity, trace: trace.map { URL(fileURLWithPath: $0) }), printing, dryRun)
  }
}

import ArgumentParser
import Foundation
import RNNBilinear
import RNNDriver
import RNNSupport

struct CompileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile",
    abstract: "Compiles a quantized model to SystemVerilog with a static schedule.",
    discussion: """
      Writes a build folder: rtl/ (generated and library modules), mem/ (weight and table images \
      for $readmemh), sim/ (the top that cosim simulates), a FuseSoC core, a copy of the model, \
      and manifest.json with the hash of every file. The top has AXI4-Stream ports; TLAST ends a \
      sequence and clears its state; with several streams TID says whose. The same model and options give the same bytes.

      Without --device there is no resource limit and the compiler picks a small number of lanes; \
      with it, the design that needs the fewest cycles a frame of those that fit. A device that is too small is an error that names what \
      runs out. Clock rates are assumptions: no vendor tool has placed this design.

      With --frames-per-second or --latency (or both) it looks for the smallest design that reaches \
      them at the clock given: the fewest multipliers, among those the least block RAM, then LUTs, \
      then flip-flops. The rate is that of all streams together; that of one stream alone is \
      printed beside it. If no design reaches them, the error says which resource binds, and which rate, clock \
      or device would do.

      EXAMPLES
        rnnc compile build/demo/gru/quantized/model.json -o build/gru-rtl
        rnnc compile model.json -o out --name keyword_gru --device XC7A100T --clock 150
        rnnc compile model.json -o out --device XC7VX690T --clock 200 --streams 2
        rnnc compile model.json -o out --device LFE5U-25F --clock 50 --frames-per-second 16000
        rnnc compile model.json -o out --latency 20
        rnnc compile model.json -o out --streams 3 --control axi-lite
        rnnc compile model.json -o out --device iCE40UP5K --engine sequential --clock 12
        rnnc compile model.json -o out --lanes 4 --dry-run
      """)

  @Argument(help: "The quantized model.json; its weights lie beside it.", completion: .file())
  var model: String
  @Option(name: [.customShort("o"), .long], help: "The build folder; replaced whole.")
  var output: String
  @Option(help: "The name of the top module.")
  var name = "rnn"
  @Option(help: "The device that the design must fit, such as XC7A100T.")
  var device: String?
  @Option(
    help: "The clock in MHz, for rates and energy (default: 100; \(Limits<Double>.megahertz)).",
    transform: Limits<Double>.megahertz.read)
  var clock = 100.0
  @Option(
    help:
      "Look for the smallest design that takes so many frames a second, all streams together (\(Limits<Double>.framesPerSecond)).",
    transform: Limits<Double>.framesPerSecond.read)
  var framesPerSecond: Double?
  @Option(
    help: ArgumentHelp(
      "Look for the smallest design whose frames take at most so long from the first input beat to the last output beat (\(Limits<Double>.microseconds)).",
      valueName: "microseconds"), transform: Limits<Double>.microseconds.read)
  var latency: Double?
  @Option(
    help:
      "What multiplies: lanes (an array with a static schedule), or sequential (one multiplier that runs a program; for the smallest devices)."
  )
  var engine = CompileRequest.Engine.lanes
  @Option(
    help: "Lanes of the product array (default: chosen by the compiler; \(Limits<Int>.lanes)).",
    transform: Limits<Int>.lanes.read)
  var lanes: Int?
  @Option(
    help:
      "Block columns that are multiplied in the same cycle (default: 1, or chosen for --device; \(Limits<Int>.columnGroups)).",
    transform: Limits<Int>.columnGroups.read)
  var columnGroups: Int?
  @Option(
    help:
      "Lanes that drain in the same cycle (default: the fewest for which no pass waits; \(Limits<Int>.drainChains)).",
    transform: Limits<Int>.drainChains.read)
  var drainChains: Int?
  @Option(
    help:
      "Multipliers of a lane for networks without circulant matrices (default: 8; \(Limits<Int>.parallel)).",
    transform: Limits<Int>.parallel.read)
  var denseMultipliers = 8
  @Option(
    help:
      "Elements that each element-wise datapath takes per cycle (default: 1, or chosen for --device; \(Limits<Int>.parallel)).",
    transform: Limits<Int>.parallel.read)
  var elementsPerStep: Int?
  @Option(
    help:
      "Sequences in flight, each with states of its own: TID names the one of a frame; their frames fill what one leaves idle (default: 1; \(Limits<Int>.streams)).",
    transform: Limits<Int>.streams.read)
  var streams = 1
  @Option(
    help:
      "How products with circulant blocks of 8 and 16 are computed: exact, or fourier (fewer multipliers, rounded; the reference rounds alike). Written into the build's copy of the model (default: as the model says)."
  )
  var transform: BlockTransform?
  @Option(
    help:
      "The port beside the streams: none, or axi-lite (identification, status; clears, saves and loads the states of a stream)."
  )
  var control = CompileRequest.Control.none
  @Option(
    help:
      "Registers between operators: deep, one behind every memory and addition, or shallow (default: what the device's fabric wants; without a device shallow)."
  )
  var pipelining: Pipelining?
  @Option(
    help: "Elements in one beat of the input stream (default: 1; \(Limits<Int>.parallel)).",
    transform: Limits<Int>.parallel.read)
  var inputBeat = 1
  @Option(
    help:
      "Elements in one beat of the output stream (default: what a datapath gives; \(Limits<Int>.parallel)).",
    transform: Limits<Int>.parallel.read)
  var outputBeat: Int?
  @OptionGroup var dryRun: DryRunOption
  @OptionGroup var printing: OutputOptions

  func run() throws {
    let options = CompileRequest(
      name: name, device: device, clockMegahertz: clock, engine: engine, lanes: lanes,
      columnGroups: columnGroups, drainChains: drainChains, denseMultipliers: denseMultipliers,
      elementsPerStep: elementsPerStep,
      inputElementsPerBeat: inputBeat, outputElementsPerBeat: outputBeat, streams: streams,
      transform: transform, framesPerSecond: framesPerSecond, latencyMicroseconds: latency,
      control: control, pipelining: pipelining)
    try Frontend.run(
      CompileStage(
        model: URL(fileURLWithPath: model), output: URL(fileURLWithPath: output), request: options),
      printing, dryRun)
  }
}

extension BlockTransform: ExpressibleByArgument {}
extension CompileRequest.Control: ExpressibleByArgument {}
extension Pipelining: ExpressibleByArgument {}
extension CompileRequest.Engine: ExpressibleByArgument {}

import ArgumentParser
import Foundation
import RNNBilinear
import RNNCodegen
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
  @Option(.name) var name: JSONValue?
  @Option(.device) var device: JSONValue?
  @Option(.clock) var clock: JSONValue?
  @Option(.framesPerSecond) var framesPerSecond: JSONValue?
  @Option(.latency) var latency: JSONValue?
  @Option(.engine) var engine: JSONValue?
  @Option(.lanes) var lanes: JSONValue?
  @Option(.columnGroups) var columnGroups: JSONValue?
  @Option(.drainChains) var drainChains: JSONValue?
  @Option(.denseMultipliers) var denseMultipliers: JSONValue?
  @Option(.elementsPerStep) var elementsPerStep: JSONValue?
  @Option(.streams) var streams: JSONValue?
  @Option(
    help:
      "How products with circulant blocks of 8 and 16 are computed: exact, or fourier (fewer multipliers, rounded; the reference rounds alike). Written into the build's copy of the model (default: as the model says)."
  )
  var transform: BlockTransform?
  @Option(.control) var control: JSONValue?
  @Option(.pipelining) var pipelining: JSONValue?
  @Option(.inputBeat) var inputBeat: JSONValue?
  @Option(.outputBeat) var outputBeat: JSONValue?
  @OptionGroup var dryRun: DryRunOption
  @OptionGroup var printing: OutputOptions

  func run() throws {
    let options = try Frontend.asked {
      try CompileOptions(given: [
        (.name, name), (.device, device), (.clock, clock), (.framesPerSecond, framesPerSecond),
        (.latency, latency), (.engine, engine), (.lanes, lanes), (.columnGroups, columnGroups),
        (.drainChains, drainChains), (.denseMultipliers, denseMultipliers),
        (.elementsPerStep, elementsPerStep), (.streams, streams), (.control, control),
        (.pipelining, pipelining), (.inputBeat, inputBeat), (.outputBeat, outputBeat),
      ])
    }
    try Frontend.run(
      CompileStage(
        model: URL(fileURLWithPath: model), output: URL(fileURLWithPath: output), options: options,
        transform: transform),
      printing, dryRun)
  }
}

extension Option where Value == JSONValue? {
  /// A flag for an option of the compiler, with its help and its legal values.
  fileprivate init(_ option: CompileOption) {
    self.init(
      name: .customLong(option.flag),
      help: ArgumentHelp("\(option.help)", valueName: option.valueName ?? option.flag),
      transform: { text in
        guard let value = option.parse(text) else { throw ValidationError("give \(option.legal)") }
        return value
      })
  }
}

extension BlockTransform: ExpressibleByArgument {}

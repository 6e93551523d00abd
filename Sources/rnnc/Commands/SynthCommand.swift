import ArgumentParser
import Foundation
import RNNDriver
import RNNSupport

struct SynthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synth",
    abstract: "Counts the resources of a build with Yosys; places and routes where open tools can.",
    discussion: """
      Multipliers, block RAM, LUTs and flip-flops of the emitted files stand beside the estimate \
      that `rnnc compile` works with. For Xilinx devices lanes and other repeated modules are \
      synthesized once and multiplied, so that thousands of multipliers take minutes; no open \
      tool places them, so their clock rates stay assumptions.

      For ECP5 and iCE40 UltraPlus nextpnr places and routes as well. The result names the \
      greatest clock rate, the units on the slowest path and what is in use of the chip, and \
      BUILD/synth holds a bitstream. The design sits behind a serializer of ten pins, because its \
      streams are wider than the packages; all its paths are still timed between registers.

      The result is also written to BUILD/synth.json. The exit status is 1 if a resource of the \
      device does not suffice.

      EXAMPLES
        rnnc synth build/gru-rtl --device LFE5U-25F
        rnnc synth build/gru-rtl --device XC7A100T
        rnnc synth build/gru-rtl --no-place --json
      """)

  @Argument(help: "The folder that `rnnc compile` wrote.", completion: .directory)
  var build: String
  @Option(help: "The device (default: the one that the build was compiled for).")
  var device: String?
  @Flag(inversion: .prefixedNo, help: "Place and route on devices that have an open flow.")
  var place = true
  @Option(
    help:
      "Clock in MHz that the placer works toward (default: that of the build; \(Limits<Double>.megahertz)).",
    transform: Limits<Double>.megahertz.read)
  var clock: Double?
  @Option(
    help: "Seed of the placer (default: 1; \(Limits<Int>.placerSeed)).",
    transform: Limits<Int>.placerSeed.read)
  var seed = 1
  @Option(help: "Pin constraints: .lpf for ECP5, .pcf for iCE40 (default: any pins).")
  var pins: String?
  @OptionGroup var dryRun: DryRunOption
  @OptionGroup var printing: OutputOptions

  func run() throws {
    try Frontend.run(
      SynthStage(
        build: URL(fileURLWithPath: build), device: device, place: place, clockMegahertz: clock,
        seed: seed, pins: pins.map { URL(fileURLWithPath: $0) }), printing, dryRun)
  }
}

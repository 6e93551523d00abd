import ArgumentParser
import Foundation
import RNNDriver
import RNNSupport

struct EnergyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "energy",
    abstract: "Estimates the energy per frame of a build, with bands and sources.",
    discussion: """
      An estimate, never a measurement: counts of multiplications, memory accesses and register \
      and net toggles, times coefficients that each carry a source and a band. Toggles come from \
      BUILD/activity.json, which `rnnc cosim --activity` counts on real input; without it a \
      default rate is assumed and said. Figures are for the chip, not for a board, at the peak \
      rate and at the rate that the task needs.

      EXAMPLES
        rnnc energy build/gru-rtl
        rnnc energy build/gru-rtl --device XC7A100T --rate 50
        rnnc energy build/gru-rtl --clock 200 --json
      """)

  @Argument(help: "The folder that `rnnc compile` wrote.", completion: .directory)
  var build: String
  @Option(help: "A device to estimate for; may be repeated (default: five from large to small).")
  var device: [String] = []
  @Option(
    help:
      "The frames per second that the task needs (default: 100; \(Limits<Double>.framesPerSecond)).",
    transform: Limits<Double>.framesPerSecond.read)
  var rate = 100.0
  @Option(
    help:
      "One clock in MHz for all devices (default: the one assumed for each device; \(Limits<Double>.megahertz)).",
    transform: Limits<Double>.megahertz.read)
  var clock: Double?
  @OptionGroup var dryRun: DryRunOption
  @OptionGroup var printing: OutputOptions

  func run() throws {
    try Frontend.run(
      EnergyStage(
        build: URL(fileURLWithPath: build), devices: device, framesPerSecond: rate,
        clockMegahertz: clock), printing, dryRun)
  }
}

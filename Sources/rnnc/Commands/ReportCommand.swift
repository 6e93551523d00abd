import ArgumentParser
import Foundation
import RNNDriver

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Writes one self-contained HTML page about one or more networks.",
    discussion: """
      Pictures first, the numbers under them: learning curves, accuracy of every stage, ADMM \
      residuals, where the cycles and the energy go, resources, formats, what cosimulation \
      compared. Each folder stands for one network and holds what the stages wrote: float, \
      circulant, quantized (model folders) and rtl (a build folder). The page has no scripts and \
      loads nothing.

      EXAMPLES
        rnnc report build/demo/gru build/demo/lstm -o build/report.html
        rnnc report build/keyword -o keyword.html --title "Keyword spotter"
      """)

  @Argument(help: "The folders of the networks.", completion: .directory)
  var networks: [String]
  @Option(name: [.customShort("o"), .long], help: "The HTML file.")
  var output: String
  @Option(help: "The page's title.")
  var title = "Recurrent networks in hardware"
  @OptionGroup var dryRun: DryRunOption
  @OptionGroup var printing: OutputOptions

  func validate() throws {
    if networks.isEmpty { throw ValidationError("give at least one network's folder") }
  }

  func run() throws {
    try Frontend.run(
      ReportStage(
        networks: networks.map { URL(fileURLWithPath: $0) }, output: URL(fileURLWithPath: output),
        title: title), printing, dryRun)
  }
}

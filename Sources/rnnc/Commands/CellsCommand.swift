import ArgumentParser
import RNNDriver

struct CellsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cells",
    abstract: "Lists the kinds of layer, or the options of one.",
    discussion: """
      A layer of an experiment or a model names its cell and the cell's options. The standard of an \
      option stands in brackets where it is one of several words.

      EXAMPLES
        rnnc cells
        rnnc cells momentum-lstm
        rnnc cells sbo --json
      """)

  @Argument(help: "A cell; all of them if left away.")
  var name: String?
  @OptionGroup var output: OutputOptions

  func run() throws { try Frontend.run(CellsStage(name: name), output) }
}

import ArgumentParser
import Foundation

/// How results are printed.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print the result as JSON on standard output.")
  var json = false
}

/// `--dry-run`.
struct DryRunOption: ParsableArguments {
  @Flag(help: "Only print what would be run, read and written.")
  var dryRun = false
}

/// The data and the random choices of everything that trains.
struct DataOptions: ParsableArguments {
  @Option(help: "The recordings: a folder or a .tsv list (default: as the experiment says).")
  var data: String?
  @Option(help: "Seeds all random choices (default: as the experiment says).")
  var seed: UInt64?

  var dataURL: URL? { data.map { URL(fileURLWithPath: $0) } }
}

import ArgumentParser
import Foundation
import RNNSupport
import RNNTensor

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
  @Option(
    help: "Seeds all random choices (default: as the experiment says; \(Limits<UInt64>.seed)).",
    transform: Limits<UInt64>.seed.read)
  var seed: UInt64?

  @Flag(
    help:
      "Compute with instructions that every x86-64 processor has, in four threads: the same seed then gives the same bits on all of them, though it takes longer."
  )
  var reproducible = false

  /// Continues at the common level of arithmetic if it is asked for; to be called before any work.
  func enterLevel() throws {
    guard reproducible, let reason = Arithmetic.enterCommonLevel(arguments: CommandLine.arguments)
    else { return }
    throw ValidationError("--reproducible is not possible here: \(reason)")
  }

  var dataURL: URL? { data.map { URL(fileURLWithPath: $0) } }
}

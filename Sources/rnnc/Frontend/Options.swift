import ArgumentParser

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

internal import RNNCosim

extension CosimSummary {
  /// What the report shows of a record.
  package init(_ record: CosimRecord) {
    var patterns: [String] = []
    var seeds: [Int] = []
    for pass in record.passes {
      let kind = pass.source.split(separator: " ").first.map(String.init) ?? pass.source
      let word = ["always": "none", "random": "random", "stalls": "long"][kind] ?? kind
      if !patterns.contains(word) { patterns.append(word) }
      if !seeds.contains(pass.resetSeed) { seeds.append(pass.resetSeed) }
    }
    self.init(
      sequences: record.sequences, frames: record.frames,
      valuesCompared: record.valuesCompared + record.probeValuesCompared,
      valueMismatches: record.valueMismatches + record.otherMismatches
        + (record.control?.mismatches ?? 0),
      cyclesCompared: record.cycles, cycleMismatches: record.cycleMismatches,
      sameClass: record.sameClassAsReference, patterns: patterns, seeds: seeds,
      firstMismatch: record.firstMismatch ?? record.control?.firstMismatch ?? "")
  }
}

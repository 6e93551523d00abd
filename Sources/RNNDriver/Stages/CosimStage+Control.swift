internal import RNNCosim
internal import RNNGraph
internal import RNNReference

/// The check of the control port, for designs that have one.
extension CosimStage {
  func checkControl(
    _ simulator: Cosimulator, sequences: [[[Int64]]], graph: IntegerGraph
  ) throws -> ControlCheck? {
    guard simulator.design.hasControl else { return nil }
    return try simulator.checkControl(
      sequences: sequences, makeReference: { try ReferenceModel(graph) })
  }
}

extension ControlCheck {
  var text: String {
    let found = firstMismatch.map { "\n  first: \($0)" } ?? ""
    return
      "control port: states saved, loaded and cleared between \(frames) frames; \(codesCompared) codes compared, "
      + "\(mismatches) mismatches\(found)"
  }
}

internal import RNNCosim
internal import RNNSupport

extension ControlCheck {
  var text: String {
    let found = firstMismatch.map { "\n  first: \($0)" } ?? ""
    return
      "control port: states saved, loaded and cleared between \(frames) frames; \(codesCompared) codes compared, "
      + "\(mismatches) mismatches\(found)"
  }
}

/// A finding about the user's model, configuration or data.
///
/// A stage appends every finding to a `DiagnosticSink` and throws once at its end, so that a user
/// sees all that is wrong in one run.
package struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
  /// Whether a finding stops the stage.
  package enum Severity: String, Sendable { case error, warning }
  package var severity: Severity
  /// The stage that found it, such as `compile`.
  package var stage: String
  /// Where it is, such as `layers[1].gate.z.weight` or `model.json:/layers/0/hidden`.
  package var path: String
  /// What is wrong with concrete values: lower case, no full stop.
  package var message: String
  /// What to do about it.
  package var fix: String

  package init(
    _ severity: Severity = .error, stage: String, path: String, message: String, fix: String
  ) {
    self.severity = severity
    self.stage = stage
    self.path = path
    self.message = message
    self.fix = fix
  }

  package var description: String {
    "\(severity.rawValue): \(Messages.part(path)): \(Messages.part(message)); \(Messages.part(fix))"
  }
}

/// The error that a stage throws after it has collected at least one error diagnostic.
package struct DiagnosticsEmitted: Error, Sendable, CustomStringConvertible {
  package var diagnostics: [Diagnostic]
  package init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }
  package init(_ diagnostic: Diagnostic) { self.diagnostics = [diagnostic] }
  package var description: String {
    let isLong = diagnostics.count > Messages.mostFindings
    // Errors alone where there are many, so that no number of warnings hides one.
    let lines = (isLong ? diagnostics.filter { $0.severity == .error } : diagnostics)
      .prefix(Messages.mostFindings)
    let rest = diagnostics.count - lines.count
    return (lines.map(\.description) + (rest > 0 ? ["and \(rest) more"] : []))
      .joined(separator: "\n")
  }
}

/// Collects diagnostics of one stage.
package struct DiagnosticSink: Sendable {
  package let stage: String
  package private(set) var diagnostics: [Diagnostic] = []
  package init(stage: String) { self.stage = stage }

  /// Notes a finding that will stop the stage.
  package mutating func error(_ path: String, _ message: String, fix: String) {
    diagnostics.append(Diagnostic(.error, stage: stage, path: path, message: message, fix: fix))
  }
  /// Notes a finding that the user should know of.
  package mutating func warning(_ path: String, _ message: String, fix: String) {
    diagnostics.append(Diagnostic(.warning, stage: stage, path: path, message: message, fix: fix))
  }
  /// Throws `DiagnosticsEmitted` if any collected diagnostic is an error.
  package func throwIfErrors() throws {
    if diagnostics.contains(where: { $0.severity == .error }) {
      throw DiagnosticsEmitted(diagnostics)
    }
  }
}

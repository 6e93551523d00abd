/// A failure of the outside world: a file, a folder, a tool.
package struct ToolError: Error, Sendable, CustomStringConvertible {
  /// The kind of a failure, from which the exit code follows.
  package struct Code: Hashable, Sendable {
    private enum Kind: Hashable { case file, toolMissing, toolTooOld, toolFailed, interrupted }
    private var kind: Kind
    private init(_ kind: Kind) { self.kind = kind }
    package static let file = Code(.file)
    package static let toolMissing = Code(.toolMissing)
    package static let toolTooOld = Code(.toolTooOld)
    package static let toolFailed = Code(.toolFailed)
    package static let interrupted = Code(.interrupted)
  }
  package var code: Code
  /// What failed with the place and the value: lower case, no full stop.
  package var message: String
  /// What to do about it.
  package var hint: String
  /// The command line of a tool that failed, and the last lines it wrote to stderr.
  package var details: String?

  package init(_ code: Code, _ message: String, hint: String, details: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
    self.details = details
  }
  package var description: String {
    let tail = details.map { "\n" + Messages.lines($0) } ?? ""
    return "error: \(Messages.part(message, limit: 2000)); \(Messages.part(hint))\(tail)"
  }
}

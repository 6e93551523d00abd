/// Where long work says how far it is.
///
/// The command line draws a bar on a terminal and prints plain lines in a pipe; tests record.
package protocol ProgressSink: Sendable {
  /// Starts a named piece of work.
  func begin(_ title: String)
  /// Reports the done fraction in 0...1 with a short text, such as `epoch 3/40  loss 0.412`.
  ///
  /// `milestone` marks updates worth a line in a log, such as the end of an epoch.
  func update(_ fraction: Double, _ text: String, milestone: Bool)
  /// Ends the work that `begin` started with a short result, such as `97.3 % in 41 s`.
  func end(_ result: String)
  /// Says something that stays on the screen: a note or a warning.
  func note(_ text: String)
}

/// Progress that goes nowhere.
package struct SilentProgress: ProgressSink {
  package init() {}
  package func begin(_ title: String) {}
  package func update(_ fraction: Double, _ text: String, milestone: Bool) {}
  package func end(_ result: String) {}
  package func note(_ text: String) {}
}

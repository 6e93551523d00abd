import ArgumentParser
import RNNSupport

extension Limits {
  /// Reads the text of an option.
  ///
  /// - Throws: `ValidationError` that says what is legal.
  func read(_ text: String) throws -> Value {
    guard let value = parse(text) else { throw ValidationError("give \(description)") }
    return value
  }
}

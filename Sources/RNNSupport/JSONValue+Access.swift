extension JSONValue {
  /// The value of an integer.
  package var int: Int? { if case .int(let value) = self { value } else { nil } }
  /// The value of a number, whole or not.
  package var number: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }
  /// The value of a string.
  package var string: String? { if case .string(let value) = self { value } else { nil } }
  /// The elements of an array.
  package var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
}

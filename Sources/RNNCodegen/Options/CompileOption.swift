package import RNNSupport

/// One option of a compilation: what it is called, what it may be, and where it is kept.
///
/// The flags of `rnnc compile`, the arguments of its step, the members of a manifest and the checks are read from these.
package struct CompileOption: Sendable {
  /// The member of a manifest, and the last part of a diagnostic's path.
  package let key: String
  /// The flag of the command line without its dashes.
  package let flag: String
  /// What the help says, the legal values included.
  package let help: String
  /// What the help calls the value; nil takes the flag.
  package let valueName: String?
  /// The legal values as a person writes them, such as `1 to 64`.
  package let legal: String
  /// What a text on the command line says, as it stands in a manifest; nil for what is not legal.
  package let parse: @Sendable (String) -> JSONValue?
  /// Whether a manifest leaves the member away where nobody asked for it.
  let isOmitted: Bool
  /// What stands in a manifest; null where the compiler decides.
  let json: @Sendable (CompileOptions) -> JSONValue
  /// Takes what stands in a manifest; false for a value of the wrong kind.
  let take: @Sendable (inout CompileOptions, JSONValue) -> Bool
  let isLegal: @Sendable (CompileOptions) -> Bool

  /// An option that the compiler decides where nobody does.
  ///
  /// - Parameter standard: what happens where it is left away, in words; nil if nothing does.
  init<Value: CompileOptionValue>(
    _ key: String, flag: String, _ path: any WritableKeyPath<CompileOptions, Value?> & Sendable,
    _ limits: Limits<Value>, _ help: String, standard: String?, valueName: String? = nil
  ) {
    self.init(
      key, flag: flag, limits, help, standard: standard, valueName: valueName, isOmitted: false,
      get: { $0[keyPath: path] },
      set: { options, json in
        let value = Value(json: json)
        if value == nil, json != .null { return false }
        options[keyPath: path] = value
        return true
      })
  }

  /// An option that always has a value.
  init<Value: CompileOptionValue>(
    _ key: String, flag: String, _ path: any WritableKeyPath<CompileOptions, Value> & Sendable,
    _ limits: Limits<Value>, _ help: String, standard: String, isOmitted: Bool = false
  ) {
    self.init(
      key, flag: flag, limits, help, standard: standard, valueName: nil, isOmitted: isOmitted,
      get: { $0[keyPath: path] },
      set: { options, json in
        guard let value = Value(json: json) else { return false }
        options[keyPath: path] = value
        return true
      })
  }

  private init<Value: CompileOptionValue>(
    _ key: String, flag: String, _ limits: Limits<Value>, _ help: String, standard: String?,
    valueName: String?, isOmitted: Bool, get: @escaping @Sendable (CompileOptions) -> Value?,
    set: @escaping @Sendable (inout CompileOptions, JSONValue) -> Bool
  ) {
    self.key = key
    self.flag = flag
    let facts = [standard.map { "default: \($0)" } ?? "", limits.description].filter { !$0.isEmpty }
    self.help = facts.isEmpty ? "\(help)." : "\(help) (\(facts.joined(separator: "; ")))."
    self.valueName = valueName
    legal = limits.description
    parse = { limits.parse($0)?.json }
    self.isOmitted = isOmitted
    json = { get($0)?.json ?? .null }
    take = set
    isLegal = { get($0).map(limits.contains) ?? true }
  }

  /// The value as it is written on a command line.
  func text(of options: CompileOptions) -> String {
    switch json(options) {
    case .string(let word): word
    case .int(let number): "\(number)"
    case .double(let number): "\(number)"
    default: ""
    }
  }
}

/// What the value of an option can be.
package protocol CompileOptionValue: Hashable, Sendable {
  /// The value as it stands in a manifest.
  var json: JSONValue { get }
  /// Reads what stands in a manifest; nil for another kind.
  init?(json: JSONValue)
}

extension Int: CompileOptionValue {
  package var json: JSONValue { .int(self) }
  package init?(json: JSONValue) {
    guard case .int(let value) = json else { return nil }
    self = value
  }
}

extension Double: CompileOptionValue {
  package var json: JSONValue { .double(self) }
  package init?(json: JSONValue) {
    switch json {
    case .double(let value): self = value
    case .int(let value): self.init(value)
    default: return nil
    }
  }
}

extension String: CompileOptionValue {
  package var json: JSONValue { .string(self) }
  package init?(json: JSONValue) {
    guard case .string(let value) = json else { return nil }
    self = value
  }
}

extension CompileOptionValue where Self: RawRepresentable, RawValue == String {
  package var json: JSONValue { .string(rawValue) }
  package init?(json: JSONValue) {
    guard case .string(let word) = json else { return nil }
    self.init(rawValue: word)
  }
}

extension Engine: CompileOptionValue {}
extension Pipelining: CompileOptionValue {}
extension ControlPort: CompileOptionValue {}

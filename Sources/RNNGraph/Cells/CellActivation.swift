internal import RNNFixedPoint

/// A function that a gate or a layer applies to every element, chosen by options of the cell.
///
/// All of them are written with the operations of `CellGraph`, so they train, quantize and compile like any equation:
///
///     hard-sigmoid      max(0, min(1, alpha v + beta))      leaky-relu         v where v > 0, else alpha v
///     affine            alpha v + beta                      thresholded-relu   v where v > alpha, else 0
///     scaled-tanh       alpha tanh(beta v)
package struct CellActivation: Hashable, Sendable {
  /// Which of the functions it is.
  package struct Kind: RawRepresentable, Hashable, Sendable, CaseIterable {
    package let rawValue: String
    private init(_ word: String) { rawValue = word }
    package init?(rawValue: String) {
      guard Self.layers.contains(where: { $0.rawValue == rawValue }) else { return nil }
      self.init(rawValue)
    }
    package static let sigmoid = Kind("sigmoid")
    package static let tanh = Kind("tanh")
    package static let relu = Kind("relu")
    package static let linear = Kind("linear")
    package static let affine = Kind("affine")
    package static let hardSigmoid = Kind("hard-sigmoid")
    package static let leakyRelu = Kind("leaky-relu")
    package static let thresholdedRelu = Kind("thresholded-relu")
    package static let scaledTanh = Kind("scaled-tanh")
    /// What gates and candidates may have.
    package static let allCases: [Kind] = [
      .sigmoid, .tanh, .relu, .linear, .affine, .hardSigmoid, .leakyRelu, .thresholdedRelu,
      .scaledTanh,
    ]
    /// What a layer may have: these, and every function of one variable that is defined for all numbers.
    package static let layers =
      allCases
      + ScalarFunction.all.filter { $0.range != .positive }.map { Kind($0.name) }
      .filter { !allCases.contains($0) }
    /// The function of one variable with this name; nil for the others.
    var function: ScalarFunction? { ScalarFunction.named(rawValue) }

    package var hasAlpha: Bool { function == nil && self != .linear }
    package var hasBeta: Bool { [.affine, .hardSigmoid, .scaledTanh].contains(self) }
  }
  package var kind: Kind
  package var alpha: Double
  package var beta: Double

  package init(_ kind: Kind, alpha: Double = 1, beta: Double = 0) {
    self.kind = kind
    self.alpha = alpha
    self.beta = beta
  }

  /// The function and its numbers as options of a cell.
  ///
  /// - Parameters:
  ///   - role: what stands before the names, such as `gate`; empty for a cell with one function.
  ///   - mayBeAbsent: false for a cell whose files always named its function.
  static func options(
    _ role: String, of what: String, standard: Kind, mayBeAbsent: Bool = true,
    choices: [Kind] = Kind.allCases
  )
    -> [CellOption]
  {
    let name = optionName(role, "activation")
    return [
      CellOption(
        name, summary: "the function of \(what)", standard: .choice(standard.rawValue),
        choices: choices.map(\.rawValue), mayBeAbsent: mayBeAbsent),
      CellOption(
        optionName(role, "alpha"), summary: "alpha of that function", standard: .number(1),
        requires: (name, Kind.allCases.filter(\.hasAlpha).map(\.rawValue))),
      CellOption(
        optionName(role, "beta"), summary: "beta of that function", standard: .number(0),
        requires: (name, Kind.allCases.filter(\.hasBeta).map(\.rawValue))),
    ]
  }

  /// The function that a configuration chose with `options`.
  init(_ role: String, _ configuration: CellConfiguration, standard: Kind) {
    let option = Self.optionName(role, "activation")
    let word = configuration.has(option) ? configuration.choice(option) : standard.rawValue
    guard let kind = Kind(rawValue: word) else {
      preconditionFailure("CellRegistry admits only the declared choices")
    }
    self.init(
      kind,
      alpha: kind.hasAlpha ? configuration.number(Self.optionName(role, "alpha")) : 1,
      beta: kind.hasBeta ? configuration.number(Self.optionName(role, "beta")) : 0)
  }

  /// The options that choose this function.
  package func entries(_ role: String) -> [CellConfiguration.Entry] {
    [.init(Self.optionName(role, "activation"), .choice(kind.rawValue))]
      + (kind.hasAlpha ? [.init(Self.optionName(role, "alpha"), .number(alpha))] : [])
      + (kind.hasBeta ? [.init(Self.optionName(role, "beta"), .number(beta))] : [])
  }

  private static func optionName(_ role: String, _ word: String) -> String {
    role.isEmpty ? word : role + word.prefix(1).uppercased() + word.dropFirst()
  }

  /// The function of a value.
  func applied(to v: ValueID, in b: inout GraphBuilder, name: String? = nil) -> ValueID {
    let result: ValueID
    switch kind {
    case .sigmoid: return b.sigmoid(v, name: name)
    case .tanh: return b.tanh(v, name: name)
    case .relu: return b.activation(.relu, v, name: name)
    case .linear: result = b.affine(v, scale: 1, offset: 0)
    case .affine: result = b.affine(v, scale: alpha, offset: beta)
    case .hardSigmoid:
      let line = b.affine(v, scale: alpha, offset: beta)
      result = b.subtract(
        b.activation(.relu, line), b.activation(.relu, b.affine(line, scale: 1, offset: -1)))
    case .leakyRelu:
      let negative = b.activation(.relu, b.affine(v, scale: -1, offset: 0))
      result = b.subtract(b.activation(.relu, v), b.affine(negative, scale: alpha, offset: 0))
    case .thresholdedRelu: result = b.gate(v, by: b.affine(v, scale: 1, offset: -alpha))
    case .scaledTanh:
      result = b.affine(b.tanh(b.affine(v, scale: beta, offset: 0)), scale: alpha, offset: 0)
    default:
      guard let function = kind.function else { preconditionFailure("\(kind) is no function") }
      return b.activation(function, v, name: name)
    }
    if let name { b.name(result, name) }
    return result
  }
}

/// Clamps the arguments of a cell's functions, chosen by an option.
enum PreactivationClip {
  static let option = CellOption(
    "clip", summary: "arguments of gates and candidates are clamped to [-clip, clip]; 0 for never",
    standard: .number(0), range: 0...Double.greatestFiniteMagnitude, mayBeAbsent: true)

  /// min(clip, max(-clip, v)), as relu(v + clip) - relu(v - clip) - clip; v itself without a clip.
  static func applied(to v: ValueID, _ configuration: CellConfiguration, in b: inout GraphBuilder)
    -> ValueID
  {
    let clip = configuration.has("clip") ? configuration.number("clip") : 0
    guard clip > 0 else { return v }
    let above = b.activation(.relu, b.affine(v, scale: 1, offset: clip))
    let beyond = b.activation(.relu, b.affine(v, scale: 1, offset: -clip))
    return b.affine(b.subtract(above, beyond), scale: 1, offset: -clip)
  }
}

/// States that start from stored values instead of zero, chosen by an option.
///
/// A state starts at zero and the values are added in the first step, so hardware resets to zero in any case.
enum InitialState {
  static let option = CellOption(
    "initialState", summary: "whether states start at zero or from parameters",
    standard: .choice("zero"), choices: ["zero", "given"], mayBeAbsent: true)

  /// Declares a state; what the step reads is the state, with `<name>.initial` added in the first step.
  static func state(
    _ name: String, size: Int, _ configuration: CellConfiguration, in b: inout GraphBuilder
  ) -> ValueID {
    let state = b.state(name, size: size)
    guard configuration.has("initialState"), configuration.choice("initialState") == "given"
    else { return state }
    let initial = b.vector("\(name).initial", size: size, initializer: .constant(0))
    let value = b.add(state, b.multiply(b.coefficient(.onset, size: size), initial))
    b.name(value, "\(name)_before")
    return value
  }
}

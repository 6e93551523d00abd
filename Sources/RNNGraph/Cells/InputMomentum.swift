/// Dynamics of its own for what the input adds to a gate, in the manner of an optimizer's update.
///
/// Nguyen, Baraniuk, Bertozzi, Osher, Wang, "MomentumRNN: integrating momentum into recurrent neural networks",
/// NeurIPS 2020. With q = W x + b of one gate, v and s zero at first, the gate's pre-activation takes
///
///     none:      q
///     momentum:  v' = mu v + step q                                                    v'
///     adam:      v' = mu v + step q,    s' = beta s + (1 - beta) q * q                 v' / sqrt(s' + epsilon)
///     rmsprop:   adam with mu = 0
///     nesterov:  v' = k / (k + 3) v + step q, k the steps since the last restart       v'
///
/// `step` is the paper's epsilon, `epsilon` the small number under the root: 1e-16 in the published code, 1e-8 in the
/// paper. `nesterov` is the paper's SR form; the code's MNIST variant, which turns the input's sign, is not here.
struct InputMomentum {
  enum Method: String, CaseIterable { case none, momentum, adam, rmsprop, nesterov }

  /// The options that a cell with such dynamics has.
  ///
  /// - Parameter standard: the method of a layer that names none; `none` is a choice only if it is the standard.
  static func options(standard: Method) -> [CellOption] {
    let methods = Method.allCases.filter { $0 != .none || standard == .none }
    return [
      CellOption(
        "method", summary: "how the input's part of a gate evolves",
        standard: .choice(standard.rawValue), choices: methods.map(\.rawValue)),
      CellOption(
        "mu", summary: "momentum: the share of v that a step keeps", standard: .number(0.6),
        range: 0...1, requires: ("method", [Method.momentum, .adam].map(\.rawValue))),
      CellOption(
        "step", summary: "step size: the factor on the input's part (the paper's epsilon)",
        standard: .number(0.6),
        requires: ("method", methods.filter { $0 != .none }.map(\.rawValue))),
      CellOption(
        "beta", summary: "the share of s, the mean of squares, that a step keeps",
        standard: .number(0.9), range: 0...1,
        requires: ("method", [Method.adam, .rmsprop].map(\.rawValue))),
      CellOption(
        "epsilon", summary: "what is added under the root of s", standard: .number(1e-16),
        range: 1e-30...1, requires: ("method", [Method.adam, .rmsprop].map(\.rawValue))),
      CellOption(
        "restart", summary: "steps from one restart of the momentum to the next; 0 for none",
        standard: .int(0), requires: ("method", [Method.nesterov.rawValue])),
    ]
  }

  let configuration: CellConfiguration
  private var method: Method {
    guard let method = Method(rawValue: configuration.choice("method")) else {
      preconditionFailure("CellRegistry admits only the declared choices")
    }
    return method
  }

  /// What a gate's pre-activation takes from q; declares the states `<prefix>v` and `<prefix>s` that it needs.
  func applied(
    to q: ValueID, size: Int, prefix: String = "", in b: inout GraphBuilder
  ) -> ValueID {
    switch method {
    case .none: return q
    case .momentum: return velocity(q, size, prefix, &b)
    case .adam, .rmsprop:
      let beta = configuration.number("beta")
      let s = b.state("\(prefix)s", size: size)
      let next = b.add(
        b.affine(s, scale: beta, offset: 0),
        b.affine(b.multiply(q, q), scale: 1 - beta, offset: 0))
      b.name(next, "\(prefix)s")
      b.update("\(prefix)s", to: next)
      let v =
        method == .adam
        ? velocity(q, size, prefix, &b)
        : b.affine(q, scale: configuration.number("step"), offset: 0)
      return b.normalize(v, by: next, epsilon: configuration.number("epsilon"))
    case .nesterov:
      let v = b.state("\(prefix)v", size: size)
      let kept = b.multiply(
        b.coefficient(.nesterov(restart: configuration.int("restart")), size: size), v)
      return moved(kept, q, prefix, &b)
    }
  }

  private func velocity(
    _ q: ValueID, _ size: Int, _ prefix: String, _ b: inout GraphBuilder
  ) -> ValueID {
    let v = b.state("\(prefix)v", size: size)
    return moved(b.affine(v, scale: configuration.number("mu"), offset: 0), q, prefix, &b)
  }
  private func moved(
    _ kept: ValueID, _ q: ValueID, _ prefix: String, _ b: inout GraphBuilder
  ) -> ValueID {
    let next = b.add(kept, b.affine(q, scale: configuration.number("step"), offset: 0))
    b.name(next, "\(prefix)v")
    b.update("\(prefix)v", to: next)
    return next
  }
}

/// The gates of a layer with momentum: their parameters as the published code has and starts them.
struct MomentumGates {
  /// All gates in the order of the code's stacked matrices.
  let names: [String]
  /// The gates whose two bias vectors start with ones.
  var ones: Set<String> = []
  let configuration: CellConfiguration

  /// The input's part of a gate's pre-activation: W x + b_x, with momentum.
  ///
  /// W of all gates is one orthogonal matrix at first.
  func input(_ gate: String, _ x: ValueID, in b: inout GraphBuilder) -> ValueID {
    let n = configuration.units
    let q = b.add(
      b.product(
        "\(gate).weight_x", x, rows: n,
        initializer: .orthogonalRows(
          stack: "weight_x", rows: names.count * n, first: index(gate) * n)),
      b.vector("\(gate).bias_x", size: n, initializer: bias(gate)))
    return InputMomentum(configuration: configuration).applied(
      to: q, size: n, prefix: "\(gate).", in: &b)
  }
  /// The recurrent part: U h + b_h.
  ///
  /// U is the identity in the first gate and zero in the others at first.
  func recurrent(_ gate: String, _ h: ValueID, in b: inout GraphBuilder) -> ValueID {
    let n = configuration.units
    return b.add(
      b.product(
        "\(gate).weight_h", h, rows: n,
        initializer: index(gate) == 0 ? .identity : .constant(0)),
      b.vector("\(gate).bias_h", size: n, initializer: bias(gate)))
  }
  private func index(_ gate: String) -> Int {
    guard let index = names.firstIndex(of: gate) else {
      preconditionFailure("\(gate) is no gate of the layer")
    }
    return index
  }
  private func bias(_ gate: String) -> Initializer { .constant(ones.contains(gate) ? 1 : 0) }
}

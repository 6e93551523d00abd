internal import RNNGraph

/// One choice of dynamics for the input's part of a cell, with the name that tables give it.
struct MomentumVariant: Sendable {
  enum Method: String, Sendable { case momentum, adam, rmsprop, nesterov }

  var label: String
  var method: Method
  var mu = 0.0
  /// The paper's epsilon.
  var step: Double
  var beta = 0.0
  var restart = 0

  /// The options of `momentum-rnn`, `-lstm`, `-gru` and `orthogonal` that say the same.
  var options: [CellConfiguration.Entry] {
    var entries: [CellConfiguration.Entry] = [
      .init("method", .choice(method.rawValue)), .init("step", .number(step)),
    ]
    switch method {
    case .momentum: entries.append(.init("mu", .number(mu)))
    case .adam: entries += [.init("mu", .number(mu)), .init("beta", .number(beta))]
    case .rmsprop: entries.append(.init("beta", .number(beta)))
    case .nesterov: entries.append(.init("restart", .int(restart)))
    }
    return entries
  }

  /// The LSTM itself: momentum without memory and with a step of 1, from the same initial values.
  static let none = MomentumVariant(label: "LSTM", method: .momentum, step: 1)
  static let momentum = MomentumVariant(
    label: "Momentum (.6, 1)", method: .momentum, mu: 0.6, step: 1)
  static let slow = MomentumVariant(
    label: "Momentum (.6, .6)", method: .momentum, mu: 0.6, step: 0.6)
  static let adam = MomentumVariant(
    label: "Adam (.6, .6, .1)", method: .adam, mu: 0.6, step: 0.6, beta: 0.1)
  static let rmsprop = MomentumVariant(
    label: "RMSProp (.6, .9)", method: .rmsprop, step: 0.6, beta: 0.9)
  static let restarted = MomentumVariant(
    label: "SR (1, F = 2)", method: .nesterov, step: 1, restart: 2)
  /// No momentum, but the gain 1 / (1 - .6) that a momentum of .6 has for a constant input.
  static let gain = MomentumVariant(
    label: "control: step 2.5", method: .momentum, step: 2.5)
  static let damped = MomentumVariant(
    label: "control: step .6", method: .momentum, step: 0.6)

  /// All that the experiment compares; indices are `Place`.
  static let all = [none, slow, momentum, adam, rmsprop, restarted, gain, damped]
  enum Place: Int { case lstm, slow, momentum, adam, rmsprop, restarted, gain, damped }

  /// A recurrent layer of a momentum cell and a readout.
  func network(cell: String, inputs: Int, units: Int, classes: Int) throws -> Network {
    Network(layers: [
      try Layer(name: "cell", cell: cell, inputSize: inputs, units: units, options: options),
      try Layer(name: "readout", cell: "dense", inputSize: units, units: classes),
    ])
  }
}

internal import RNNGraph

/// The names of functions in ONNX, as nodes and as attributes of recurrent nodes.
enum ONNXActivations {
  /// The functions that a cell can have, with alpha and beta where a file gives none.
  ///
  /// onnxruntime has no standard numbers for ScaledTanh, so it must give them.
  private static let known:
    [(name: String, kind: CellActivation.Kind, alpha: Double, beta: Double)] =
      [
        ("Sigmoid", .sigmoid, 1, 0), ("Tanh", .tanh, 1, 0), ("Relu", .relu, 1, 0),
        ("Affine", .affine, 1, 0), ("HardSigmoid", .hardSigmoid, 0.2, 0.5),
        ("LeakyRelu", .leakyRelu, 0.01, 0), ("ThresholdedRelu", .thresholdedRelu, 1, 0),
        ("ScaledTanh", .scaledTanh, 1, 1),
      ]
  static let names = known.map(\.name)

  /// The function of a node; nil for a node that is none.
  static func node(_ node: ONNXNode) throws -> CellActivation? {
    guard let found = known.first(where: { $0.name == node.kind }) else { return nil }
    return CellActivation(
      found.kind, alpha: (found.kind.hasAlpha ? node.float("alpha") : nil) ?? found.alpha,
      beta: (found.kind.hasBeta ? node.float("beta") : nil) ?? found.beta)
  }

  /// The functions of a recurrent node, `count` for each direction.
  ///
  /// Names are compared without case, as onnxruntime does. Alphas and betas are consumed by the functions that have
  /// them, in order.
  static func list(_ node: ONNXNode, standard: [CellActivation], directions: Int) throws
    -> [[CellActivation]]
  {
    var alphas = (node.floats("activation_alpha") ?? [])[...]
    var betas = (node.floats("activation_beta") ?? [])[...]
    let count = standard.count
    guard let names = node.strings("activations") else {
      if !alphas.isEmpty || !betas.isEmpty {
        throw ONNXRefusal(
          "activation_alpha or activation_beta without activations means nothing",
          fix: "remove it, or add activations")
      }
      return [[CellActivation]](repeating: standard, count: directions)
    }
    guard names.count == count * directions else {
      throw ONNXRefusal(
        "activations = \(names) has \(names.count) names, not \(count) for each of \(directions) directions",
        fix: "give one name per function and direction")
    }
    let all = try names.map { name -> CellActivation in
      guard let found = known.first(where: { $0.name.lowercased() == name.lowercased() }) else {
        throw ONNXRefusal(
          "activations = \(names): \(name) is not supported; it needs a division or an exponential "
            + "of its own in hardware",
          fix: "train with one of \(known.map(\.name).joined(separator: ", "))")
      }
      return CellActivation(
        found.kind,
        alpha: (found.kind.hasAlpha ? alphas.popFirst() : nil) ?? found.alpha,
        beta: (found.kind.hasBeta ? betas.popFirst() : nil) ?? found.beta)
    }
    guard alphas.isEmpty, betas.isEmpty else {
      throw ONNXRefusal(
        "activation_alpha and activation_beta have more numbers than activations = \(names) use",
        fix: "give one number to each function that has it, in order")
    }
    return stride(from: 0, to: all.count, by: count).map { Array(all[$0..<$0 + count]) }
  }
}

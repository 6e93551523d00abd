/// Normalization over the elements of a step, a layer without state.
///
///     layer   y = (x - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon) * weight + bias
///     rms     y = x / sqrt(mean(x^2) + epsilon) * weight
///
/// Ba, Kiros and Hinton, "Layer normalization", 2016, equation 3; Zhang and Sennrich, NeurIPS 2019, equation 4. PyTorch's
/// `LayerNorm` and `RMSNorm`.
package enum LayerNormLayer: CellDefinition {
  package static let name = "layer-norm"
  package static let summary = "normalization over the elements of a step, without state"
  package static let keepsSize = true
  package static let options = [
    CellOption(
      "statistic", summary: "layer (mean and variance) or rms", standard: .choice("layer"),
      choices: ["layer", "rms"]),
    CellOption(
      "epsilon", summary: "what is added to the mean square", standard: .number(1e-5),
      range: 1e-12...1),
    CellOption("scale", summary: "whether each element has a weight", standard: .bool(true)),
    CellOption(
      "bias", summary: "whether each element has a bias", standard: .bool(true),
      requires: ("statistic", ["layer"])),
  ]

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    let n = configuration.inputSize
    var b = GraphBuilder(inputSize: n)
    let isCentred = configuration.choice("statistic") == "layer"
    var y = normalized(
      [b.input()], isCentred: isCentred, epsilon: configuration.number("epsilon"), in: &b)[0]
    if configuration.bool("scale") {
      y = b.multiply(b.vector("weight", size: n, initializer: .constant(1)), y)
    }
    if isCentred, configuration.bool("bias") {
      y = b.add(y, b.vector("bias", size: n, initializer: .constant(0)))
    }
    b.name(y, "y")
    return b.build(output: y)
  }

  /// Parts of one vector, all of the same size, normalized over all of their elements together.
  static func normalized(
    _ parts: [ValueID], isCentred: Bool, epsilon: Double, in b: inout GraphBuilder
  ) -> [ValueID] {
    /// The mean over all parts, from the means of each.
    func mean(_ values: [ValueID]) -> ValueID {
      let means = values.map { b.reduce(.mean, $0) }
      let sum = means.dropFirst().reduce(means[0]) { b.add($0, $1) }
      return means.count == 1 ? sum : b.affine(sum, scale: 1 / Double(means.count), offset: 0)
    }
    var centred = parts
    if isCentred {
      let centre = mean(parts)
      centred = parts.map { b.subtract($0, b.broadcast(centre, size: b.size(of: $0))) }
    }
    let square = mean(centred.map { b.multiply($0, $0) })
    return centred.map {
      b.normalize($0, by: b.broadcast(square, size: b.size(of: $0)), epsilon: epsilon)
    }
  }
}

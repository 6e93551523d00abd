internal import RNNFixedPoint

/// SBO-RNN: one step of gradient descent on a convex function of the state per time step.
///
/// Zhang, Yue, Wu, Li, Zhang, "SBO-RNN: reformulating recurrent neural networks via stochastic bilevel optimization",
/// NeurIPS 2021, equations 7 to 9. With F(h) = |alpha h - relu(a)|^2 / 2 and
///
///     a = U h + W x + b        r = alpha h - relu(a)        m = 1 where a > 0, else 0
///
/// the gradient by h, m held constant, is
///
///     scalar (U = w I):  g = alpha r - w (m * r)
///     dense:             g = alpha r - U^T (m * r)
///     low-rank:          the same with U = I + R D
///
/// `gradient: paper` takes m * (U^T r) instead of U^T (m * r), as the code of the paper's experiments did; that is
/// not a gradient. The state moves by
///
///     sgd:         h' = h - eta g
///     heavy-ball:  v' = mu v - eta g        h' = h + v'
///     nesterov:    v' = h - eta g           h' = v' + mu (v' - v)
///
/// U is the transpose of the paper's W_h, which multiplies row vectors.
package enum SBOCell: CellDefinition {
  package static let name = "sbo"
  package static let summary = "SBO-RNN: a gradient step on a convex function per time step"
  package static let options = [
    CellOption(
      "update", summary: "how the state follows the gradient", standard: .choice("sgd"),
      choices: ["sgd", "heavy-ball", "nesterov"]),
    CellOption(
      "recurrence", summary: "the recurrent matrix: w I, any, or I + R D",
      standard: .choice("dense"), choices: ["scalar", "dense", "low-rank"]),
    CellOption(
      "rank", summary: "the rank of R D", standard: .int(50), range: 1...1_048_576,
      requires: ("recurrence", ["low-rank"])),
    CellOption(
      "gradient", summary: "the true gradient, or the order of the paper's code",
      standard: .choice("true"), choices: ["true", "paper"],
      requires: ("recurrence", ["dense", "low-rank"])),
    CellOption("alpha", summary: "alpha at first", standard: .number(0)),
    CellOption("trainAlpha", summary: "whether training changes alpha", standard: .bool(true)),
    CellOption("eta", summary: "eta at first", standard: .number(1e-3)),
    CellOption("trainEta", summary: "whether training changes eta", standard: .bool(true)),
    CellOption(
      "etaMinimum", summary: "the least eta that training allows", standard: .number(1e-3)),
    CellOption(
      "mu", summary: "mu at first", standard: .number(0.5),
      requires: ("update", ["heavy-ball", "nesterov"])),
    CellOption(
      "trainMu", summary: "whether training changes mu", standard: .bool(true),
      requires: ("update", ["heavy-ball", "nesterov"])),
    CellOption(
      "muMinimum", summary: "the least mu that training allows", standard: .number(0.5),
      requires: ("update", ["heavy-ball", "nesterov"])),
  ]

  package static func graph(_ configuration: CellConfiguration) -> CellGraph {
    let n = configuration.units
    let uniform = Initializer.uniform(bound: 1 / Double(n).squareRoot())
    var b = GraphBuilder(inputSize: configuration.inputSize)
    let x = b.input()
    let h = b.state("h", size: n)

    /// A trained number; an upper limit would bind nobody.
    func scalar(_ name: String, train: String, minimum: String? = nil) -> ValueID {
      b.scalar(
        name, size: n, initial: .constant(configuration.number(name)),
        isTrainable: configuration.bool(train),
        limits: minimum.map { configuration.number($0)...Double.greatestFiniteMagnitude })
    }
    let alpha = scalar("alpha", train: "trainAlpha")
    let eta = scalar("eta", train: "trainEta", minimum: "etaMinimum")

    let recurrence = recurrence(configuration, uniform, &b)
    let a = b.add(
      recurrence(h, false, &b), b.product("weight_x", x, rows: n, initializer: uniform),
      b.vector("bias", size: n, initializer: uniform))
    b.name(a, "a")
    let residual = b.subtract(b.multiply(alpha, h), b.activation(.relu, a))
    b.name(residual, "r")
    let isTrue =
      configuration.choice("recurrence") == "scalar" || configuration.choice("gradient") == "true"
    let pulled =
      isTrue
      ? recurrence(b.gate(residual, by: a), true, &b)
      : b.gate(recurrence(residual, true, &b), by: a)
    let gradient = b.subtract(b.multiply(alpha, residual), pulled)
    b.name(gradient, "gradient")
    let move = b.multiply(eta, gradient)

    let next: ValueID
    switch configuration.choice("update") {
    case "sgd": next = b.subtract(h, move)
    case "heavy-ball":
      let mu = scalar("mu", train: "trainMu", minimum: "muMinimum")
      let v = b.state("v", size: n)
      let velocity = b.subtract(b.multiply(mu, v), move)
      b.name(velocity, "v")
      b.update("v", to: velocity)
      next = b.add(h, velocity)
    default:
      let mu = scalar("mu", train: "trainMu", minimum: "muMinimum")
      let v = b.state("v", size: n)
      let ahead = b.subtract(h, move)
      b.name(ahead, "v")
      b.update("v", to: ahead)
      next = b.add(ahead, b.multiply(mu, b.subtract(ahead, v)))
    }
    b.name(next, "h")
    b.update("h", to: next)
    return b.build(output: next)
  }

  /// Declares the recurrent matrix U; the result multiplies by it, or by its transpose.
  private static func recurrence(
    _ configuration: CellConfiguration, _ uniform: Initializer, _ b: inout GraphBuilder
  ) -> (_ v: ValueID, _ transposed: Bool, _ b: inout GraphBuilder) -> ValueID {
    let n = configuration.units
    switch configuration.choice("recurrence") {
    case "scalar":
      let w = b.scalar("weight_h", size: n, initial: uniform)
      return { v, _, b in b.multiply(w, v) }
    case "dense":
      let u = b.matrix("weight_h", rows: n, columns: n, initializer: uniform)
      return { v, transposed, b in b.matvec(u, v, transposed: transposed) }
    default:
      let rank = configuration.int("rank")
      let down = b.matrix("weight_down", rows: rank, columns: n, initializer: uniform)
      let up = b.matrix("weight_up", rows: n, columns: rank, initializer: uniform)
      return { v, transposed, b in
        let (first, second) = transposed ? (up, down) : (down, up)
        let inner = b.matvec(first, v, transposed: transposed)
        return b.add(v, b.matvec(second, inner, transposed: transposed))
      }
    }
  }
}

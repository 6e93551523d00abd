internal import RNNGraph
internal import RNNSupport
package import RNNTensor

/// An orthogonal matrix B = base exp(A) that is trained by its skew-symmetric A.
///
/// Lezcano-Casado, "Trivializations for gradient-based optimization on manifolds", NeurIPS 2019. A is an upper triangle
/// minus its transpose. With `rebase` > 0 the base point becomes B, and A zero, after so many updates (dynamic
/// trivialization); every hundredth time the base is replaced by the nearest orthogonal matrix, so that rounding errors
/// do not add up. With `rebase` = 0 the base stays the identity, and A starts as the logarithm of the initial matrix
/// (static trivialization). A follows RMSProp of its own, as in the paper. Everything is in double precision; the
/// weight that the network sees is B rounded to single precision.
package struct Trivialization: Hashable, Sendable {
  package let layer: Int
  package let parameter: Int
  private let rebase: Int
  /// A, skew-symmetric.
  package private(set) var skew: SquareMatrix
  package private(set) var base: SquareMatrix
  /// RMSProp's running mean of the squared gradients, in the upper triangle.
  private var squares: SquareMatrix

  /// Starts at a matrix.
  ///
  /// - Parameter matrix: a matrix that is not orthogonal is replaced by the nearest one that is.
  /// - Throws: `DiagnosticsEmitted` for a singular matrix, and, without changes of the base, for one that is no rotation.
  package init(
    layer: Int, parameter: Int, rebase: Int, matrix: SquareMatrix, path: String
  ) throws {
    self.layer = layer
    self.parameter = parameter
    self.rebase = rebase
    let size = matrix.size
    let zero = SquareMatrix(size: size)
    squares = zero
    func fault(_ message: String, _ fix: String) -> DiagnosticsEmitted {
      DiagnosticsEmitted(Diagnostic(stage: "train", path: path, message: message, fix: fix))
    }
    guard let start = matrix.nearestOrthogonal else {
      throw fault(
        "no orthogonal matrix is nearest to the singular initial one",
        "start from an orthogonal matrix")
    }
    guard rebase == 0 else {
      (base, skew) = (start, zero)
      return
    }
    guard let logarithm = MatrixExponential.logarithm(ofRotation: start) else {
      throw fault(
        "the initial matrix is not exp(A) of a skew-symmetric A, or turns a plane by pi",
        "start from another rotation, or set rebase to 1 or more")
    }
    (base, skew) = (.identity(size), logarithm)
  }

  /// B.
  package var matrix: SquareMatrix { base * MatrixExponential.exponential(skew) }

  /// The gradient by A's upper triangle from that by B: exact, through the adjoint of the derivative of exp.
  ///
  /// - Returns: a matrix that is zero on and below the diagonal.
  package func gradient(byMatrix gradient: SquareMatrix) -> SquareMatrix {
    let inner = MatrixExponential.derivative(
      at: skew.transposed, along: base.transposed * gradient)
    var result = SquareMatrix(size: skew.size)
    for r in 0..<skew.size {
      for c in r + 1..<max(r + 1, skew.size) { result[r, c] = inner[r, c] - inner[c, r] }
    }
    return result
  }

  /// One step of RMSProp on A, and a change of the base where one is due.
  ///
  /// - Parameters:
  ///   - gradient: by A's upper triangle.
  ///   - updates: the number of updates, with this one.
  /// - Returns: the new B.
  package mutating func update(
    gradient: SquareMatrix, learningRate: Double, decay: Double, epsilon: Double, updates: Int
  ) -> SquareMatrix {
    let n = skew.size
    for r in 0..<n {
      for c in r + 1..<max(r + 1, n) {
        let g = gradient[r, c]
        squares[r, c] = decay * squares[r, c] + (1 - decay) * g * g
        let step = learningRate * g / (squares[r, c].squareRoot() + epsilon)
        skew[r, c] -= step
        skew[c, r] = -skew[r, c]
      }
    }
    let now = matrix
    if rebase > 0, updates.isMultiple(of: rebase) {
      let isHundredth = (updates / rebase).isMultiple(of: 100)
      base = isHundredth ? now.nearestOrthogonal ?? now : now
      skew = SquareMatrix(size: n)
    }
    return now
  }

  // MARK: Checkpoints

  private var prefix: String { "orthogonal.\(layer).\(parameter)" }
  var arrays: [CheckpointFile.NamedDoubles] {
    [
      .init("\(prefix).skew", skew.values), .init("\(prefix).base", base.values),
      .init("\(prefix).squares", squares.values),
    ]
  }
  /// Takes what a checkpoint kept; false if a part is missing or has another size.
  mutating func restore(_ file: CheckpointFile) -> Bool {
    func read(_ name: String) -> SquareMatrix? {
      guard let values = file.doubles("\(prefix).\(name)"),
        values.count == skew.size * skew.size
      else { return nil }
      return SquareMatrix(size: skew.size, values: values)
    }
    guard let skew = read("skew"), let base = read("base"), let squares = read("squares") else {
      return false
    }
    (self.skew, self.base, self.squares) = (skew, base, squares)
    return true
  }
}

extension Network {
  /// The start of every matrix that training keeps orthogonal.
  ///
  /// A matrix with another structure is none: its set is that of its structure.
  func trivializations(_ weights: Weights) throws -> [Trivialization] {
    var found: [Trivialization] = []
    for (l, layer) in layers.enumerated() {
      for (p, parameter) in layer.graph.parameters.enumerated() {
        guard case .orthogonal(let rebase) = parameter.manifold, parameter.isTrainable,
          parameter.structure.storesEveryEntry
        else { continue }
        found.append(
          try Trivialization(
            layer: l, parameter: p, rebase: rebase,
            matrix: SquareMatrix(
              size: parameter.rows, values: weights.values[l][p].map(Double.init)),
            path: "layers.\(layer.name).\(parameter.name)"))
      }
    }
    return found
  }
}

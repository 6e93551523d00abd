extension BilinearAlgorithm {
  /// How far any result of a block row may be from the exact one, in units of the exact result; 0 for an exact algorithm.
  ///
  /// The maps compute sum of T[i][a][b] w_a x_b with real T close to that of the definition, and round. The bound adds
  /// the difference of T, the roundings of A w and B x, each times the other factor, and those of C.
  ///
  /// - Parameters:
  ///   - blocks: the defining weights of all blocks of the row.
  ///   - operandWidth: signed bits of the operand's codes, all allowed.
  package func errorBound(row blocks: [[Int64]], operandWidth: Int) -> Double {
    errorBound(rows: [blocks], operandWidth: operandWidth)
  }

  /// The same for many rows, for which the algorithm is analysed once; the greatest of all.
  package func errorBound(rows: [[[Int64]]], operandWidth: Int) -> Double {
    guard matrices == nil else { return 0 }
    let model = ErrorModel(self)
    return rows.map { model.bound(row: $0, operandWidth: operandWidth) }.max() ?? 0
  }
}

private struct ErrorModel {
  let algorithm: BilinearAlgorithm
  let A: [LinearProgram.Form]
  let B: [LinearProgram.Form]
  let C: [LinearProgram.Form]
  /// The greatest difference between T and the definition.
  let difference: Double

  init(_ algorithm: BilinearAlgorithm) {
    self.algorithm = algorithm
    func outputs(_ program: LinearProgram) -> [LinearProgram.Form] {
      let values = program.forms().values
      return program.outputs.map { values[$0] }
    }
    A = outputs(algorithm.weightProgram)
    B = outputs(algorithm.operandProgram)
    C = outputs(algorithm.resultProgram)
    var difference = 0.0
    let L = algorithm.inputs
    for (i, row) in C.enumerated() {
      for a in 0..<L {
        for b in 0..<L {
          var sum = (a + b) % L == i ? -1.0 : 0.0
          for p in A.indices {
            sum += row.coefficients[p] * A[p].coefficients[a] * B[p].coefficients[b]
          }
          difference = max(difference, abs(sum))
        }
      }
    }
    self.difference = difference
  }

  func bound(row blocks: [[Int64]], operandWidth: Int) -> Double {
    let greatest = Double(sign: .plus, exponent: operandWidth - 1, significand: 1)
    var products = [Double](repeating: 0, count: A.count)
    var magnitude = 0.0
    let factors = B.map { form -> Double in
      let range = form.range(width: operandWidth)
      return max(-range.low, range.high)
    }
    for block in blocks {
      magnitude += block.reduce(0) { $0 + abs(Double($1)) }
      for (p, w) in algorithm.transformedWeights(block).enumerated() {
        products[p] += abs(Double(w)) * B[p].error + A[p].error * (factors[p] + B[p].error)
      }
    }
    let ofT = difference * magnitude * greatest * Double(algorithm.inputs)
    return C.map { form in
      zip(form.coefficients, products).reduce(form.error + ofT) { $0 + abs($1.0) * $1.1 }
    }.max() ?? 0
  }
}

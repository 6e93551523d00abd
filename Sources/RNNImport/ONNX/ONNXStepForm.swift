internal import RNNGraph
internal import RNNInterchange

/// A value of one step in a canonical form: a sum of products of atoms, each with a matrix or a factor per feature.
///
/// Two ways to write the same cell, such as (1 - z) n + z h and n + z (h - n), have the same form. Forms that lie inside
/// of atoms are numbers of a table, so that equal ones are equal numbers.
struct ONNXStepForm: Hashable {
  /// What a form is made of.
  enum Atom: Hashable {
    /// The features that the step reads.
    case input
    /// What the step before gave; counted by whoever asks.
    case state(Int)
    case activation(CellActivation, of: Int)
    /// A form that is no sum of products of features, as a factor in a product.
    case linear(Int)
  }
  enum Coefficient: Hashable {
    case diagonal([Double])
    case matrix(Matrix)

    var isZero: Bool {
      switch self {
      case .diagonal(let d): d.allSatisfy { $0 == 0 }
      case .matrix(let m): m.values.allSatisfy { $0 == 0 }
      }
    }
    var matrix: Matrix {
      switch self {
      case .matrix(let m): return m
      case .diagonal(let d):
        return AffineMap(identity: d.count).scaled(by: d).matrix
      }
    }
    /// A square matrix without elements beside its diagonal, as what it is.
    init(_ m: Matrix) {
      let isDiagonal =
        m.rows == m.columns
        && m.values.indices.allSatisfy { m.values[$0] == 0 || $0 % (m.columns + 1) == 0 }
      self =
        isDiagonal ? .diagonal((0..<m.rows).map { m.values[$0 * (m.columns + 1)] }) : .matrix(m)
    }
    static func + (a: Coefficient, b: Coefficient) -> Coefficient {
      if case .diagonal(let x) = a, case .diagonal(let y) = b {
        return .diagonal(zip(x, y).map(+))
      }
      let (x, y) = (a.matrix, b.matrix)
      return Coefficient(
        Matrix(rows: x.rows, columns: x.columns, values: zip(x.values, y.values).map(+)))
    }
  }
  /// How often each atom is a factor.
  typealias Product = [Atom: Int]

  var terms: [Product: Coefficient] = [:]
  var bias: [Double]

  init(bias: [Double]) { self.bias = bias }
  init(_ atom: Atom, size: Int) {
    bias = [Double](repeating: 0, count: size)
    terms = [[atom: 1]: .diagonal([Double](repeating: 1, count: size))]
  }
  var size: Int { bias.count }
  var hasNoBias: Bool { bias.allSatisfy { $0 == 0 } }
  /// Whether every feature depends on the same feature of the atoms alone.
  var isElementwise: Bool {
    terms.values.allSatisfy { if case .diagonal = $0 { true } else { false } }
  }
  mutating func add(_ product: Product, _ coefficient: Coefficient) {
    let sum = terms[product].map { $0 + coefficient } ?? coefficient
    terms[product] = sum.isZero ? nil : sum
  }
  /// The number that a product is multiplied with, if it is the same for every feature.
  func factor(_ product: Product) -> Double? {
    guard case .diagonal(let d)? = terms[product], let first = d.first,
      d.allSatisfy({ $0 == first })
    else { return nil }
    return first
  }
}

/// Makes forms of the nodes of a step; equal forms get equal numbers.
struct ONNXStepAlgebra {
  private(set) var forms: [ONNXStepForm] = []
  private var numbers: [ONNXStepForm: Int] = [:]
  /// More terms than any cell has end the search for one.
  private static let mostTerms = 16

  mutating func number(_ form: ONNXStepForm) -> Int {
    if let known = numbers[form] { return known }
    forms.append(form)
    numbers[form] = forms.count - 1
    return forms.count - 1
  }

  /// The form of a node; nil if it depends on what `known` does not hold, or is no form of a cell.
  ///
  /// - Parameter known: forms of the nodes where the step begins; after the call also of those in between.
  mutating func form(
    of node: ONNXStepNode, _ known: inout [ObjectIdentifier: ONNXStepForm], depth: Int = 0
  ) -> ONNXStepForm? {
    if let form = known[ObjectIdentifier(node)] { return form }
    if depth > 200 { return nil }
    func inner(_ node: ONNXStepNode, _ algebra: inout ONNXStepAlgebra) -> ONNXStepForm? {
      algebra.form(of: node, &known, depth: depth + 1)
    }
    let result: ONNXStepForm?
    switch node.kind {
    case .leaf, .state: result = nil
    case .map(let map, let a): result = inner(a, &self).flatMap { apply(map, to: $0) }
    case .activation(let function, let a):
      result = inner(a, &self).map {
        ONNXStepForm(.activation(function, of: number($0)), size: $0.size)
      }
    case .add(let a, let b):
      guard var sum = inner(a, &self), let other = inner(b, &self) else { return nil }
      for (product, coefficient) in other.terms { sum.add(product, coefficient) }
      sum.bias = zip(sum.bias, other.bias).map(+)
      result = sum
    case .multiply(let a, let b):
      guard let x = inner(a, &self), let y = inner(b, &self) else { return nil }
      result = product(x, y)
    case .concatenation(let all):
      var parts: [ONNXStepForm] = []
      for part in all {
        guard let form = inner(part, &self) else { return nil }
        parts.append(form)
      }
      result = concatenation(parts)
    }
    guard let result, result.terms.count <= Self.mostTerms else { return nil }
    known[ObjectIdentifier(node)] = result
    return result
  }

  /// The elementwise product; a factor with a matrix becomes an atom of its own.
  private mutating func product(_ a: ONNXStepForm, _ b: ONNXStepForm) -> ONNXStepForm {
    func factor(_ f: ONNXStepForm, _ algebra: inout ONNXStepAlgebra) -> ONNXStepForm {
      f.isElementwise ? f : ONNXStepForm(.linear(algebra.number(f)), size: f.size)
    }
    let (x, y) = (factor(a, &self), factor(b, &self))
    var result = ONNXStepForm(bias: zip(x.bias, y.bias).map(*))
    func scaled(_ c: ONNXStepForm.Coefficient, by v: [Double]) -> ONNXStepForm.Coefficient {
      guard case .diagonal(let d) = c else { preconditionFailure("the form is elementwise") }
      return .diagonal(zip(d, v).map(*))
    }
    for (p, c) in x.terms { result.add(p, scaled(c, by: y.bias)) }
    for (q, d) in y.terms {
      result.add(q, scaled(d, by: x.bias))
      guard case .diagonal(let v) = d else { preconditionFailure("the form is elementwise") }
      for (p, c) in x.terms { result.add(p.merging(q, uniquingKeysWith: +), scaled(c, by: v)) }
    }
    return result
  }

  private func concatenation(_ parts: [ONNXStepForm]) -> ONNXStepForm {
    var result = ONNXStepForm(bias: parts.flatMap(\.bias))
    let rows = result.size
    var start = 0
    for part in parts {
      for (product, coefficient) in part.terms {
        let m = coefficient.matrix
        var values = [Double](repeating: 0, count: rows * m.columns)
        values.replaceSubrange(start * m.columns..<(start + m.rows) * m.columns, with: m.values)
        result.add(product, .init(Matrix(rows: rows, columns: m.columns, values: values)))
      }
      start += part.size
    }
    return result
  }

  /// A map of a form; a choice of features goes through functions and products to their arguments.
  private mutating func apply(_ map: AffineMap, to form: ONNXStepForm) -> ONNXStepForm {
    guard map.matrix.columns == form.size else {
      preconditionFailure("a map of \(map.matrix.columns) features of \(form.size)")
    }
    var result = ONNXStepForm(bias: zip(map.matrix.times(form.bias), map.bias).map(+))
    let choice = Choice(map.matrix)
    for (product, coefficient) in form.terms {
      if let choice, case .diagonal(let d) = coefficient,
        let picked = picked(product, choice.places, of: form.size)
      {
        result.add(picked, .diagonal(zip(choice.places, choice.factors).map { d[$0] * $1 }))
        continue
      }
      var values: Matrix
      switch coefficient {
      case .matrix(let m): values = map.matrix.times(m)
      case .diagonal(let d):
        values = map.matrix
        for i in values.values.indices { values.values[i] *= d[i % values.columns] }
      }
      result.add(product, .init(values))
    }
    return result
  }

  /// Rows of which each takes one feature.
  private struct Choice {
    var places: [Int] = []
    var factors: [Double] = []
    init?(_ m: Matrix) {
      for r in 0..<m.rows {
        let row = m.values[r * m.columns..<(r + 1) * m.columns]
        let used = row.indices.filter { row[$0] != 0 }
        guard used.count == 1 else { return nil }
        places.append(used[0] - row.startIndex)
        factors.append(row[used[0]])
      }
    }
  }

  /// Some features of a product of atoms; nil if an atom has no argument that could be chosen from.
  private mutating func picked(_ product: ONNXStepForm.Product, _ places: [Int], of size: Int)
    -> ONNXStepForm.Product?
  {
    if places == Array(0..<size) { return product }
    let choice = AffineMap(picking: places, of: size)
    var result: ONNXStepForm.Product = [:]
    for (atom, count) in product {
      let chosen: ONNXStepForm.Atom
      switch atom {
      case .input, .state: return nil
      case .activation(let function, let form):
        let argument = forms[form]
        guard argument.size == size else { return nil }
        chosen = .activation(function, of: number(apply(choice, to: argument)))
      case .linear(let form):
        let argument = forms[form]
        guard argument.size == size else { return nil }
        chosen = .linear(number(apply(choice, to: argument)))
      }
      result[chosen, default: 0] += count
    }
    return result
  }
}

internal import RNNGraph
internal import RNNInterchange

/// A recurrent cell that a graph spells out with products, sums and functions.
///
/// State 0 is what the cell gives, state 1 the cell state of an LSTM. Recognized are
///
///     simple   h' = F(X x + H h + b)
///     GRU      h' = (1 - z) n + z h or with z and 1 - z exchanged; the reset gate before or after the product
///     LSTM     h' = o F(c'), c' = f c + i g, also with f = 1 - i
///
/// in whatever order and with whatever cuts of common matrices they are written.
struct ONNXSpelledCell: Hashable {
  var cell: String
  var inputSize: Int
  var units: Int
  var options: [CellConfiguration.Entry]
  var values: [String: [Double]]
  /// The number of the form of the next cell state, of an LSTM.
  var nextCell: Int?

  private typealias Form = ONNXStepForm

  /// The cell whose next output has a form; nil if it is none.
  ///
  /// - Parameter hasCell: whether state 1 is one.
  init?(_ form: ONNXStepForm, inputSize: Int, hasCell: Bool, _ algebra: ONNXStepAlgebra) {
    let reader = Reader(algebra: algebra, inputSize: inputSize, units: form.size)
    guard let found = hasCell ? reader.lstm(form) : reader.gru(form) ?? reader.simple(form) else {
      return nil
    }
    self = found
  }

  private init(
    _ cell: String, _ reader: Reader, options: [CellConfiguration.Entry],
    values: [String: [Double]], nextCell: Int? = nil
  ) {
    self.cell = cell
    inputSize = reader.inputSize
    units = reader.units
    self.options = options
    self.values = values
    self.nextCell = nextCell
  }

  /// X x + H h + b.
  private struct Linear {
    var input: Matrix
    var state: Matrix
    var bias: [Double]
    var negated: Linear {
      func minus(_ v: [Double]) -> [Double] { v.map { -$0 } }
      return Linear(
        input: Matrix(rows: input.rows, columns: input.columns, values: minus(input.values)),
        state: Matrix(rows: state.rows, columns: state.columns, values: minus(state.values)),
        bias: minus(bias))
    }
    func values(_ gate: String) -> [String: [Double]] {
      let prefix = gate.isEmpty ? "" : "\(gate)."
      return [
        "\(prefix)weight_x": input.values, "\(prefix)weight_h": state.values,
        "\(prefix)bias": bias,
      ]
    }
  }

  /// A function of a linear form.
  private struct Gate {
    var function: CellActivation
    var argument: Linear
  }

  private struct Reader {
    var algebra: ONNXStepAlgebra
    var inputSize: Int
    var units: Int

    /// A form of input and state alone.
    func linear(_ form: Form) -> Linear? {
      guard form.size == units else { return nil }
      var result = Linear(
        input: Matrix(
          rows: units, columns: inputSize,
          values: [Double](repeating: 0, count: units * inputSize)),
        state: Matrix(
          rows: units, columns: units, values: [Double](repeating: 0, count: units * units)),
        bias: form.bias)
      for (product, coefficient) in form.terms {
        let matrix = coefficient.matrix
        switch product {
        case [.input: 1]:
          guard matrix.columns == inputSize else { return nil }
          result.input = matrix
        case [.state(0): 1]:
          guard matrix.columns == units else { return nil }
          result.state = matrix
        default: return nil
        }
      }
      return result
    }
    func gate(_ atom: Form.Atom) -> Gate? {
      guard case .activation(let function, let number) = atom else { return nil }
      return linear(algebra.forms[number]).map { Gate(function: function, argument: $0) }
    }
    /// The atoms of a product, each as often as it is a factor.
    func atoms(_ product: Form.Product) -> [Form.Atom] {
      product.flatMap { atom, count in Array(repeating: atom, count: count) }
    }

    func simple(_ form: Form) -> ONNXSpelledCell? {
      guard form.hasNoBias, form.terms.count == 1, let product = form.terms.keys.first,
        form.factor(product) == 1, product.count == 1, let atom = product.keys.first,
        product[atom] == 1, let gate = gate(atom)
      else { return nil }
      return ONNXSpelledCell(
        "elman", self, options: gate.function.entries(""), values: gate.argument.values(""))
    }

    func lstm(_ form: Form) -> ONNXSpelledCell? {
      guard form.hasNoBias, form.terms.count == 1, let product = form.terms.keys.first,
        form.factor(product) == 1
      else { return nil }
      let pair = atoms(product)
      guard pair.count == 2 else { return nil }
      for (first, second) in [(pair[0], pair[1]), (pair[1], pair[0])] {
        guard let o = gate(first), case .activation(let output, let number) = second,
          let (i, f, g) = cellUpdate(algebra.forms[number], gates: o.function)
        else { continue }
        var values = i.argument.values("i").merging(g.argument.values("g")) { a, _ in a }
          .merging(o.argument.values("o")) { a, _ in a }
        if let f { values.merge(f.argument.values("f")) { a, _ in a } }
        return ONNXSpelledCell(
          "lstm", self,
          options: (f == nil ? [.init("coupled", .bool(true))] : [])
            + o.function.entries("gate") + g.function.entries("candidate")
            + output.entries("output"), values: values, nextCell: number)
      }
      return nil
    }

    /// The gates of c' = f c + i g, without f where it is 1 - i; gates have the function of the output gate.
    private func cellUpdate(_ form: Form, gates: CellActivation) -> (i: Gate, f: Gate?, g: Gate)? {
      let cell = Form.Atom.state(1)
      guard form.hasNoBias else { return nil }
      for product in form.terms.keys where product[cell] == nil && form.factor(product) == 1 {
        let pair = atoms(product)
        guard pair.count == 2 else { continue }
        for (first, second) in [(pair[0], pair[1]), (pair[1], pair[0])] {
          guard let i = gate(first), i.function == gates, let g = gate(second) else { continue }
          if form.terms.count == 3, form.factor([cell: 1]) == 1,
            form.factor([cell: 1, first: 1]) == -1
          {
            return (i, nil, g)
          }
          guard form.terms.count == 2,
            let other = form.terms.keys.first(where: { $0[cell] == 1 && $0.count == 2 }),
            form.factor(other) == 1, let atom = other.keys.first(where: { $0 != cell }),
            other[atom] == 1, let f = gate(atom), f.function == gates
          else { continue }
          return (i, f, g)
        }
      }
      return nil
    }

    func gru(_ form: Form) -> ONNXSpelledCell? {
      let state = Form.Atom.state(0)
      guard form.hasNoBias, form.terms.count == 3 else { return nil }
      // h' = (1 - z) n + z h holds n and z h; with z and 1 - z exchanged it holds h and z n.
      for product in form.terms.keys where product[state] == 1 && product.count == 2 {
        guard let atom = product.keys.first(where: { $0 != state }), product[atom] == 1,
          let z = gate(atom), let factor = form.factor(product), abs(factor) == 1
        else { continue }
        let keeps = factor == 1
        for other in form.terms.keys where other[state] == nil && other != [atom: 1] {
          guard
            let n = other.keys.first(where: { $0 != atom }) ?? (other[atom] == 2 ? atom : nil),
            form.factor([n: 1].merging([atom: 1], uniquingKeysWith: +)) == (keeps ? -1 : 1),
            form.factor(keeps ? [n: 1] : [state: 1]) == 1,
            let update = keeps ? z : complement(z),
            let cell = gru(update: update, candidate: n)
          else { continue }
          return cell
        }
      }
      return nil
    }

    /// 1 - F(v) as F(-v), which holds for functions that are symmetric about one half.
    private func complement(_ gate: Gate) -> Gate? {
      let f = gate.function
      guard f.kind == .sigmoid || (f.kind == .hardSigmoid && f.beta == 0.5) else { return nil }
      return Gate(function: f, argument: gate.argument.negated)
    }

    private func gru(update z: Gate, candidate: Form.Atom) -> ONNXSpelledCell? {
      guard case .activation(let function, let number) = candidate else { return nil }
      let argument = algebra.forms[number]
      var reset: Form.Atom?
      var plain = Form(bias: argument.bias)
      var before: Matrix?
      var after = (
        matrix: Matrix(
          rows: units, columns: units, values: [Double](repeating: 0, count: units * units)),
        bias: [Double](repeating: 0, count: units)
      )
      let state = Form.Atom.state(0)
      for (product, coefficient) in argument.terms {
        if product == [.input: 1] {
          plain.add(product, coefficient)
          continue
        }
        let factors = atoms(product)
        guard
          let gateAtom = factors.first(where: { if case .activation = $0 { true } else { false } }),
          reset == nil || reset == gateAtom, factors.count(where: { $0 == gateAtom }) == 1
        else { return nil }
        reset = gateAtom
        switch (factors.first { $0 != gateAtom }, coefficient) {
        case (nil, .diagonal(let d)): after.bias = zip(after.bias, d).map(+)
        case (state?, .diagonal(let d)) where factors.count == 2:
          // A matrix without other elements acts alike before and after the gate.
          for i in 0..<units { after.matrix.values[i * (units + 1)] += d[i] }
        case (state?, .matrix(let m)) where factors.count == 2: before = m
        case (.linear(let inner)?, .diagonal(let d)) where factors.count == 2:
          guard let form = linear(algebra.forms[inner]),
            form.input.values.allSatisfy({ $0 == 0 })
          else { return nil }
          for r in 0..<units {
            for c in 0..<units {
              after.matrix.values[r * units + c] += d[r] * form.state.values[r * units + c]
            }
            after.bias[r] += d[r] * form.bias[r]
          }
        default: return nil
        }
      }
      guard let reset, let r = gate(reset), r.function == z.function, let x = linear(plain) else {
        return nil
      }
      var values = z.argument.values("z").merging(r.argument.values("r")) { a, _ in a }
      values["n.weight_x"] = x.input.values
      values["n.bias"] = x.bias
      if let before {
        guard after.matrix.values.allSatisfy({ $0 == 0 }), after.bias.allSatisfy({ $0 == 0 }),
          before.rows == units, before.columns == units
        else { return nil }
        values["n.weight_h"] = before.values
      } else {
        values["n.weight_h"] = after.matrix.values
        values["n.bias_h"] = after.bias
      }
      return ONNXSpelledCell(
        "gru", self,
        options: [.init("reset", .choice(before == nil ? "after" : "before"))]
          + z.function.entries("gate") + function.entries("candidate"), values: values)
    }
  }
}

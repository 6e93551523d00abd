internal import Foundation
package import RNNSupport

/// How far each form of a network is from the forms before it, on the same sequences.
package struct AccuracyTable {
  /// The forms in the order in which one becomes the next.
  package enum Form: String, CaseIterable {
    case origin, float, fixed, verilog
    var title: String {
      switch self {
      case .origin: "original"
      case .float: "float"
      case .fixed: "fixed"
      case .verilog: "Verilog"
      }
    }
  }
  /// How far results are from what was wanted: their number, the greatest and the mean distance.
  package struct Errors {
    package private(set) var count = 0
    package private(set) var greatest = 0.0
    package private(set) var mean = 0.0

    /// The differences of two lists of sequences, `[sequence][step][output]`.
    ///
    /// A sequence with one step is the last step of the other.
    package init(_ a: [[[Double]]], _ b: [[[Double]]]) {
      var sum = 0.0
      for (x, y) in zip(a, b) {
        let steps = min(x.count, y.count)
        for (p, q) in zip(x.suffix(steps).joined(), y.suffix(steps).joined()) {
          let error = abs(p - q)
          greatest = max(greatest, error)
          sum += error
          count += 1
        }
      }
      mean = sum / Double(max(count, 1))
    }
  }

  /// The outputs of each form that was computed, in order.
  private let forms: [(form: Form, outputs: [[[Double]]])]

  package init(_ forms: [(form: Form, outputs: [[[Double]]]?)]) {
    self.forms = forms.compactMap { entry in entry.outputs.map { (entry.form, $0) } }
  }

  private func outputs(_ form: Form) -> [[[Double]]]? { forms.first { $0.form == form }?.outputs }

  /// The errors of a form against an earlier one; nil if one of them is not there.
  package func errors(of form: Form, against other: Form) -> Errors? {
    guard let a = outputs(form), let b = outputs(other) else { return nil }
    return Errors(a, b)
  }

  /// Whether the Verilog gave every value of the integers; nil without Verilog.
  var verilogEqualsFixed: Bool? {
    guard let verilog = outputs(.verilog), let fixed = outputs(.fixed) else { return nil }
    return verilog == fixed
  }

  private var range: (least: Double, greatest: Double) {
    let all = (outputs(.float) ?? []).joined().joined()
    return (all.min() ?? 0, all.max() ?? 0)
  }
  private var references: [Form] { [.origin, .float].filter { outputs($0) != nil } }

  package var json: JSONValue {
    var rows: [JSONValue] = []
    for form in Form.allCases {
      for reference in references where form != reference && form != .origin {
        guard let errors = errors(of: form, against: reference) else { continue }
        rows.append(
          .object([
            "form": .string(form.rawValue), "against": .string(reference.rawValue),
            "values": .int(errors.count), "maxError": .double(errors.greatest),
            "meanError": .double(errors.mean),
          ]))
      }
    }
    return .object([
      "sequences": .int(forms.first?.outputs.count ?? 0),
      "leastOutput": .double(range.least), "greatestOutput": .double(range.greatest),
      "errors": .array(rows),
      "verilogEqualsFixed": verilogEqualsFixed.map { .bool($0) } ?? .null,
    ])
  }

  /// Whether a file's value is what `json` gives; faults are recorded.
  static func check(_ node: JSONNode) -> Bool {
    let before = node.json.sink.diagnostics.count
    guard
      let o = node.object([
        "sequences", "leastOutput", "greatestOutput", "errors", "verilogEqualsFixed",
      ])
    else { return false }
    _ = o["sequences"]?.count()
    _ = (o.nullable("leastOutput")?.number(), o.nullable("greatestOutput")?.number())
    _ = o.nullable("verilogEqualsFixed")?.bool()
    let forms = Form.allCases.map(\.rawValue)
    _ = o["errors"]?.list { row -> Void? in
      guard let r = row.object(["form", "against", "values", "maxError", "meanError"]) else {
        return nil
      }
      _ = (r["form"]?.word(forms), r["against"]?.word(forms), r["values"]?.count())
      for key in ["maxError", "meanError"] {
        // Null where an output is not finite.
        _ = r.nullable(key)?.number(where: { $0 >= 0 }, fix: "run the stage again")
      }
      return ()
    }
    return node.json.sink.diagnostics.count == before
  }

  package var text: String {
    let references = references
    let head = ["errors (maximal, mean)"] + references.map { "against the \($0.title)" }
    var rows: [[String]] = []
    for form in [Form.float, .fixed, .verilog]
    where outputs(form) != nil && references.first != form {
      let cells = references.map { reference -> String in
        guard form != reference, let errors = errors(of: form, against: reference) else {
          return ""
        }
        return "\(Figures.error(errors.greatest))  \(Figures.error(errors.mean))"
      }
      rows.append([form.title] + cells)
    }
    var lines = textTable(head, rows)
    let (least, greatest) = range
    lines.append(
      "  on \(forms.first?.outputs.count ?? 0) sequences, outputs from \(Float(least)) to \(Float(greatest))"
    )
    if let equal = verilogEqualsFixed {
      lines.append(
        "  the Verilog's outputs \(equal ? "equal" : "DIFFER FROM") those of the integers")
    }
    return lines.joined(separator: "\n")
  }
}

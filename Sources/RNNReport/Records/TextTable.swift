/// The lines of a table with aligned columns, indented by two.
package func textTable(_ head: [String], _ rows: [[String]]) -> [String] {
  let widths = head.indices.map { c in ([head] + rows).map { $0[c].count }.max() ?? 0 }
  return ([head] + rows).map { row in
    let cells = zip(row, widths).map {
      $0 + String(repeating: " ", count: max(0, $1 - $0.count))
    }
    var line = "  " + cells.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line
  }
}

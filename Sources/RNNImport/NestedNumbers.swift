internal import RNNInterchange
internal import RNNSupport

/// Nested JSON lists of numbers as a tensor.
struct NestedNumbers: Hashable {
  var shape: [Int] = []
  var values: [Double] = []

  /// Reads a value; nil after a recorded fault.
  init?(_ node: JSONNode) {
    guard read(node.value, depth: 0, node) else { return nil }
  }
  private mutating func read(_ value: JSONValue, depth: Int, _ node: JSONNode) -> Bool {
    if let number = value.number {
      guard depth == shape.count, number.isFinite else {
        return ragged(node)
      }
      values.append(number)
      return true
    }
    guard let list = value.array, depth < 4 else { return ragged(node) }
    if depth == shape.count, values.isEmpty {
      shape.append(list.count)
    } else if depth >= shape.count || shape[depth] != list.count {
      return ragged(node)
    }
    for item in list { guard read(item, depth: depth + 1, node) else { return false } }
    return true
  }
  private func ragged(_ node: JSONNode) -> Bool {
    node.json.error(
      node.path, "it is no list of numbers, or rows differ in length",
      fix: "write the model again with the script of its library")
    return false
  }
}

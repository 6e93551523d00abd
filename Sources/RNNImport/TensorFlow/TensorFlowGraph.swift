internal import Foundation
internal import RNNSupport
internal import SwiftProtobuf

/// Why a frozen graph cannot be read, and where.
struct TensorFlowRefusal: Error {
  var node: String
  var message: String
  var fix: String
  init(_ node: String, _ message: String, fix: String = TensorFlowRefusal.saveKeras) {
    self.node = node
    self.message = message
    self.fix = fix
  }
  static let saveKeras = "import the Keras model itself (.keras or .h5)"
}

/// The nodes of a TensorFlow graph by their names, and its constants.
struct TensorFlowGraph {
  typealias Node = Tensorflow_NodeDef
  /// A constant of one or two axes, row-major.
  struct Tensor: Hashable {
    var shape: [Int]
    var values: [Double]
    var number: Double? { values.count == 1 ? values[0] : nil }
  }
  /// The name of a node and the number of its output.
  struct Reference: Hashable {
    var node: String
    var output: Int
  }
  private static let floatType: Int32 = 1
  private static let integerType: Int32 = 3
  /// The most values that one number may stand for: a file may promise more than it holds.
  private static let mostRepeated = 1 << 20
  private static let longestAxis = 1 << 24

  let nodes: [Node]
  private let places: [String: Int]

  init(_ graph: Tensorflow_GraphDef) throws {
    nodes = graph.node
    var places: [String: Int] = [:]
    for (i, node) in nodes.enumerated() where places.updateValue(i, forKey: node.name) != nil {
      throw TensorFlowRefusal(node.name, "two nodes have this name", fix: "freeze it again")
    }
    self.places = places
  }

  func node(_ name: String) throws -> Node {
    guard let place = places[name] else {
      throw TensorFlowRefusal(name, "there is no node of this name", fix: "freeze it again")
    }
    return nodes[place]
  }

  /// What a node reads: an input's node and output.
  ///
  /// Inputs that only order the computation do not count.
  func input(_ node: Node, _ index: Int, of count: Int? = nil) throws -> Reference {
    let data = node.input.filter { !$0.hasPrefix("^") }
    guard index < data.count, count.map({ $0 == data.count }) ?? true else {
      throw TensorFlowRefusal(
        node.name, "\(node.op) has \(data.count) inputs", fix: "freeze it again")
    }
    let parts = data[index].split(separator: ":", maxSplits: 1)
    return Reference(
      node: parts.first.map(String.init) ?? "",
      output: parts.count > 1 ? Int(parts[1]) ?? -1 : 0)
  }

  /// The node that an input names, through nodes that pass their input on.
  func source(_ node: Node, _ index: Int, of count: Int? = nil) throws -> Node {
    var found = try self.node(input(node, index, of: count).node)
    for _ in 0...nodes.count {
      guard found.op == "Identity" || found.op == "Enter" else { return found }
      found = try self.node(input(found, 0, of: 1).node)
    }
    throw TensorFlowRefusal(node.name, "its input leads back to itself", fix: "freeze it again")
  }

  /// The same, which has to be of one kind.
  func source(_ node: Node, _ index: Int, is op: String, _ what: String) throws -> Node {
    let found = try source(node, index)
    guard found.op == op else {
      throw TensorFlowRefusal(found.name, "\(found.op) is where \(what) (\(op)) should be")
    }
    return found
  }

  /// The value of a `Const` node of single precision or 32-bit integers.
  func constant(_ node: Node) throws -> Tensor {
    guard node.op == "Const", case .tensor(let proto)? = node.attr["value"]?.value else {
      throw TensorFlowRefusal(node.name, "\(node.op) is where a constant should be")
    }
    let shape = proto.tensorShape.dim.map { Int($0.size) }
    var count = 1
    for length in shape {
      guard !proto.tensorShape.unknownRank, (0...Self.longestAxis).contains(length) else {
        throw TensorFlowRefusal(node.name, "its shape is \(shape)", fix: "freeze it again")
      }
      count *= max(length, 1)
      guard count <= Self.longestAxis else {
        throw TensorFlowRefusal(node.name, "its shape is \(shape)", fix: "freeze it again")
      }
    }
    if shape.contains(0) { count = 0 }
    var values: [Double]
    switch proto.dtype {
    case Self.floatType:
      values =
        proto.tensorContent.isEmpty
        ? proto.floatVal.map(Double.init)
        : Self.words(proto.tensorContent).map { Double(Float(bitPattern: $0)) }
    case Self.integerType:
      values =
        proto.tensorContent.isEmpty
        ? proto.intVal.map(Double.init)
        : Self.words(proto.tensorContent).map { Double(Int32(bitPattern: $0)) }
    default:
      throw TensorFlowRefusal(
        node.name, "constants of type \(proto.dtype) are not read",
        fix: "use single precision")
    }
    // One value stands for all.
    if values.count == 1, (2...Self.mostRepeated).contains(count) {
      values = Array(repeating: values[0], count: count)
    }
    guard values.count == count else {
      throw TensorFlowRefusal(
        node.name, "\(values.count) values for the shape \(shape)", fix: "freeze it again")
    }
    if let bad = values.first(where: { !$0.isFinite }) {
      throw TensorFlowRefusal(node.name, "it holds \(bad)", fix: "train it again")
    }
    return Tensor(shape: shape, values: values)
  }

  private static func words(_ data: Data) -> [UInt32] {
    guard data.count % 4 == 0 else { return [] }
    let bytes = [UInt8](data)
    return stride(from: 0, to: bytes.count, by: 4).map { i in
      (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[i + $1]) << UInt32(8 * $1) }
    }
  }

  /// Some rows, columns or elements of a constant, as `StridedSlice` takes them.
  func slice(_ node: Node) throws -> Tensor {
    let tensor = try constant(source(node, 0, of: 4))
    let limits = try (1...3).map { index in
      try constant(source(node, index)).values.map { value in
        guard let whole = Int(exactly: value) else {
          throw TensorFlowRefusal(node.name, "it cuts at \(value)", fix: "freeze it again")
        }
        return whole
      }
    }
    func mask(_ name: String) -> Int64 {
      if case .i(let value)? = node.attr[name]?.value { value } else { 0 }
    }
    let (begins, ends, steps) = (limits[0], limits[1], limits[2])
    guard (1...2).contains(tensor.shape.count), begins.count == tensor.shape.count,
      ends.count == begins.count, steps.allSatisfy({ $0 == 1 }), steps.count == begins.count,
      ["ellipsis_mask", "new_axis_mask", "shrink_axis_mask"].allSatisfy({ mask($0) == 0 })
    else { throw TensorFlowRefusal(node.name, "it cuts in a way that is not read") }
    let ranges = try tensor.shape.enumerated().map { axis, length -> Range<Int> in
      let first = mask("begin_mask") >> Int64(axis) & 1 == 1 ? 0 : begins[axis]
      let end = mask("end_mask") >> Int64(axis) & 1 == 1 ? length : ends[axis]
      guard first >= 0, first <= end, end <= length else {
        throw TensorFlowRefusal(node.name, "it takes \(first) to \(end) of \(length)")
      }
      return first..<end
    }
    if ranges.count == 1 {
      return Tensor(shape: [ranges[0].count], values: Array(tensor.values[ranges[0]]))
    }
    return Tensor(
      shape: ranges.map(\.count),
      values: ranges[0].flatMap { row in
        ranges[1].map { tensor.values[row * tensor.shape[1] + $0] }
      })
  }
}

/// A node of a graph with its attributes, of which every one must be asked for.
///
/// An attribute that nobody asked for is an option that would be ignored silently; `unread` names them.
final class ONNXNode {
  let proto: Onnx_NodeProto
  /// The index of the node in its graph.
  let index: Int
  private var asked: Set<String> = []

  init(_ proto: Onnx_NodeProto, index: Int) {
    self.proto = proto
    self.index = index
  }
  var kind: String { proto.opType }
  /// How messages name the node, such as `LSTM "encoder/lstm"`.
  var place: String {
    proto.name.isEmpty
      ? "\(kind) (node \(index), output \"\(outputs.first { !$0.isEmpty } ?? "")\")"
      : "\(kind) \"\(proto.name)\""
  }
  var inputs: [String] { proto.input }
  var outputs: [String] { proto.output }
  /// The name of an input; nil if it is left away.
  func input(_ i: Int) -> String? {
    proto.input.indices.contains(i) && !proto.input[i].isEmpty ? proto.input[i] : nil
  }
  /// The name of an output; nil if nobody wants it.
  func output(_ i: Int) -> String? {
    proto.output.indices.contains(i) && !proto.output[i].isEmpty ? proto.output[i] : nil
  }

  private func attribute(_ name: String) -> Onnx_AttributeProto? {
    asked.insert(name)
    return proto.attribute.first { $0.name == name }
  }
  func has(_ name: String) -> Bool { attribute(name) != nil }
  func int(_ name: String) -> Int? { attribute(name).map { Int($0.i) } }
  func ints(_ name: String) -> [Int]? { attribute(name).map { $0.ints.map(Int.init) } }
  func float(_ name: String) -> Double? { attribute(name).map { Double($0.f) } }
  func floats(_ name: String) -> [Double]? { attribute(name).map { $0.floats.map(Double.init) } }
  func string(_ name: String) -> String? {
    attribute(name).map { String(decoding: $0.s, as: UTF8.self) }
  }
  func strings(_ name: String) -> [String]? {
    attribute(name).map { $0.strings.map { String(decoding: $0, as: UTF8.self) } }
  }
  func tensor(_ name: String) -> Onnx_TensorProto? { attribute(name).map(\.t) }

  /// The attributes that were not asked for, in the order of the file.
  var unread: [(name: String, value: String)] {
    proto.attribute.filter { !asked.contains($0.name) }.map { ($0.name, Self.text($0)) }
  }
  /// An attribute's value for messages.
  static func text(_ a: Onnx_AttributeProto) -> String {
    switch a.type {
    case .int: "\(a.i)"
    case .float: "\(a.f)"
    case .string: "\"\(String(decoding: a.s.prefix(80), as: UTF8.self))\""
    case .ints: "\(a.ints.prefix(16).map { $0 })"
    case .floats: "\(a.floats.prefix(16).map { $0 })"
    case .strings: "\(a.strings.prefix(16).map { String(decoding: $0.prefix(80), as: UTF8.self) })"
    default: "of type \(a.type)"
    }
  }
}

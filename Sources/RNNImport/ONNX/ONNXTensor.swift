internal import Foundation
internal import RNNInterchange

/// A constant of an ONNX graph: row-major, floats and integers of every width as the widest of their kind.
struct ONNXTensor: Hashable {
  enum Elements: Hashable {
    case floats([Double])
    case integers([Int])

    var count: Int {
      switch self {
      case .floats(let e): e.count
      case .integers(let e): e.count
      }
    }
  }
  var shape: [Int]
  var elements: Elements

  init(shape: [Int], elements: Elements) {
    precondition(shape.reduce(1, *) == elements.count, "\(shape) does not hold \(elements.count)")
    self.shape = shape
    self.elements = elements
  }
  init(shape: [Int], floats: [Double]) { self.init(shape: shape, elements: .floats(floats)) }
  init(shape: [Int], integers: [Int]) { self.init(shape: shape, elements: .integers(integers)) }

  var count: Int { elements.count }
  /// The elements as floats.
  var floats: [Double] {
    switch elements {
    case .floats(let e): e
    case .integers(let e): e.map(Double.init)
    }
  }
  /// The elements of an integer tensor.
  var integers: [Int]? { if case .integers(let e) = elements { e } else { nil } }

  /// The distance between neighbours along each axis.
  static func strides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    return strides
  }
  /// The tensor whose element k is element `sources[k]` of this one.
  func picking(_ sources: [Int], shape: [Int]) -> ONNXTensor {
    switch elements {
    case .floats(let e): ONNXTensor(shape: shape, floats: sources.map { e[$0] })
    case .integers(let e): ONNXTensor(shape: shape, integers: sources.map { e[$0] })
    }
  }
  /// The element of a broadcast tensor that every element of a larger shape reads; nil if it does not fit.
  func broadcast(to target: [Int]) -> [Int]? {
    guard shape.count <= target.count else { return nil }
    let padded = [Int](repeating: 1, count: target.count - shape.count) + shape
    let own = ONNXTensor.strides(padded)
    var strides: [Int] = []
    for (axis, length) in padded.enumerated() {
      guard length == target[axis] || length == 1 else { return nil }
      strides.append(length == 1 ? 0 : own[axis])
    }
    return ONNXTensor.places(target, strides: strides)
  }
  /// The offset of every element of a shape under other strides, in row-major order.
  static func places(_ shape: [Int], strides: [Int]) -> [Int] {
    var places = [0]
    for (length, stride) in zip(shape, strides) {
      places = places.flatMap { base in (0..<length).map { base + $0 * stride } }
    }
    return places
  }
}

extension ONNXTensor {
  /// The most elements that a graph may compute for a constant: shapes in a file could ask for any number.
  static let largestComputed = 1 << 24

  /// Decodes a tensor of a file.
  ///
  /// - Parameter folder: where files of external data lie; nil refuses them.
  init(_ proto: Onnx_TensorProto, folder: URL?) throws(ONNXRefusal) {
    func fault(_ message: String, _ fix: String = "export the model again") -> ONNXRefusal {
      ONNXRefusal(message, fix: fix)
    }
    var count = 1
    var shape: [Int] = []
    for dimension in proto.dims {
      let (product, overflow) = count.multipliedReportingOverflow(by: Int(dimension))
      guard dimension >= 0, !overflow else { throw fault("its shape \(proto.dims) is impossible") }
      shape.append(Int(dimension))
      count = product
    }
    let kind = Onnx_TensorProto.DataType(rawValue: Int(proto.dataType)) ?? .undefined
    guard let width = kind.width else {
      throw fault(
        "its elements are of kind \(kind), which is not supported",
        "export the model with float32 weights")
    }
    func expect(_ found: Int) throws(ONNXRefusal) {
      if found != count {
        throw fault("its shape \(shape) needs \(count) elements, found \(found)")
      }
    }
    var raw = proto.rawData
    let isExternal = proto.dataLocation == .external
    if isExternal { raw = try Self.external(proto, folder: folder) }
    if isExternal || proto.hasRawData {
      let (bytes, overflow) = count.multipliedReportingOverflow(by: width)
      guard !overflow, bytes == raw.count else {
        throw fault("its shape \(shape) needs \(count) x \(width) bytes, found \(raw.count)")
      }
      self.init(shape: shape, elements: kind.decode(raw))
      return
    }
    switch kind {
    case .float:
      try expect(proto.floatData.count)
      self.init(shape: shape, floats: proto.floatData.map(Double.init))
    case .double:
      try expect(proto.doubleData.count)
      self.init(shape: shape, floats: proto.doubleData)
    case .int64:
      try expect(proto.int64Data.count)
      self.init(shape: shape, integers: proto.int64Data.map(Int.init))
    case .float16, .bfloat16:
      try expect(proto.int32Data.count)
      let words = proto.int32Data.map { UInt16(truncatingIfNeeded: $0) }
      self.init(
        shape: shape,
        floats: words.map { Double(kind == .float16 ? Float(half: $0) : Float(brainHalf: $0)) })
    case .uint64, .uint32:
      try expect(proto.uint64Data.count)
      guard proto.uint64Data.allSatisfy({ $0 <= UInt64(Int.max) }) else {
        throw fault("an element is above \(Int.max)")
      }
      self.init(shape: shape, integers: proto.uint64Data.map { Int($0) })
    default:
      try expect(proto.int32Data.count)
      self.init(shape: shape, integers: proto.int32Data.map(Int.init))
    }
  }

  /// The bytes of a tensor that lie in a file beside the model.
  private static func external(_ proto: Onnx_TensorProto, folder: URL?) throws(ONNXRefusal)
    -> Data
  {
    func entry(_ key: String) -> String? { proto.externalData.first { $0.key == key }?.value }
    guard let folder, let location = entry("location") else {
      throw ONNXRefusal("its data are in a file that the model does not name", fix: "export again")
    }
    // A path out of the folder would read files that the user did not mean to give.
    guard !location.hasPrefix("/"), !location.split(separator: "/").contains("..") else {
      throw ONNXRefusal(
        "its data are in \"\(location)\", outside of the model's folder",
        fix: "put the file beside the model and export again")
    }
    let url = folder.appendingPathComponent(location)
    let fix = "put \(location) beside the model, as it was exported"
    let file: FileHandle
    do { file = try FileHandle(forReadingFrom: url) } catch {
      throw ONNXRefusal("its data file \(location) cannot be read", fix: fix)
    }
    defer { try? file.close() }
    guard let size = try? file.seekToEnd() else {
      throw ONNXRefusal("its data file \(location) cannot be read", fix: fix)
    }
    let offset = entry("offset").map { UInt64($0) } ?? 0
    let length = entry("length").map { UInt64($0) } ?? offset.map { size - min(size, $0) }
    guard let offset, let length, offset <= size, length <= size - offset else {
      throw ONNXRefusal(
        "its data are bytes \(entry("offset") ?? "0") and on of \(location), which has \(size)",
        fix: fix)
    }
    guard (try? file.seek(toOffset: offset)) != nil,
      let data = try? file.read(upToCount: Int(length)) ?? Data(), data.count == Int(length)
    else { throw ONNXRefusal("its data file \(location) cannot be read", fix: fix) }
    return data
  }
}

extension Onnx_TensorProto.DataType {
  /// The bytes of an element; nil for kinds that are not read.
  fileprivate var width: Int? {
    switch self {
    case .double, .int64, .uint64: 8
    case .float, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool: 1
    default: nil
    }
  }
  /// Little-endian elements; the count of bytes is a multiple of the width.
  fileprivate func decode(_ data: Data) -> ONNXTensor.Elements {
    func all<T: FixedWidthInteger>(_: T.Type) -> [T] {
      let size = MemoryLayout<T>.size
      return data.withUnsafeBytes { bytes in
        (0..<bytes.count / size).map {
          T(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * size, as: T.self))
        }
      }
    }
    switch self {
    case .double: return .floats(all(UInt64.self).map(Double.init(bitPattern:)))
    case .float: return .floats(all(UInt32.self).map { Double(Float(bitPattern: $0)) })
    case .float16: return .floats(all(UInt16.self).map { Double(Float(half: $0)) })
    case .bfloat16: return .floats(all(UInt16.self).map { Double(Float(brainHalf: $0)) })
    case .int64: return .integers(all(Int64.self).map(Int.init))
    case .uint64: return .integers(all(UInt64.self).map { Int(truncatingIfNeeded: $0) })
    case .int32: return .integers(all(Int32.self).map(Int.init))
    case .uint32: return .integers(all(UInt32.self).map(Int.init))
    case .int16: return .integers(all(Int16.self).map(Int.init))
    case .uint16: return .integers(all(UInt16.self).map(Int.init))
    case .int8: return .integers(all(Int8.self).map(Int.init))
    default: return .integers(all(UInt8.self).map(Int.init))
    }
  }
}

import Foundation
import RNNInterchange
import RNNSupport
import Testing

@Suite struct TensorFileTests {
  static func expected(_ key: String) throws -> [(name: String, shape: [Int], values: [JSONValue])]
  {
    let all = try JSONValue(
      parsing: AtomicFile.read(vectors.appendingPathComponent("expected.json")))
    guard case .object(let members)? = all[key] else { return [] }
    return members.map { member in
      guard case .array(let pair) = member.value, case .array(let shape) = pair[0],
        case .array(let values) = pair[1]
      else { return (member.key, [], []) }
      return (
        member.key, shape.map { if case .int(let n) = $0 { n } else { -1 } }, values
      )
    }
  }
  static func number(_ value: JSONValue) -> Double {
    switch value {
    case .int(let n): Double(n)
    case .double(let x): x
    case .string(let text): Double(text) ?? .nan
    default: .nan
    }
  }

  @Test func npyReadsAndWritesTheBytesOfNumPy() throws {
    let cases = try Self.expected("arrays")
    #expect(cases.count == 8)
    for (name, shape, values) in cases {
      let url = vectors.appendingPathComponent("\(name).npy")
      let array = try NPYArray.read(url)
      #expect(array.shape == shape, "\(name)")
      #expect(array.floats == values.map { Float(Self.number($0)) }, "\(name)")
      if name != "array-version2" { #expect(try array.data == AtomicFile.read(url), "\(name)") }
      #expect(try NPYArray(parsing: array.data, path: "x") == array)
    }
    #expect(try NPYArray.read(vectors.appendingPathComponent("array-i2.npy")).integers?.count == 15)
    #expect(try NPYArray.read(vectors.appendingPathComponent("array-f4.npy")).integers == nil)
  }

  @Test(arguments: [
    ("fortran", "Fortran (column-major) order"), ("big-endian", "kind \">f4\""),
    ("complex", "kind \"<c8\""), ("bool", "kind \"|b1\""),
  ])
  func npyRefusesByName(file: String, message: String) {
    expectDiagnostic("refused-\(file).npy", message) {
      try NPYArray.read(vectors.appendingPathComponent("refused-\(file).npy"))
    }
  }

  @Test func npyFaultsHaveOneMessage() throws {
    let data = NPYArray(shape: [2, 3], elements: .int16([1, 2, 3, 4, 5, -6])).data
    func header(_ text: String, body: Int = 4) -> Data {
      Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8))
        + Data(count: body)
    }
    for (mutant, message) in [
      (Data("PK".utf8), "not an .npy file"), (data.prefix(7), "truncated"),
      (data.prefix(50), "truncated: the header promises"),
      (data.dropLast(), "truncated: the shape [2, 3] needs 12 bytes, found 11"),
      (data + [0], "the shape [2, 3] needs 12 bytes, found 13"),
      (header("{'descr': '<f4', 'shape': (1,)}"), "\"fortran_order\" is missing"),
      (header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': (2,)}"), "unknown key"),
      (
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000, 4000000000)}"),
        "is impossible"
      ),
      (header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"), "expected a length"),
    ] {
      expectDiagnostic("file.npy", message) { try NPYArray(parsing: mutant, path: "file.npy") }
    }
  }

  @Test func npyMutantsNeverCrash() {
    let data = NPYArray(shape: [2, 3], elements: .int16([1, 2, 3, 4, 5, -6])).data
    #expect(acceptedMutants(of: data) { try NPYArray(parsing: $0, path: "x") } > 0)
  }

  @Test func safetensorsReadsEveryKind() throws {
    let file = try SafeTensors.read(vectors.appendingPathComponent("mixed.safetensors"))
    let cases = try Self.expected("mixed")
    #expect(file.names == cases.map(\.name))
    for (name, shape, values) in cases {
      let tensor = try #require(file[name])
      #expect(tensor.shape == shape)
      #expect(tensor.floats == values.map { Float(Self.number($0)) }, "\(name)")
    }
  }

  @Test func safetensorsWritesTheBytesOfTheLibrary() throws {
    let url = vectors.appendingPathComponent("three.safetensors")
    var file = SafeTensors()
    for (name, shape, values) in try Self.expected("three").reversed() {
      file.add(name, .init(shape: shape, floats: values.map { Float(Self.number($0)) }))
    }
    file.setMetadata("made by", "make.py")
    #expect(try file.data == AtomicFile.read(url))
    #expect(try SafeTensors.read(url) == file)
    #expect(try SafeTensors(parsing: SafeTensors().data, path: "x").names == [])
  }

  @Test func safetensorsFaultsHaveOneMessage() {
    func file(_ header: String, body: Int = 8) -> Data {
      Data([UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0]) + Data(header.utf8) + Data(count: body)
    }
    func one(_ dtype: String = "F32", _ shape: String = "[2]", _ offsets: String = "[0,8]")
      -> String
    {
      "{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
    }
    for (data, message) in [
      (Data(), "truncated: the header needs 8 bytes"),
      (Data(repeating: 0xFF, count: 9), "a header of 18446744073709551615 bytes is impossible"),
      (Data([99, 0, 0, 0, 0, 0, 0, 0, 0x7B]), "truncated: the header promises 99 bytes, found 1"),
      (file("[1, 2]"), "does not start with {"), (file("{\"a\":}"), "not valid JSON: line 1"),
      (file("{\"a\":\(one()),\"a\":\(one())}"), "occurs twice"),
      (file("{\"a\":\(one("F8"))}"), "s.st:a: elements of kind \"F8\" are not supported"),
      (file("{\"a\":\(one("F32", "[3]"))}"), "needs 12 bytes, but its data has 8"),
      (file("{\"a\":\(one("F32", "[-2]"))}"), "\"shape\" is missing or no list"),
      (file("{\"a\":\(one("F32", "[4611686018427387904,8]"))}"), "is impossible"),
      (file("{\"a\":\(one("F32", "[2]", "[0,16]"))}"), "outside the 8 bytes"),
      (file("{\"a\":\(one("F32", "[1]", "[8,4]"))}"), "outside the 8 bytes"),
      (
        file("{\"a\":\(one("F32", "[1]", "[4,8]"))}"), "4 bytes before its data belong to no tensor"
      ),
      (file("{\"a\":\(one("F32", "[1]", "[0,4]"))}"), "4 bytes at the end belong to no tensor"),
      (
        file("{\"a\":\(one()),\"b\":\(one("F32", "[1]", "[4,8]"))}"),
        "s.st:b: its data begins at 4, inside another tensor"
      ),
      (file("{\"a\":{\"dtype\":\"F32\",\"x\":1}}"), "unknown key \"x\""),
      (file("{\"__metadata__\":{\"k\":1}}", body: 0), "__metadata__.k: it is no text"),
    ] {
      expectDiagnostic("s.st", message) { try SafeTensors(parsing: data, path: "s.st") }
    }
  }

  @Test func safetensorsMutantsNeverCrash() throws {
    let data = try AtomicFile.read(vectors.appendingPathComponent("three.safetensors"))
    #expect(acceptedMutants(of: data) { try SafeTensors(parsing: $0, path: "x") } > 0)
    for n in 0..<data.count {
      #expect(throws: DiagnosticsEmitted.self) {
        try SafeTensors(parsing: data.prefix(n), path: "x")
      }
    }
  }
}

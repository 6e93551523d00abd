import Foundation
import RNNBilinear
import RNNFixedPoint
import RNNGraph
import RNNInterchange
import RNNSupport
import Testing

/// Models with every cell and option, and JSON edits, for the tests of `model.json`.
enum SampleModel {
  static let q12 = QFormat(width: 12, fraction: 9)

  static func network(quantized: Bool) throws -> Network {
    var layers = try [
      Layer(
        name: "gru0", cell: "gru", inputSize: 5, units: 6,
        options: [.init("reset", .choice("before"))]),
      Layer(
        name: "lstm1", cell: "lstm", inputSize: 6, units: 9,
        options: [.init("projection", .int(3)), .init("peepholes", .bool(true))]),
      Layer(
        name: "rnn2", cell: "elman", inputSize: 3, units: 4,
        options: [.init("activation", .choice("relu"))]),
      Layer(name: "readout", cell: "dense", inputSize: 4, units: 3),
    ]
    layers[0].graph.parameters[0].structure = .blockCirculant(block: 4)
    layers[1].graph.parameters[1].structure = .blockCirculant(block: 8)
    if quantized {
      for l in layers.indices {
        let graph = layers[l].graph
        let record = QuantizationRecord(
          values: graph.nodes.enumerated().compactMap { i, node in
            i % 2 == 0
              ? .init(
                node: node.name, format: QFormat(width: 10 + i % 5, fraction: i - 4),
                rounding: RoundingRule.allCases[i % 3]) : nil
          }, parameters: graph.parameters.map { .init(parameter: $0.name, format: q12) })
        layers[l].graph = try applying(record, to: graph)
      }
    }
    return Network(layers: layers)
  }

  static func model(quantized: Bool) throws -> ModelFile {
    let frontEnd = FrontEndConfiguration(melBands: 5, maxFrequency: 3999.5)
    return ModelFile(
      name: "sample-1",
      task: ModelTask(
        labels: ["yes", "no", "é\n\"x\""], pooling: .last, frontEnd: frontEnd,
        normalisation: FeatureNormalisation(
          mean: [0.1, -2, 3e-9, 4, 5], deviation: [1, 2, 0.3, 1e10, 5])),
      network: try network(quantized: quantized),
      integers: quantized
        ? IntegerRules(inputRounding: .halfToEven, tableSegments: nil, transform: .fourier) : nil,
      stages: [
        ModelStage(
          name: "train", seed: 7,
          settings: [.init("epochs", 3), .init("rate", 0.25), .init("optimiser", "adam")],
          metrics: [.init("accuracy", 0.96875), .init("loss", 1)]),
        ModelStage(name: "compress", seed: 0),
      ])
  }

  /// Weights on the grid of `q12`, different in every place.
  static func weights(_ network: Network) -> Weights {
    var code: Int64 = -1500
    return Weights(
      values: network.layers.map { layer in
        layer.graph.parameters.map { parameter in
          (0..<parameter.storedCount).map { _ in
            code = code >= 1500 ? -1500 : code + 7
            return Float(q12.value(of: code))
          }
        }
      })
  }

  /// The JSON with the value at a pointer replaced, or removed for nil; a new key is appended.
  static func editing(_ value: JSONValue, _ pointer: String, to new: JSONValue?) -> JSONValue {
    let parts = pointer.split(separator: "/").map(String.init)
    guard let key = parts.first else { return new ?? .null }
    let rest = parts.dropFirst().joined(separator: "/")
    switch value {
    case .object(var members):
      if let i = members.firstIndex(where: { $0.key == key }) {
        if rest.isEmpty, new == nil {
          members.remove(at: i)
        } else {
          members[i].value = editing(members[i].value, rest, to: new)
        }
      } else if let new {
        members.append(.init(key, new))
      }
      return .object(members)
    case .array(var values):
      let i = Int(key)!
      if rest.isEmpty, new == nil {
        values.remove(at: i)
      } else {
        values[i] = editing(values[i], rest, to: new)
      }
      return .array(values)
    default: return value
    }
  }
}

@Suite struct ModelFileTests {
  @Test(arguments: [false, true])
  func nothingIsLost(quantized: Bool) throws {
    let model = try SampleModel.model(quantized: quantized)
    let weights = SampleModel.weights(model.network)
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("m.json")
      try model.write(to: url, weights: weights)
      let (got, gotWeights) = try ModelFile.read(url)
      #expect(got == model)
      #expect(gotWeights == weights)
      #expect(try ModelFile.readDescription(url) == model)
      let first = try AtomicFile.read(url)
      try got.write(to: url, weights: gotWeights)
      #expect(try AtomicFile.read(url) == first)
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
          == ["m.json", "m.safetensors"])
    }
  }

  /// A state that is wider than what its matrix multiplies, with its companion.
  @Test func operandFormatsAreKept() throws {
    var layer = try Layer(name: "a", cell: "leaky", inputSize: 2, units: 3)
    layer.graph = try applying(
      QuantizationRecord(values: [
        .init(
          node: "h", format: QFormat(width: 16, fraction: 12),
          operandFormat: QFormat(width: 12, fraction: 8), rounding: .halfUp)
      ]), to: layer.graph)
    #expect(layer.graph.states.count == 2)
    let model = ModelFile(name: "m", task: nil, network: Network(layers: [layer]))
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("m.json")
      try model.write(to: url, weights: SampleModel.weights(model.network))
      #expect(try ModelFile.read(url).model == model)
    }
  }

  /// The committed file pins the format: if this fails, old files no longer read the same.
  @Test func theCommittedFileStaysReadable() throws {
    let url = vectors.appendingPathComponent("model.json")
    let model = try SampleModel.model(quantized: true)
    if !FileManager.default.fileExists(atPath: url.path) {
      try model.write(to: url, weights: SampleModel.weights(model.network))
    }
    let (got, weights) = try ModelFile.read(url)
    #expect(got == model)
    #expect(weights == SampleModel.weights(model.network))
    try withTemporaryFolder { folder in
      let copy = folder.appendingPathComponent("model.json")
      try got.write(to: copy, weights: weights)
      #expect(try AtomicFile.read(copy) == AtomicFile.read(url))
    }
  }

  /// Version 1 had the segments of tables in its history, and inputs are rounded as the first layer says.
  @Test func filesOfVersion1AreRead() throws {
    let url = vectors.appendingPathComponent("model-version1.json")
    let (got, weights) = try ModelFile.read(url)
    let model = try SampleModel.model(quantized: true)
    #expect(got.network == model.network && got.stages == model.stages && got.task == model.task)
    #expect(got.integers == IntegerRules(inputRounding: .down, tableSegments: 128))
    #expect(weights == SampleModel.weights(model.network))
    let old = try JSONValue(parsing: AtomicFile.read(url))
    for (setting, segments) in [(JSONValue.int(32), 32), ("automatic", nil)] as [(JSONValue, Int?)]
    {
      let stage = JSONValue.object([
        "name": "quantize", "seed": 0, "settings": .object(["tableSegments": setting]),
        "metrics": .object([]),
      ])
      let edited = SampleModel.editing(old, "stages/0", to: stage)
      let read = try ModelFile.description(parsing: Data(edited.text.utf8), path: "m.json")
      #expect(read.integers == IntegerRules(inputRounding: .down, tableSegments: segments))
    }
  }

  /// Deleting the history changes nothing but the history.
  @Test func historyIsOnlyHistory() throws {
    var model = try SampleModel.model(quantized: true)
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("m.json")
      try model.write(to: url, weights: SampleModel.weights(model.network))
      let text = SampleModel.editing(
        try JSONValue(parsing: AtomicFile.read(url)), "stages", to: .array([])
      ).text
      model.stages = []
      #expect(try ModelFile.description(parsing: Data(text.utf8), path: "m.json") == model)
    }
  }

  /// The columns of sparse matrices stand with the weights, and are checked like them.
  @Test func patternsStandWithTheWeights() throws {
    var network = Network(layers: [
      try Layer(name: "g", cell: "gru", inputSize: 9, units: 5)
    ])
    for p in network.layers[0].graph.parameters.indices
    where network.layers[0].graph.parameters[p].isMatrix {
      network.layers[0].graph.parameters[p].structure = .bankBalanced(bank: 4, kept: 1 + p % 2)
    }
    let unplaced = network
    var weights = SampleModel.weights(
      Network(layers: [try Layer(name: "g", cell: "gru", inputSize: 9, units: 5)]))
    for (p, parameter) in unplaced.layers[0].graph.parameters.enumerated() {
      let (structure, stored) = parameter.nearest(to: weights.values[0][p])
      network.layers[0].graph.parameters[p].structure = structure
      weights.values[0][p] = stored
    }
    let model = ModelFile(name: "m", task: nil, network: network)
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("m.json")
      try model.write(to: url, weights: weights)
      let (got, gotWeights) = try ModelFile.read(url)
      #expect(got == model && gotWeights == weights)
      #expect(try ModelFile.readDescription(url).network == unplaced)
      let tensors = try SafeTensors.read(folder.appendingPathComponent("m.safetensors"))
      let name = "g.z.weight_x.columns"
      #expect(tensors[name]?.kind == .int32 && tensors[name]?.shape == [5, 3])
      func read(_ change: (inout [Int32]) -> Void) throws {
        var edited = SafeTensors()
        for other in tensors.names where other != name {
          edited.add(other, try #require(tensors[other]))
        }
        var columns = try #require(tensors[name]).integers
        change(&columns)
        edited.add(name, .init(shape: [columns.count / 3, 3], integers: columns))
        _ = try ModelFile.weights(from: edited, for: unplaced, path: "w")
      }
      try read { _ in }
      expectDiagnostic("w:\(name): column 9 cannot be that") { try read { $0[2] = 9 } }
      expectDiagnostic("w:\(name): column 5 cannot be that") { try read { $0[0] = 5 } }
      expectDiagnostic("w:\(name): the columns of the stored values are missing") {
        try read { $0.removeLast(3) }
      }
    }
  }

  /// Momentum has no beta, which only Adam and RMSProp have.
  @Test func optionsWithoutAMeaningNeedNotBeThere() throws {
    let network = Network(layers: [
      try Layer(name: "a", cell: "momentum-lstm", inputSize: 2, units: 3)
    ])
    let model = ModelFile(name: "m", task: nil, network: network)
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("m.json")
      try model.write(to: url, weights: SampleModel.weights(network))
      #expect(!String(decoding: try AtomicFile.read(url), as: UTF8.self).contains("beta"))
      #expect(try ModelFile.read(url).model == model)
    }
  }

  @Test func aModelWithoutTaskIsComplete() throws {
    let network = Network(layers: [
      try Layer(name: "r", cell: "elman", inputSize: 1, units: 1)
    ])
    let model = ModelFile(name: "r", task: nil, network: network)
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("m.json")
      try model.write(to: url, weights: SampleModel.weights(network))
      #expect(try ModelFile.read(url).model == model)
    }
  }

  /// An edit of a good file and the message that it must give.
  struct Fault: Sendable {
    var pointer: String
    /// Nil removes the member.
    var value: JSONValue?
    var message: String
    init(_ pointer: String, _ value: JSONValue?, _ message: String) {
      self.pointer = pointer
      self.value = value
      self.message = message
    }
  }
  static let faults: [Fault] = [
    Fault("name", "7up", "m.json:/name: \"7up\" is no name"),
    Fault("name", 3, "m.json:/name: expected a text, found 3"),
    Fault("name", nil, "m.json:/: the key \"name\" is missing"),
    Fault("colour", "red", "m.json:/colour: unknown key \"colour\""),
    Fault("format", "onnx", "\"format\": \"rnnc-model\""),
    Fault("version", 3, "m.json:/version: version 3 of the format is not supported"),
    Fault("version", 1, "m.json:/integers: unknown key \"integers\""),
    Fault("integers", nil, "m.json:/: the key \"integers\" is missing"),
    Fault("integers", .null, "m.json:/integers: a quantized network needs the rules"),
    Fault("integers/inputRounding", "up", "/integers/inputRounding: \"up\" is not supported"),
    Fault("integers/tableSegments", 100, "/integers/tableSegments: 100 is no power of two"),
    Fault("integers/tableSegments", 8192, "/integers/tableSegments: 8192 is not supported"),
    Fault("integers/transform", "wavelet", "/integers/transform: \"wavelet\" is not supported"),
    Fault("inputSize", 6, "m.json:/layers/0/inputSize: 5 inputs, but the network has 6"),
    Fault("layers", [], "m.json:/layers: there are no layers"),
    Fault("layers/0/name", "readout", "m.json:/layers/3/name: \"readout\" names two layers"),
    Fault("layers/0/name", "a/b", "m.json:/layers/0/name: \"a/b\" is no name"),
    Fault("layers/0/cell", "gated", "m.json:/layers/0/cell: no cell is named \"gated\""),
    Fault(
      "layers/1/direction", "bidirectional",
      "m.json:/layers/1/direction: \"bidirectional\" is not supported: a streaming target sees no future input"
    ),
    Fault("layers/1/units", 0, "m.json:/layers/1/units: 0 is not supported"),
    Fault("layers/1/units", 9.5, "m.json:/layers/1/units: expected a whole number, found 9.5"),
    Fault("layers/2/inputSize", 4, "m.json:/layers/2/parameters/0/shape"),
    Fault("layers/1/options/dropout", 0.1, "no option \"dropout\""),
    Fault("layers/1/options/peepholes", nil, "the option \"peepholes\" is missing"),
    Fault("layers/1/options/peepholes", 1, "/layers/1/options/peepholes: 1 is no truth value"),
    Fault("layers/1/options/projection", -3, "/layers/1/options/projection: -3 is not supported"),
    Fault(
      "layers/0/options/reset", "during", "/layers/0/options/reset: \"during\" is not supported"),
    Fault("layers/0/options/reset", [], "an option is a text, a number or a truth value"),
    Fault("layers/0/parameters/1", nil, "the parameter \"z.weight_h\" is missing"),
    Fault(
      "layers/0/parameters/1/name", "w", "/layers/0/parameters/1/name: the cell has no parameter"),
    Fault("layers/0/parameters/1/shape", [6, 7], "z.weight_h has the shape [6, 6], not [6, 7]"),
    Fault(
      "layers/0/parameters/0/structure/block", 3,
      "/layers/0/parameters/0/structure/block: a block size of 3 is not supported"
    ),
    Fault("layers/0/parameters/0/structure/block", nil, "the key \"block\" is missing"),
    Fault("layers/0/parameters/0/structure/kind", "toeplitz", "\"toeplitz\" is not supported"),
    Fault("layers/0/parameters/0/structure", "dense", "structure: expected an object"),
    Fault(
      "layers/0/parameters/2/structure",
      .object(["kind": "block-circulant", "block": 2]), "z.bias is a vector"
    ),
    Fault("layers/0/parameters/0/format/width", 1, "/format/width: 1 is not supported"),
    Fault("layers/0/values/0/node", "nobody", "/values/0/node: the cell has no value \"nobody\""),
    Fault("layers/0/values/0/rounding", "up", "/values/0/rounding: \"up\" is not supported"),
    Fault(
      "layers/0/values/0/operand", .object(["width": 8]), "/values/0/operand: the key \"fraction\""),
    Fault("layers/0/values/0/overflow", "wrap", "unknown key \"overflow\""),
    Fault("layers/0/values/0/node", "z.bias", "has two formats"),
    Fault("task/kind", "regression", "/task/kind: \"regression\" is not supported"),
    Fault("task/labels", ["a", "b"], "/task/labels: 2 labels for 3 outputs"),
    Fault("task/labels", ["a", "b", "a"], "a label is there twice"),
    Fault("task/pooling", "max", "/task/pooling: \"max\" is not supported"),
    Fault("task/frontEnd/melBands", 6, "6 features for 5 inputs"),
    Fault("task/frontEnd/fftSize", 250, "m.json:/task/frontEnd/fftSize: 250 points"),
    Fault("task/normalisation/deviation", [1, 1, 1, 0, 1], "/task/normalisation/deviation/3: 0.0"),
    Fault("task/normalisation/mean", [1], "1 numbers for 5 features"),
    Fault("stages/0/metrics/loss", "low", "/stages/0/metrics/loss: expected a number"),
    Fault("stages/0/settings/epochs", [1], "/stages/0/settings/epochs: a setting is a text"),
    Fault("stages/0/seed", -1, "/stages/0/seed: -1 is not supported"),
    Fault(
      "weights/file", "../w.safetensors", "/weights/file: \"../w.safetensors\" is no file name"),
    Fault("weights/sha256", "abc", "/weights/sha256: \"abc\" is no SHA-256 digest"),
    Fault(
      "weights/sha256", .string(String(repeating: "0", count: 64)),
      "but m.json says 000000000000..."
    ),

  ]

  @Test(arguments: faults)
  func eachFaultHasOneClearMessage(fault: Fault) throws {
    let (pointer, value, message) = (fault.pointer, fault.value, fault.message)
    let model = try SampleModel.model(quantized: true)
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("m.json")
      try model.write(to: url, weights: SampleModel.weights(model.network))
      var json = try JSONValue(parsing: AtomicFile.read(url))
      json = SampleModel.editing(json, pointer, to: value)
      try AtomicFile.write(json.text, to: url)
      // What depends on these values is wrong then too.
      let others = ["task/frontEnd/melBands", "layers/2/inputSize", "layers/0/parameters/1/name"]
      if others.contains(pointer) {
        #expect(errorText { try ModelFile.read(url) }.contains(message))
      } else {
        expectDiagnostic(message) { try ModelFile.read(url) }
      }
    }
  }

  @Test func allFaultsAreReportedAtOnce() throws {
    var json = try JSONValue(
      parsing: AtomicFile.read(vectors.appendingPathComponent("model.json")))
    json = SampleModel.editing(json, "name", to: "")
    json = SampleModel.editing(json, "layers/0/cell", to: "x")
    json = SampleModel.editing(json, "layers/3/units", to: "many")
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("m.json")
      try AtomicFile.write(json.text, to: url)
      let text = errorText { try ModelFile.readDescription(url) }
      #expect(text.split(separator: "\n").count == 3, "\(text)")
    }
  }

  @Test func weightsMustBeExactlyThoseOfTheModel() throws {
    let network = Network(layers: [
      try Layer(name: "d", cell: "dense", inputSize: 2, units: 3)
    ])
    func read(_ tensors: [(String, SafeTensors.Tensor)]) throws -> Weights {
      var file = SafeTensors()
      for (name, tensor) in tensors { file.add(name, tensor) }
      return try ModelFile.weights(from: file, for: network, path: "w").weights
    }
    let bias = ("d.bias", SafeTensors.Tensor(shape: [3], floats: [1, 2, 3]))
    let weight = ("d.weight", SafeTensors.Tensor(shape: [3, 2], floats: [1, 2, 3, 4, 5, 6]))
    #expect(try read([bias, weight]).values == [[[1, 2, 3, 4, 5, 6], [1, 2, 3]]])
    expectDiagnostic("w:d.bias: the weight is missing") { try read([weight]) }
    expectDiagnostic("w:e: no parameter") { try read([weight, bias, ("e", bias.1)]) }
    expectDiagnostic("w:d.weight: its shape is [2, 3], but the model needs [3, 2]") {
      try read([bias, ("d.weight", .init(shape: [2, 3], floats: [1, 2, 3, 4, 5, 6]))])
    }
    expectDiagnostic("w:d.bias[1]: the weight is nan") {
      try read([weight, ("d.bias", .init(shape: [3], floats: [1, .nan, .infinity]))])
    }
    let mixed = try SafeTensors.read(vectors.appendingPathComponent("mixed.safetensors"))
    expectDiagnostic("w:d.bias: its elements are I16, not F32") {
      try read([weight, ("d.bias", mixed["i16"]!)])
    }
  }

  @Test func aQuantizedModelHoldsOnlyNumbersOfItsFormats() throws {
    let model = try SampleModel.model(quantized: true)
    var weights = SampleModel.weights(model.network)
    weights.values[0][1][5] += 0x1p-10
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("m.json")
      expectDiagnostic("m.safetensors:gru0.z.weight_h[5]", "is not a number of the format Q2.9") {
        try model.write(to: url, weights: weights)
      }
      weights.values[2][0][1] = 1000
      try model.write(to: url, weights: weights.rounded(to: model.network))
      let stored = try ModelFile.read(url).weights
      #expect(stored.values[2][0][1] == Float(SampleModel.q12.maxValue))
      weights.values[1][0][2] = -.infinity
      let before = try AtomicFile.read(url)
      #expect(
        errorText { try model.write(to: url, weights: weights) }.contains("[2]: the weight is -inf")
      )
      #expect(try AtomicFile.read(url) == before)
    }
  }

  @Test func whatTheFileCannotHoldIsNotWritten() throws {
    var model = try SampleModel.model(quantized: false)
    let weights = SampleModel.weights(model.network)
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("m.json")
      var odd = model
      odd.network.layers[3].graph.nodes[0].name = "y9"
      expectDiagnostic("parts that the file cannot hold") {
        try odd.write(to: url, weights: weights)
      }
      model.stages[0].metrics[0].value = .nan
      expectDiagnostic("/stages/0/metrics/accuracy: nan") {
        try model.write(to: url, weights: weights)
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(names.isEmpty)
    }
  }

  @Test func mutantsNeverCrash() throws {
    let data = try AtomicFile.read(vectors.appendingPathComponent("model.json"))
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("m.json")
      var random = SplitMix64(seed: 3)
      var accepted = 0
      for k in 0..<300 {
        var mutant = data
        if k < 60 {
          mutant = data.prefix(random.below(data.count))
        } else {
          for _ in 0...random.below(2) {
            // Mostly digits and letters, so that the text stays JSON and the decoder sees it.
            mutant[random.below(data.count)] = Array("0123456789-ad\"{}[],".utf8)[random.below(19)]
          }
        }
        try mutant.write(to: url)
        do {
          _ = try ModelFile.readDescription(url)
          accepted += 1
        } catch let error as DiagnosticsEmitted {
          #expect(!error.diagnostics.isEmpty)
          #expect(!"\(error)".contains("cannot be decoded"), "\(error)")
        }
      }
      #expect(accepted > 0 && accepted < 240)
    }
  }
}

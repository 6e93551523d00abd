import Foundation
import RNNDriver
import RNNGraph
import RNNImport
import RNNInterchange
import RNNSupport
import Testing
import _RNNTestSupport

/// 300 damaged files of each kind, for every reader of the program.
///
/// Each gives a value that a checker finds legal, or an error of the product. A crash or a reader that does not end ends the tests.
@Suite struct MutatedFileTests {
  static let count = 300

  /// Reads damaged files; what a reader accepts goes through the checker, which gives the fault that it finds.
  ///
  /// - Parameter isText: whether the file is JSON, which then is damaged as such in two cases of three.
  private func attack(
    _ name: String, _ original: Data, isText: Bool = false, seed: UInt64,
    read: (Data) throws -> String?
  ) throws {
    #expect(try read(original) == nil, "\(name): the file itself is refused")
    let json = isText ? try JSONValue(parsing: original) : .null
    var accepted = 0
    for k in 0..<Self.count {
      var mutation = Mutation(seed: SplitMix64(seed: seed).fork("\(name) \(k)").state)
      let damaged =
        isText && !k.isMultiple(of: 3)
        ? Data(mutation.json(json).text.utf8) : mutation.bytes(original)
      do {
        if let fault = try read(damaged) {
          Issue.record("\(name) \(k) is accepted: \(fault)")
        } else {
          accepted += 1
        }
      } catch let error as DiagnosticsEmitted {
        #expect(error.description.utf8.count < 40_000)
        #expect(error.diagnostics.allSatisfy { !$0.fix.isEmpty }, "\(name) \(k): \(error)")
      } catch let error as ToolError {
        #expect(!error.hint.isEmpty && error.description.utf8.count < 20_000, "\(name) \(k)")
      } catch {
        Issue.record("\(name) \(k): an error of another kind: \(error)")
      }
    }
    // Every reader has to take some, or the damage is no test of it.
    #expect(accepted < Self.count, "\(name): everything is accepted")
  }

  private func fixture(_ path: String) throws -> Data {
    try Data(
      contentsOf: packageRoot.appendingPathComponent("Tests/RNNImportTests/Fixtures/\(path)"))
  }

  // MARK: - Checkers

  /// What a dense layer means where the file leaves the option away.
  private static let standards: [String: JSONValue] = ["bias": .bool(true)]

  /// The place of the first difference between what was read and what was written again; nil where they say the same.
  ///
  /// `1` and `1.0` do, and a missing member and null do. The order of parameters and of values is that of the graph, whatever
  /// the file has.
  private static func difference(_ a: JSONValue?, _ b: JSONValue?, _ path: String = "") -> String? {
    if let x = a?.number, let y = b?.number { return x == y ? nil : path }
    if case .object(let p)? = a, case .object(let q)? = b {
      return Set((p + q).map(\.key)).sorted().lazy.compactMap {
        difference(a?[$0] ?? standards[$0], b?[$0], "\(path)/\($0)")
      }.first
    }
    if case .array(let p)? = a, case .array(let q)? = b {
      let isOrdered = !path.hasSuffix("/parameters") && !path.hasSuffix("/values")
      func order(_ list: [JSONValue]) -> [JSONValue] {
        isOrdered ? list : list.sorted { $0.text < $1.text }
      }
      if p.count != q.count { return path }
      return zip(order(p), order(q)).lazy.compactMap { difference($0, $1, "\(path)/*") }.first
    }
    return (a ?? .null) == (b ?? .null) ? nil : path
  }

  /// What is wrong with an imported model: it has to stand up to being written and read by our own strict reader.
  private static func fault(_ imported: ImportedModel, in folder: URL) -> String? {
    let model = imported.model.joined
    let weights = model.steps.flatMap(\.parts).flatMap(\.weights.values).joined().joined()
    guard weights.allSatisfy(\.isFinite) else { return "a weight is not finite" }
    do {
      try model.write(to: folder, stages: [])
      let again = try SequenceModel.read(folder.appendingPathComponent(SequenceModel.fileName))
      return again.steps.count == model.steps.count ? nil : "it is read back with other steps"
    } catch { return "what was imported cannot be written and read: \(error)" }
  }

  /// What a number may be by its key, written down a second time; a key that is not here is no key of a record.
  private static func isLegal(_ key: String, _ value: JSONValue) -> Bool {
    let counts = [
      "sequences", "frames", "cycles", "valuesCompared", "probeValuesCompared", "valueMismatches",
      "cycleMismatches", "otherMismatches", "latencyCycles", "sameClassAsReference", "rightClass",
      "mismatches", "windowCycles", "windowFrames", "registerBits", "registerToggles", "netBits",
      "netToggles", "epoch", "selectedEpoch", "testSequences", "round", "stage", "width",
      "lostBits", "formatVersion", "values",
    ]
    let magnitudes = [
      "learningRate", "gradientNorm", "greatestGradientNorm", "penalty", "primal", "dual",
      "rmsError", "testLoss", "testLossBeforeFineTuning", "testLossIntegers", "frameIntervalCycles",
      "maxError", "meanError",
    ]
    let shares = ["testAccuracy", "testAccuracyBeforeFineTuning", "testAccuracyIntegers"]
    let numbers = [
      "loss", "metric", "validationLoss", "validationMetric", "low", "high", "fraction",
      "resetSeed",
      "leastOutput", "greatestOutput",
    ]
    let others = [
      "design", "verilator", "passed", "firstMismatch", "passes", "source", "sink", "accuracy",
      "errors", "form", "against", "verilogEqualsFixed", "scopes", "path", "stimulus", "curve",
      "fineTuningCurve", "method", "rounds", "residuals", "formats", "parameters", "layer", "node",
      "parameter", "role", "rounding", "saturates", "control",
    ]
    if key == "structure" {
      return value.string?.wholeMatch(
        of:
          /(block-circulant:\d+|bank-balanced:\d+:\d+)(, (block-circulant:\d+|bank-balanced:\d+:\d+))*/
      ) != nil
    }
    guard let number = value.number else {
      let isNumeric = (counts + magnitudes + shares + numbers).contains(key)
      if key == "stage" || key == "values" { return true }
      return isNumeric ? value == .null : others.contains(key)
    }
    if counts.contains(key) { return value.int.map { $0 >= 0 && $0 <= 1 << 53 } ?? false }
    if magnitudes.contains(key) { return number >= 0 }
    if shares.contains(key) { return (0...1).contains(number) }
    return numbers.contains(key)
  }
  private static func fault(_ value: JSONValue, path: String = "") -> String? {
    switch value {
    case .object(let members):
      for member in members {
        if path.isEmpty, member.key == "settings" { continue }
        if !isLegal(member.key, member.value) {
          return "\(path)/\(member.key) is \(member.value.text.prefix(80))"
        }
        if let fault = fault(member.value, path: "\(path)/\(member.key)") { return fault }
      }
    case .array(let values):
      for (i, value) in values.enumerated() {
        if let fault = fault(value, path: "\(path)/\(i)") { return fault }
      }
    default: break
    }
    return nil
  }

  private static func fault(ofPage html: String) -> String? {
    // The text of the damage may be on the page, but only as text.
    for word in [">nan<", ">inf<", ">-inf<", "<script", "\u{1B}"]
    where html.lowercased().contains(word) { return "the page has \(word)" }
    return nil
  }

  // MARK: - Files of others

  @Test(.timeLimit(.minutes(10))) func models() throws {
    try withTemporaryFolder { folder in
      func check(_ model: ImportedModel) -> String? { Self.fault(model, in: folder) }
      try attack("onnx", fixture("torch-onnx/tx_GRU_0.onnx"), seed: 1) {
        check(try ONNXFile.model(parsing: $0, path: "x.onnx", folder: nil))
      }
      try attack("onnx, two directions", fixture("torch-onnx/tx_LSTM2bi_0.onnx"), seed: 2) {
        check(try ONNXFile.model(parsing: $0, path: "x.onnx", folder: nil))
      }
      try attack("rtneural", fixture("rtneural/gru.json"), isText: true, seed: 3) {
        check(try RTNeuralFile.model(parsing: $0, path: "x.json"))
      }
      try attack("tensorflow", fixture("tensorflow/athena.pb"), seed: 4) {
        check(try TensorFlowFile.model(parsing: $0, path: "x.pb"))
      }
      let keras = try FileManager.default.contentsOfDirectory(
        atPath: packageRoot.appendingPathComponent("Tests/RNNImportTests/Fixtures/keras").path)
      for (ending, isArchive) in [("keras", true), ("h5", false)] {
        let name = try #require(keras.filter { $0.hasSuffix(".\(ending)") }.min())
        try attack(ending, fixture("keras/\(name)"), seed: isArchive ? 5 : 6) {
          check(try KerasFile.model(parsing: $0, path: "x", isArchive: isArchive))
        }
      }
      let torch = folder.appendingPathComponent("torch")
      try FileManager.default.createDirectory(at: torch, withIntermediateDirectories: true)
      let (json, weights) = (
        torch.appendingPathComponent("a.json"), torch.appendingPathComponent("a.safetensors")
      )
      try fixture("torch/gru.safetensors").write(to: weights)
      try attack("modules", fixture("torch/gru.json"), isText: true, seed: 7) {
        try $0.write(to: json)
        return check(try TorchStateDict.read(weights, architecture: json))
      }
      try fixture("torch/gru.json").write(to: json)
      try attack("state_dict", fixture("torch/gru.safetensors"), seed: 8) {
        try $0.write(to: weights)
        return check(try TorchStateDict.read(weights, architecture: json))
      }
    }
  }

  @Test(.timeLimit(.minutes(5))) func dataFiles() throws {
    try attack(
      "npy", NPYArray(shape: [3, 5], elements: .float32((0..<15).map(Float.init))).data, seed: 11
    ) {
      let array = try NPYArray(parsing: $0, path: "x.npy")
      let again = try NPYArray(parsing: array.data, path: "again")
      return array.floats.count == array.shape.reduce(1, *) && again.shape == array.shape
        ? nil : "shape \(array.shape) and \(array.floats.count) elements"
    }
    let wave = WaveFile(sampleRate: 8000, samples: (0..<400).map { Float($0 % 50) / 100 }).data
    try attack("wav", wave, seed: 12) { data in
      let file = try WaveFile(parsing: data, path: "x.wav")
      return file.samples.count <= data.count && file.samples.allSatisfy { abs($0) <= 1 }
        && file.sampleRate > 0
        ? nil : "\(file.samples.count) samples at \(file.sampleRate) Hz of \(data.count) bytes"
    }
    var tensors = SafeTensors()
    tensors.add("a", .init(shape: [2, 3], floats: [1, 2, 3, 4, 5, 6]))
    tensors.add("b.c", .init(shape: [4], floats: [0, -1, 0.5, 9]))
    try attack("safetensors", tensors.data, seed: 13) {
      let file = try SafeTensors(parsing: $0, path: "x.safetensors")
      let again = try SafeTensors(parsing: file.data, path: "again")
      for name in file.names {
        guard let tensor = file[name], let other = again[name],
          tensor.floats.map(\.bitPattern) == other.floats.map(\.bitPattern),
          tensor.floats.count == tensor.shape.reduce(1, *)
        else { return "\(name) is another tensor when it is written and read" }
      }
      return nil
    }
  }

  // MARK: - Our own files

  @Test(.timeLimit(.minutes(10))) func modelsAndExperiments() throws {
    let shared = try TinyDigits.shared.get()
    try withTemporaryFolder { folder in
      let model = folder.appendingPathComponent("model.json")
      let source = shared.appendingPathComponent("gru/quantized")
      try FileManager.default.copyItem(
        at: source.appendingPathComponent("model.safetensors"),
        to: folder.appendingPathComponent("model.safetensors"))
      let original = try Data(contentsOf: source.appendingPathComponent("model.json"))
      let again = folder.appendingPathComponent("again/model.json")
      try attack("model.json", original, isText: true, seed: 21) { data in
        try data.write(to: model)
        let (file, weights) = try ModelFile.read(model)
        try file.write(to: again, weights: weights)
        let written = try JSONValue(parsing: Data(contentsOf: again))
        return Self.difference(try JSONValue(parsing: data), written).map {
          "\($0) is another when it is written again"
        }
      }
      try original.write(to: model)
      let url = folder.appendingPathComponent("model.safetensors")
      let weights = try Data(contentsOf: url)
      try attack("model.safetensors", weights, seed: 22) { data in
        try data.write(to: url)
        _ = try ModelFile.read(model)
        return data == weights ? nil : "the weights are others than the model's"
      }

      let experiment = folder.appendingPathComponent("gru.json")
      let text = try Data(contentsOf: shared.appendingPathComponent("gru.json"))
      try attack("experiment", text, isText: true, seed: 23) { data in
        try data.write(to: experiment)
        let file = try ExperimentFile.read(experiment)
        let training = file.training
        return training.learningRate > 0 && training.learningRate <= 100 && training.epochs > 0
          && file.seed >= 0 && file.network.layers.allSatisfy { $0.graph.outputSize > 0 }
          && (0..<1).contains(file.data.validationShare)
          ? nil : "rate \(training.learningRate), epochs \(training.epochs), seed \(file.seed)"
      }
    }
  }

  /// The records that the report reads; the page is written from each one that it takes.
  @Test(.timeLimit(.minutes(10))) func records() throws {
    let shared = try TinyDigits.shared.get()
    try withTemporaryFolder { folder in
      for stage in ["float", "circulant", "quantized"] {
        try FileManager.default.copyItem(
          at: shared.appendingPathComponent("gru/\(stage)"),
          to: folder.appendingPathComponent("gru/\(stage)"), creatingParents: true)
      }
      for (k, stage) in ["float", "circulant", "quantized"].enumerated() {
        let url = folder.appendingPathComponent("gru/\(stage)/record.json")
        let original = try Data(contentsOf: url)
        try attack("record.json of \(stage)", original, isText: true, seed: UInt64(31 + k)) {
          try report(of: folder, $0, at: url)
        }
        try original.write(to: url)
      }
    }
  }

  private func report(of folder: URL, _ data: Data, at url: URL) throws -> String? {
    try data.write(to: url)
    let page = folder.appendingPathComponent("report.html")
    _ = try ReportStage(
      networks: [folder.appendingPathComponent("gru")], output: page, title: "mutants"
    ).run(StageContext(progress: SilentProgress()))
    return try Self.fault(JSONValue(parsing: data))
      ?? Self.fault(ofPage: String(contentsOf: page, encoding: .utf8))
  }

  /// What lies in a build.
  @Test(.timeLimit(.minutes(15)), .enabled(if: Program.hasSimulator, "Verilator is missing"))
  func builds() throws {
    let shared = try TinyDigits.shared.get()
    try withTemporaryFolder { folder in
      try FileManager.default.copyItem(
        at: shared.appendingPathComponent("gru"), to: folder.appendingPathComponent("gru"))
      let data = shared.appendingPathComponent("recordings").path
      let cosim = try Program.run(
        ["cosim", "gru/rtl", "--data", data, "--limit", "2", "--activity"], in: folder)
      #expect(cosim.status == 0, "\(cosim.standardError)")
      let build = folder.appendingPathComponent("gru/rtl")
      for (k, name) in ["cosim.json", "activity.json"].enumerated() {
        let url = build.appendingPathComponent(name)
        let original = try Data(contentsOf: url)
        try attack(name, original, isText: true, seed: UInt64(41 + k)) {
          try report(of: folder, $0, at: url)
        }
        try original.write(to: url)
      }
      // The estimate itself: no energy is negative or without an end.
      let activity = build.appendingPathComponent("activity.json")
      let energy = EnergyStage(build: build)
      try attack("activity.json, energy", Data(contentsOf: activity), isText: true, seed: 43) {
        try $0.write(to: activity)
        let result = try energy.run(StageContext(progress: SilentProgress()))
        return Self.energyFault(result.json)
      }
      let manifest = build.appendingPathComponent("manifest.json")
      let original = try Data(contentsOf: manifest)
      try attack("manifest.json", original, isText: true, seed: 44) { data in
        try data.write(to: manifest)
        _ = try BuildFolder(opening: build)
        return data == original ? nil : "it is another manifest"
      }
    }
  }

  private static func energyFault(_ json: JSONValue) -> String? {
    for device in json["devices"]?.array ?? [] {
      for key in ["low", "value", "high"] {
        guard let energy = device["peak"]?["totalMicrojoulesPerFrame"]?[key]?.number,
          energy >= 0, energy.isFinite
        else { return "\(device["device"] ?? .null) has an energy that is none" }
      }
    }
    return nil
  }
}

extension FileManager {
  fileprivate func copyItem(at source: URL, to target: URL, creatingParents: Bool) throws {
    try createDirectory(
      at: target.deletingLastPathComponent(), withIntermediateDirectories: creatingParents)
    try copyItem(at: source, to: target)
  }
}

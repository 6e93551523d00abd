import Foundation
import RNNFixedPoint
import RNNGraph
import RNNInterchange
import RNNSupport
import Testing
import _RNNTestSupport

@Suite struct ExperimentFileTests {
  static let gru = packageRoot.appendingPathComponent("Examples/digits/gru.json")

  @Test func readsTheExamples() throws {
    let e = try ExperimentFile.read(Self.gru)
    #expect(e.name == "digits-gru")
    #expect(e.data.kind == .spokenDigits(testIndicesBelow: 5))
    #expect(
      e.data.url(of: Self.gru).path
        == packageRoot.appendingPathComponent("Examples/digits/recordings").path)
    #expect(e.network.layers.map(\.cell) == ["gru", "dense"])
    #expect(e.network.inputSize == e.frontEnd?.featureCount)
    #expect(e.network.outputSize == 10)
    #expect(e.quantization?.rounding == .halfUp)
    guard case .admm(let penalties, 1, let training, .some)? = e.compression?.method else {
      Issue.record("no ADMM")
      return
    }
    #expect(training.epochs.isMultiple(of: penalties.count))
    #expect(e.compression?.blocks.count == 6)
    #expect(
      e.compression?.blocks.allSatisfy {
        $0.layer == "gru0" && $0.structure == .blockCirculant(block: 8)
      } == true)
    let lstm = try ExperimentFile.read(
      Self.gru.deletingLastPathComponent().appendingPathComponent("lstm.json"))
    #expect(lstm.network.layers[0].cell == "lstm")
    #expect(lstm.compression?.blocks.count == 8)
  }

  /// Reads the example after an edit.
  static func edited(_ edits: [(String, JSONValue?)]) throws -> ExperimentFile {
    var json = try JSONValue(parsing: AtomicFile.read(gru))
    for (pointer, value) in edits { json = SampleModel.editing(json, pointer, to: value) }
    return try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("e.json")
      try AtomicFile.write(json.text, to: url)
      return try ExperimentFile.read(url)
    }
  }

  @Test func readsTheOtherKinds() throws {
    let direct: JSONValue = .object([
      "method": "direct", "start": "projection",
      "blocks": [
        .object(["matrices": "gru0.*.weight_x", "block": 4]),
        .object(["matrices": "gru0.n.weight_h", "block": 16]),
      ],
      "training": try JSONValue(parsing: AtomicFile.read(Self.gru))["training"] ?? .null,
    ])
    let e = try Self.edited([
      ("data", .object(["kind": "manifest", "path": "/d/x.tsv", "validationShare": 0.1])),
      ("training/optimizer", .object(["kind": "sgd", "momentum": 0.9])),
      ("training/schedule", .object(["kind": "step", "epochs": 3, "factor": 0.5])),
      ("training/selection", "best"), ("training/gradientClip", .null),
      ("layers/0/options", nil), ("compression", direct), ("quantization", .null),
    ])
    #expect(e.data.kind == .manifest)
    #expect(e.data.url(of: Self.gru).path == "/d/x.tsv")
    #expect(e.training.optimizer == .sgd(momentum: 0.9))
    #expect(e.training.schedule == .step(epochs: 3, factor: 0.5))
    #expect(e.training.orthogonalLearningRate == nil && e.training.gradientNormEpochs == nil)
    let orthogonal = try Self.edited([
      ("training/optimizer", .object(["kind": "rmsprop", "decay": 0.9, "epsilon": 1e-8])),
      ("training/orthogonalLearningRate", 2e-4),
      ("training/gradientNorms", .object(["every": 5])),
    ]).training
    #expect(orthogonal.optimizer == .rmsprop(decay: 0.9, epsilon: 1e-8))
    #expect(orthogonal.orthogonalLearningRate == 2e-4 && orthogonal.gradientNormEpochs == 5)
    #expect(e.training.gradientClip == nil)
    #expect(e.network.layers[0].configuration.choice("reset") == "after")
    #expect(e.quantization == nil)
    #expect(
      e.compression?.blocks.map { "\($0.layer).\($0.parameter) \($0.structure)" } == [
        "gru0.z.weight_x circulant-4", "gru0.r.weight_x circulant-4",
        "gru0.n.weight_x circulant-4", "gru0.n.weight_h circulant-16",
      ])
    guard case .direct(fromProjection: true, _)? = e.compression?.method else {
      Issue.record("not direct")
      return
    }
  }

  static let lyapunov: JSONValue = .object([
    "every": 2, "segments": 3, "steps": 40, "warmUp": 0, "exponents": .null,
  ])
  @Test func spectraAreReadAndRefused() throws {
    let lyapunov = try #require(
      try Self.edited([("training/lyapunov", Self.lyapunov)]).training.lyapunov)
    #expect(lyapunov.every == 2 && lyapunov.segments == 3 && lyapunov.steps == 40)
    #expect(lyapunov.warmUp == 0 && lyapunov.exponents == nil)
    #expect(try Self.edited([("training/lyapunov", .null)]).training.lyapunov == nil)
    expectDiagnostic("/training/lyapunov/every: 0 is not supported") {
      try Self.edited([
        ("training/lyapunov", Self.lyapunov), ("training/lyapunov/every", 0),
      ])
    }
  }
  static let learning: JSONValue = .object([
    "rule": "rflo", "credit": "local", "feedback": "random", "updates": "step",
    "traceInput": "previous", "learns": ["readout"],
  ])

  static let sequences: [(String, JSONValue?)] = [
    (
      "data",
      .object(["kind": "sequences", "path": "x", "validationShare": 0, "features": 6])
    ), ("frontEnd", .null), ("pooling", .null), ("normalise", false),
  ]

  @Test func readsSequences() throws {
    let e = try Self.edited(Self.sequences)
    #expect(e.data.kind == .sequences(features: 6))
    #expect(e.network.inputSize == 6 && e.frontEnd == nil && e.pooling == nil)
    for (pointer, value, message) in [
      ("pooling", "last", "/pooling: data of kind sequences has no pooling"),
      ("normalise", true, "/normalise: arrays are taken as they are"),
      ("data/features", 0, "/data/features: 0 is not supported"),
    ] as [(String, JSONValue, String)] {
      expectDiagnostic(message) { try Self.edited(Self.sequences + [(pointer, value)]) }
    }
    expectDiagnostic("/pooling: recordings need a pooling") {
      try Self.edited([("pooling", .null)])
    }
  }

  @Test func readsLocalLearning() throws {
    let e = try Self.edited([("training/learning", Self.learning)])
    let learning = try #require(e.training.learning)
    #expect(!learning.creditIsExact && learning.feedbackIsRandom && learning.updatesAtEveryStep)
    #expect(learning.tracesTakePreviousInput)
    #expect(!learning.learnsRecurrent && learning.learnsReadout)
    #expect(try Self.edited([("training/learning", .null)]).training.learning == nil)
    expectDiagnostic("/training/learning/credit: \"global\" is not supported") {
      try Self.edited([
        ("training/learning", Self.learning), ("training/learning/credit", "global"),
      ])
    }
  }

  static let faults: [ModelFileTests.Fault] = [
    .init("format", "rnnc-model", "\"format\": \"rnnc-experiment\""),
    .init("version", 9, "e.json:/version: version 9"),
    .init("epochs", 3, "e.json:/epochs: unknown key \"epochs\""),
    .init("seed", nil, "the key \"seed\" is missing"),
    .init("data/kind", "folder", "e.json:/data/kind: \"folder\" is not supported"),
    .init("data/path", "", "e.json:/data/path: it is empty"),
    .init("data/validationShare", 1, "e.json:/data/validationShare: 1.0 is not supported"),
    .init("frontEnd/fftSize", 100, "e.json:/frontEnd/fftSize: 100 points"),
    .init("pooling", "max", "e.json:/pooling: \"max\""),
    .init("layers/0/cell", "qrnn", "e.json:/layers/0/cell: no cell is named \"qrnn\""),
    .init("layers/0/direction", "bidirectional", "streaming target sees no future input"),
    .init("layers/0/options/reset", "never", "/layers/0/options/reset: \"never\""),
    .init("layers/1/name", "gru0", "/layers/1/name: \"gru0\" names two layers"),
    .init("training/epochs", 0, "/training/epochs: 0 is not supported"),
    .init("training/learningRate", -1, "/training/learningRate: -1.0"),
    .init("training/optimizer/kind", "lamb", "/training/optimizer/kind: \"lamb\""),
    .init("training/optimizer/beta1", 1, "/training/optimizer/beta1: 1.0"),
    .init("training/orthogonalLearningRate", 0, "/training/orthogonalLearningRate: 0"),
    .init("training/gradientNorms", 3, "/training/gradientNorms"),
    .init(
      "training/gradientNorms", .object(["every": 0]), "/training/gradientNorms/every: 0"),
    .init("training/schedule/warmup", 1, "unknown key \"warmup\""),
    .init("training/selection", "best", "data.validationShare is 0"),
    .init("training/augmentation/stretch", 1.5, "/augmentation/stretch: 1.5"),
    .init("compression/method", "prune", "/compression/method: \"prune\""),
    .init("compression/blocks/0/block", 6, "/blocks/0/block: a block size of 6"),
    .init("compression/blocks/0/structure", .object(["kind": "dense"]), "unknown key \"block\""),
    .init(
      "compression/blocks/0",
      .object(["matrices": "gru0.*", "structure": .object(["kind": "dense"])]),
      "/blocks/0/structure: dense matrices store every value"),
    .init(
      "compression/blocks/0",
      .object([
        "matrices": "gru0.*",
        "structure": .object(["kind": "bank-balanced", "bank": 4, "kept": 5]),
      ]), "/blocks/0/structure/bank: 5 of 4 columns cannot be kept"),
    .init("compression/blocks/0/matrices", "gru1.*", "no matrix matches \"gru1.*\""),
    .init("compression/penalties", [], "there is no stage"),
    .init("compression/penalties/1", 0, "/compression/penalties/1: 0.0"),
    .init("compression/training/epochs", 13, "13 epochs do not divide into 2 stages"),
    .init("quantization/weightWidth", 24, "/quantization/weightWidth: 24 is not supported"),
    .init("quantization/tableSegments", 100, "100 is no power of two"),
    .init("quantization/rounding", "nearest", "/quantization/rounding: \"nearest\""),
  ]
  @Test(arguments: faults)
  func eachFaultHasOneClearMessage(fault: ModelFileTests.Fault) throws {
    if fault.pointer == "layers/0/cell" || fault.pointer == "frontEnd/fftSize" {
      #expect(errorText { try Self.edited([(fault.pointer, fault.value)]) }.contains(fault.message))
    } else {
      expectDiagnostic(fault.message) { try Self.edited([(fault.pointer, fault.value)]) }
    }
  }

  @Test func aMatrixMayMatchOnePattern() {
    let blocks: JSONValue = [
      .object(["matrices": "gru0.*", "block": 4]), .object(["matrices": "*.weight_h", "block": 8]),
    ]
    expectDiagnostic("/compression/blocks/1/matrices: gru0.z.weight_h matches \"gru0.*\" too") {
      try Self.edited([("compression/blocks", blocks)])
    }
  }
}

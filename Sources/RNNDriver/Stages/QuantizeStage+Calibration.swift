internal import Foundation
internal import RNNGraph
internal import RNNInterchange
internal import RNNQuantize
internal import RNNReport
internal import RNNSupport

extension QuantizeStage {
  /// Bits of weights, values and states that nobody chose.
  private static let standardWidth = 16

  /// Chooses formats on a few sequences; the weights are rounded and nothing is trained.
  func calibrated(_ files: [URL]) throws -> StageResult {
    let claim = try OutputClaim(folder: output, kind: .model, inputs: inputs)
    defer { claim.release() }
    let values = widths.values ?? Self.standardWidth
    let policy = QuantizationPolicy.withoutTraining(
      weightBits: widths.weights ?? Self.standardWidth, valueBits: values,
      stateBits: widths.states ?? values)
    try policy.check()
    let source = ModelFolder.modelURL(model)
    let isSequence = source.lastPathComponent == SequenceModel.fileName
    let file = isSequence ? nil : try ModelFile.read(source)
    let float =
      try file.map { model, weights in
        SequenceModel(
          name: model.name, steps: [.forward(.init(network: model.network, weights: weights))])
      } ?? SequenceModel.read(source)
    let given = try files.flatMap {
      try FeatureInput.sequences($0, inputSize: float.inputSize).sequences
    }
    let kept = try keptSequences(of: float, at: source)
    let shown = given.isEmpty ? kept?.inputs ?? [] : given
    if shown.isEmpty {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "quantize", path: model.relativePath,
          message: "no sequences show the ranges of its values",
          fix: "give some with --calibration FILE.npy, or an experiment with --experiment"))
    }
    let measured = kept ?? KeptSequences(inputs: shown, expected: nil)

    let result = try Calibration(policy: policy).quantize(float, sequences: shown)
    let real = SequenceRun(float)
    let integers = try SequenceRun(integersOf: result.model)
    let table = AccuracyTable([
      (.origin, measured.expected), (.float, try measured.inputs.map { try real.run($0).output }),
      (.fixed, try measured.inputs.map { try integers.run($0).output }),
    ])

    let stage = ModelStage(
      name: "quantize", seed: 0, settings: policy.settings,
      metrics: table.errors(of: .fixed, against: .float).map {
        [.init("maxError", $0.greatest), .init("meanError", $0.mean)]
      } ?? [])
    let written = isSequence ? SequenceModel.fileName : "model.json"
    let record = StageRecord(
      content: .calibrate(
        formats: result.plans.map { FormatRecord($0) }, sequences: shown.count,
        accuracy: table.json))
    try OutputKind.model.requireReplaceable(claim.url)
    try AtomicFile.writeFolder(at: claim.url) { staging in
      let target = staging.appendingPathComponent(written)
      let origin = FloatOrigin.url(of: target)
      try AtomicFile.makeFolder(origin.deletingLastPathComponent())
      if let (model, weights) = file {
        var quantized = model
        quantized.network = result.plans[0].network
        quantized.integers = policy.integerRules
        quantized.stages.append(stage)
        try quantized.write(to: target, weights: weights.rounded(to: quantized.network))
        try model.write(to: origin, weights: weights)
      } else {
        try result.model.write(to: staging, stages: [stage])
        try float.write(to: origin.deletingLastPathComponent(), stages: [])
        // Each part is measured on what it reads in the whole.
        let run = SequenceRun(float)
        let seen = try measured.inputs.map { try run.run($0).partInputs }
        for p in result.plans.indices {
          try KeptSequences(inputs: seen.map { $0[p] }, expected: nil).write(
            beside: origin.deletingLastPathComponent().appendingPathComponent(
              SequenceModel.partName(p)))
        }
      }
      try measured.write(beside: origin)
      try AtomicFile.write(
        record.json.text, to: staging.appendingPathComponent(StageRecord.fileName))
    }
    let path = output.appendingPathComponent(written).relativePath
    return StageResult(
      json: .object([
        .init("model", .string(path)), .init("weightWidth", .int(policy.weightWidth)),
        .init("activationWidth", .int(policy.activationWidth)),
        .init("stateWidth", .int(policy.stateWidth)),
        .init("calibrationSequences", .int(shown.count)), .init("accuracy", table.json),
      ]),
      text: """
        quantized \(float.name) (weights \(policy.weightWidth), values \(policy.activationWidth), \
        states \(policy.stateWidth) bits) from \(shown.count) sequences
        \(table.text)
        model in \(path)
        """)
  }

  /// The sequences given here, or those that lie beside the model.
  private func keptSequences(of float: SequenceModel, at source: URL) throws -> KeptSequences? {
    guard let expected else {
      return try KeptSequences.read(
        beside: source, inputSize: float.inputSize, outputSize: float.outputSize)
    }
    let (inputs, isSingle) = try FeatureInput.sequences(
      expected.input, inputSize: float.inputSize)
    guard let output = expected.output else { return KeptSequences(inputs: inputs, expected: nil) }
    let array = try NPYArray.read(output)
    let (count, steps, size) = (inputs.count, inputs[0].count, float.outputSize)
    let batch = isSingle ? [] : [count]
    let shapes = [batch + [steps, size], batch + [1, size], batch + [size]]
    guard shapes.contains(array.shape) else {
      throw DiagnosticsEmitted(
        Diagnostic(
          stage: "quantize", path: output.relativePath,
          message: "its shape is \(array.shape)",
          fix: "give \(shapes[0]), or \(shapes[2]) for the last step"))
    }
    let values = array.floats.map(Double.init)
    let rows = stride(from: 0, to: values.count, by: size).map { Array(values[$0..<$0 + size]) }
    let each = rows.count / count
    return KeptSequences(
      inputs: inputs,
      expected: (0..<count).map { Array(rows[$0 * each..<($0 + 1) * each]) })
  }
}

internal import RNNSupport

extension FrontEndConfiguration {
  static let keys = [
    "sampleRate", "windowMilliseconds", "hopMilliseconds", "fftSize", "melBands", "minFrequency",
    "maxFrequency", "preEmphasis", "logFloor", "cepstra", "deltas", "utteranceMean",
  ]

  var json: JSONValue {
    .object([
      "sampleRate": .int(sampleRate), "windowMilliseconds": .double(windowMilliseconds),
      "hopMilliseconds": .double(hopMilliseconds), "fftSize": .int(fftSize),
      "melBands": .int(melBands), "minFrequency": .double(minFrequency),
      "maxFrequency": .double(maxFrequency), "preEmphasis": .double(preEmphasis),
      "logFloor": .double(logFloor), "cepstra": .int(cepstra), "deltas": .int(deltas),
      "utteranceMean": .bool(utteranceMean),
    ])
  }

  init?(_ node: JSONNode) {
    guard let o = node.object(Self.keys) else { return nil }
    // Each member is read before any is missed, so that every fault is recorded.
    let sampleRate = o["sampleRate"]?.int()
    let window = o["windowMilliseconds"]?.number()
    let hop = o["hopMilliseconds"]?.number()
    let fftSize = o["fftSize"]?.int()
    let melBands = o["melBands"]?.int()
    let minFrequency = o["minFrequency"]?.number()
    let maxFrequency = o["maxFrequency"]?.number()
    let preEmphasis = o["preEmphasis"]?.number()
    let logFloor = o["logFloor"]?.number()
    let cepstra = o["cepstra"]?.int()
    let deltas = o["deltas"]?.int()
    let utteranceMean = o["utteranceMean"]?.bool()
    guard let sampleRate, let window, let hop, let fftSize, let melBands, let minFrequency,
      let maxFrequency, let preEmphasis, let logFloor, let cepstra, let deltas, let utteranceMean
    else { return nil }
    self.init(
      sampleRate: sampleRate, windowMilliseconds: window, hopMilliseconds: hop, fftSize: fftSize,
      melBands: melBands, minFrequency: minFrequency, maxFrequency: maxFrequency,
      preEmphasis: preEmphasis, logFloor: logFloor, cepstra: cepstra, deltas: deltas,
      utteranceMean: utteranceMean)
    let before = node.json.sink.diagnostics.count
    validate(path: "\(node.json.file):\(node.path)", into: &node.json.sink)
    if node.json.sink.diagnostics.count > before { return nil }
  }
}

import Foundation
import RNNInterchange
import RNNSupport

/// A network of a few weights on a few numbers: each verb takes a fraction of a second on it.
enum TinyArrays {
  /// Writes `data/` and `e.json` into a folder.
  static func write(to folder: URL, epochs: Int = 2) throws {
    var generator = SplitMix64(seed: 3)
    for (split, sequences) in [("train", 12), ("test", 4)] {
      var (inputs, targets) = ([Float](), [Float]())
      for _ in 0..<sequences {
        var y: [Float] = [0, 0]
        for _ in 0..<6 {
          for k in 0..<2 {
            let x = Float(generator.uniform(-1, 1))
            inputs.append(x)
            y[k] += 0.3 * (x - y[k])
          }
          targets += y
        }
      }
      for (name, values) in [("inputs", inputs), ("targets", targets)] {
        try AtomicFile.write(
          NPYArray(shape: [sequences, 6, 2], elements: .float32(values)).data,
          to: folder.appendingPathComponent("data/\(split)-\(name).npy"))
      }
    }
    func training(_ epochs: Int) -> String {
      """
      {"epochs": \(epochs), "batchSize": 4, "learningRate": 0.01, "schedule": {"kind": "constant"},
       "optimizer": {"kind": "sgd", "momentum": 0}, "gradientClip": null, "augmentation": null,
       "bucketBatches": 1, "selection": "last"}
      """
    }
    try AtomicFile.write(
      """
      {"format": "rnnc-experiment", "version": 1, "name": "follow", "seed": 1,
       "data": {"kind": "sequences", "path": "data", "validationShare": 0.25, "features": 2},
       "frontEnd": null, "normalise": false, "pooling": null,
       "layers": [
         {"name": "gru0", "cell": "gru", "units": 4, "options": {"reset": "after"}},
         {"name": "readout", "cell": "dense", "units": 2, "options": {"bias": false}}],
       "training": \(training(epochs)),
       "compression": {"method": "admm", "blocks": [{"matrices": "gru0.*", "block": 2}],
         "penalties": [0.01], "epochsPerRound": 1, "training": \(training(1)),
         "fineTuning": \(training(1))},
       "quantization": {"weightWidth": 8, "activationWidth": 8, "stateWidth": 8,
         "internalWidth": 16, "biasWidth": 32, "rounding": "halfUp", "margin": 1,
         "tableSegments": 64, "fineTuning": \(training(1))}}
      """, to: folder.appendingPathComponent("e.json"))
  }

  /// The command of every stage up to the build, each with its output's name.
  static let stages: [[String]] = [
    ["train", "e.json", "-o", "float"],
    ["compress", "float", "--experiment", "e.json", "-o", "circulant"],
    ["quantize", "circulant", "--experiment", "e.json", "-o", "quantized"],
    ["compile", "quantized", "-o", "rtl", "--name", "tiny"],
  ]

  private static let sharedFolder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "rnnc-arrays-\(ProcessInfo.processInfo.processIdentifier)")

  /// One folder with the network at every stage, made once for all tests; do not change it.
  static let shared: Result<URL, any Error> = Result {
    let folder = sharedFolder
    atexit { try? FileManager.default.removeItem(at: TinyArrays.sharedFolder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try write(to: folder)
    for stage in stages {
      let output = try Program.run(stage, in: folder)
      if output.status != 0 {
        throw ToolError(.toolFailed, "rnnc \(stage): \(output.standardError)", hint: "see above")
      }
    }
    return folder
  }
}

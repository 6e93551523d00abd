import Foundation
import RNNInterchange
import RNNSupport
import Testing
import _RNNTestSupport

/// Every kind of bad input: one clear message with place, value and remedy, exit status 2, nothing half-written.
@Suite struct BadInputTests {
  /// Runs a command that must fail with status 2 and a message with these words, and write nothing.
  private func expectRefusal(
    _ arguments: [String], in folder: URL, output: String = "out", _ words: String...,
    environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = everything(below: folder)
    let result = try Program.run(arguments, in: folder, environment: environment)
    #expect(result.status == 2, "\(result.standardError)", sourceLocation: sourceLocation)
    #expect(result.standardOutput.isEmpty, sourceLocation: sourceLocation)
    for word in words {
      #expect(
        result.standardError.contains(word), "no \"\(word)\" in: \(result.standardError)",
        sourceLocation: sourceLocation)
    }
    let lines = result.standardError.split(separator: "\n").filter { $0.hasPrefix("error: ") }
    #expect(lines.count >= 1, "\(result.standardError)", sourceLocation: sourceLocation)
    #expect(everything(below: folder) == before, sourceLocation: sourceLocation)
  }

  // MARK: - Audio

  @Test func audio() throws {
    try withTemporaryFolder { folder in
      try TinyDigits.write(to: folder)
      let train = ["train", "gru.json", "-o", "out"]
      let wave = folder.appendingPathComponent("recordings/3_theo_5.wav")
      let good = try Data(contentsOf: wave)

      try good.prefix(good.count / 2).write(to: wave)
      try expectRefusal(
        train, in: folder, "3_theo_5.wav", "truncated", "copy or record the file again")
      try Data("<html>not audio</html>".utf8).write(to: wave)
      try expectRefusal(train, in: folder, "3_theo_5.wav", "not a WAV file", "<htm")
      try WaveFile(sampleRate: 16000, samples: [Float](repeating: 0.1, count: 8000)).data.write(
        to: wave)
      try expectRefusal(train, in: folder, "3_theo_5.wav", "16000 Hz", "8000 Hz", "resample it")
      try Data().write(to: wave)
      try expectRefusal(train, in: folder, "3_theo_5.wav", "the file is empty")
      try good.write(to: wave)

      try FileManager.default.moveItem(
        at: wave, to: folder.appendingPathComponent("recordings/three_theo.wav"))
      try expectRefusal(train, in: folder, "three_theo.wav", "{digit}_{speaker}_{index}.wav")
      try FileManager.default.removeItem(at: folder.appendingPathComponent("recordings"))
      try expectRefusal(train, in: folder, "recordings", "no such folder")
    }
  }

  // MARK: - Experiments

  @Test func experiments() throws {
    try withTemporaryFolder { folder in
      let train = ["train", "gru.json", "-o", "out"]
      try expectRefusal(train, in: folder, "gru.json", "no such file")
      try TinyDigits.write(to: folder) { $0.set(["training", "epoch"], .int(3)) }
      try expectRefusal(train, in: folder, "gru.json:/training/epoch", "unknown key \"epoch\"")
      try TinyDigits.write(to: folder) { $0.set(["training", "learningRate"], nil) }
      try expectRefusal(train, in: folder, "the key \"learningRate\" is missing")
      try TinyDigits.write(to: folder) { $0.set(["layers", "0", "cell"], .string("mamba")) }
      try expectRefusal(train, in: folder, "no cell is named \"mamba\"", "gru", "lstm")
      try TinyDigits.write(to: folder) {
        $0.set(["layers", "0", "direction"], .string("bidirectional"))
      }
      try expectRefusal(train, in: folder, "\"bidirectional\" is not supported", "streaming")
      try TinyDigits.write(to: folder) { $0.set(["layers", "1", "units"], .int(9)) }
      try expectRefusal(train, in: folder, "9 outputs", "10 classes")
      try AtomicFile.write("{\"format\": ", to: folder.appendingPathComponent("gru.json"))
      try expectRefusal(train, in: folder, "gru.json")
    }
  }

  // MARK: - Models

  /// Copies the quantized tiny model, edits it, and compiles it.
  private func compileEdited(
    in folder: URL, stage: String = "quantized", json edit: (inout JSONValue) -> Void = { _ in },
    tensors change: ((inout SafeTensors) throws -> Void)? = nil
  ) throws -> [String] {
    let shared = try TinyDigits.shared.get()
    let model = folder.appendingPathComponent("model")
    try? FileManager.default.removeItem(at: model)
    try FileManager.default.copyItem(
      at: shared.appendingPathComponent("gru/\(stage)"), to: model)
    let jsonURL = model.appendingPathComponent("model.json")
    let weightsURL = model.appendingPathComponent("model.safetensors")
    var json = try JSONValue(parsing: Data(contentsOf: jsonURL))
    if let change {
      var tensors = try SafeTensors(parsing: Data(contentsOf: weightsURL), path: weightsURL.path)
      try change(&tensors)
      try tensors.data.write(to: weightsURL)
      json.set(["weights", "sha256"], .string(sha256(tensors.data)))
    }
    edit(&json)
    try AtomicFile.write(json.text, to: jsonURL)
    return ["compile", "model", "-o", "out"]
  }

  /// The same tensors, one of them changed or left out.
  private func replacing(
    _ tensors: SafeTensors, _ name: String, _ change: (SafeTensors.Tensor) -> SafeTensors.Tensor?
  ) -> SafeTensors {
    var result = SafeTensors()
    for other in tensors.names {
      guard let tensor = tensors[other] else { continue }
      if other != name {
        result.add(other, tensor)
      } else if let changed = change(tensor) {
        result.add(other, changed)
      }
    }
    return result
  }

  @Test func models() throws {
    let name = "gru0.r.weight_x"
    try withTemporaryFolder { folder in
      try expectRefusal(["compile", "nothing", "-o", "out"], in: folder, "nothing", "no such file")

      var arguments = try compileEdited(in: folder, json: { $0.set(["dropout"], .double(0.5)) })
      try expectRefusal(arguments, in: folder, "model.json:/dropout", "unknown key \"dropout\"")

      arguments = try compileEdited(
        in: folder, json: { $0.set(["layers", "0", "options", "reset"], .string("sideways")) })
      try expectRefusal(
        arguments, in: folder, "/layers/0", "\"sideways\" is not supported", "after")

      arguments = try compileEdited(
        in: folder, tensors: { tensors in tensors = replacing(tensors, name) { _ in nil } })
      try expectRefusal(arguments, in: folder, name, "the weight is missing")

      arguments = try compileEdited(
        in: folder,
        tensors: { tensors in
          tensors = replacing(tensors, name) { tensor in
            var floats = tensor.floats
            floats[3] = .nan
            return SafeTensors.Tensor(shape: tensor.shape, floats: floats)
          }
        })
      try expectRefusal(arguments, in: folder, "\(name)[3]", "nan")

      arguments = try compileEdited(
        in: folder,
        tensors: { tensors in
          tensors = replacing(tensors, name) { tensor in
            SafeTensors.Tensor(shape: [tensor.floats.count], floats: tensor.floats)
          }
        })
      try expectRefusal(arguments, in: folder, name, "its shape is", "but the model needs")

      // Weights that do not belong to the model, and a damaged file.
      arguments = try compileEdited(in: folder)
      let weights = folder.appendingPathComponent("model/model.safetensors")
      let good = try Data(contentsOf: weights)
      try (good.dropLast(4) + Data([1, 2, 3, 4])).write(to: weights)
      try expectRefusal(arguments, in: folder, "SHA-256")

      // A float model is no hardware yet.
      arguments = try compileEdited(in: folder, stage: "float")
      try expectRefusal(arguments, in: folder, "quantize the network first")
    }
  }

  // MARK: - Hardware, folders, tools

  @Test func devicesAndOptions() throws {
    let shared = try TinyDigits.shared.get()
    try withTemporaryFolder { folder in
      let model = shared.appendingPathComponent("gru/quantized").path
      let compile = ["compile", model, "-o", "out"]
      try expectRefusal(compile + ["--device", "iCE40UP5K"], in: folder, "iCE40UP5K")
      try expectRefusal(compile + ["--device", "XC9"], in: folder, "XC9", "XC7A100T")
      try expectRefusal(compile + ["--name", "3d"], in: folder, "3d", "letter")
      // Options are refused before the model is read.
      for name in ["module", "x__y", "aclk", "s_axis_tdata"] {
        try expectRefusal(
          ["compile", "no/such/model", "-o", "out", "--name", name], in: folder, "`\(name)`")
      }
    }
  }

  @Test func folders() throws {
    let shared = try TinyDigits.shared.get()
    try withTemporaryFolder { folder in
      let model = shared.appendingPathComponent("gru/quantized").path
      // Even root cannot write here.
      try expectRefusal(
        ["compile", model, "-o", "/proc/rnnc/out"], in: folder, "cannot write", "/proc/rnnc")
      // A folder with something else in it is never replaced.
      try AtomicFile.write("dear diary", to: folder.appendingPathComponent("mine/diary.txt"))
      try expectRefusal(
        ["compile", model, "-o", "mine"], in: folder, "mine", "holds other files", "-o")
      try expectRefusal(
        ["compile", model, "-o", "mine/diary.txt"], in: folder, "a file of this name exists")
      try expectRefusal(["cosim", "mine", "--data", "x"], in: folder, "is no build folder")
      try expectRefusal(["report", "mine", "-o", "r.html"], in: folder, "no stage of a network")
    }
  }

  @Test func tools() throws {
    let shared = try TinyDigits.shared.get()
    let build = shared.appendingPathComponent("gru/rtl").path
    let data = shared.appendingPathComponent("recordings").path
    try withTemporaryFolder { folder in
      let cosim = ["cosim", build, "--data", data]
      try expectRefusal(
        cosim, in: folder, "verilator is not installed", "apt-get install verilator",
        environment: ["PATH": "/nonexistent"])
      let fake = folder.appendingPathComponent("verilator")
      try AtomicFile.write("#!/bin/sh\necho Verilator 4.038 2020-07-11\n", to: fake)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fake.path)
      try expectRefusal(
        cosim, in: folder, "verilator 4.038 is too old", "5.006",
        environment: ["PATH": "\(folder.path):/usr/bin:/bin"])
    }
  }

  @Test(.enabled(if: Program.hasSimulator, "Verilator is missing"))
  func inputOfADesign() throws {
    let shared = try TinyDigits.shared.get()
    let build = shared.appendingPathComponent("gru/rtl").path
    try withTemporaryFolder { folder in
      func write(_ array: NPYArray) throws {
        try array.data.write(to: folder.appendingPathComponent("x.npy"))
      }
      let cosim = ["cosim", build, "--input", "x.npy", "--flow", "free"]
      try write(NPYArray(shape: [4, 3], elements: .float32([Float](repeating: 0, count: 12))))
      try expectRefusal(cosim, in: folder, "x.npy", "its shape is [4, 3]")
      try Data("garbage".utf8).write(to: folder.appendingPathComponent("x.npy"))
      try expectRefusal(cosim, in: folder, "not an .npy file")
    }
  }
}

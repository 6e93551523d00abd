internal import Foundation
internal import RNNCosim
internal import RNNInterchange
internal import RNNSupport
internal import RNNSynthesis

extension OutputKind {
  /// What `train`, `compress`, `quantize` and `import` write.
  static let model = OutputKind(
    name: "model folder", markers: [ModelFolder.marker, SequenceModel.fileName]
  ) { marker, content in
    let word = marker == SequenceModel.fileName ? SequenceModel.formatWord : ModelFile.formatWord
    guard content["format"] == .string(word) else { return nil }
    let records: Set = ["record.json", "curve.svg", "gradients.svg", "spectrum.svg"]
    return { path in
      let inside = path.hasPrefix("float/") ? String(path.dropFirst(6)) : path
      return records.contains(path) || isModelFile(inside)
    }
  }

  /// What `compile` writes, and what `cosim`, `synth` and `energy` add.
  static let build = OutputKind(name: "build folder", markers: [BuildFolder.marker]) { _, content in
    // Not stricter than this: what an older rnnc built may be compiled again.
    guard content["formatVersion"]?.number != nil, case .string(let name)? = content["name"],
      content["options"]?["name"] == .string(name), case .array(let files)? = content["files"]
    else { return nil }
    var written: Set = [
      BuildFolder.marker, "cosim.json", "activity.json", "energy.json", "synth.json",
    ]
    for file in files {
      guard case .string(let path)? = file["path"], case .string? = file["sha256"] else {
        return nil
      }
      written.insert(path)
    }
    written.formUnion(BenchWriter.fileNames.map { "bench/\($0)" })
    written.formUnion(Synthesizer.fileNames(of: name).map { "synth/\($0)" })
    return { [written] path in
      if written.contains(path) { return true }
      let parts = path.split(separator: "/").map(String.init)
      switch parts[0] {
      case "model":
        let inside = parts.dropFirst(parts.count > 2 && parts[1] == "float" ? 2 : 1)
        return inside.count == 1 && isModelFile(inside.joined())
      // Folders whose name only a simulation library has, and those that the bench's Makefile fills.
      case "sim": return parts.count > 2 && SimulationBuilder.isOwn(parts[1]) && isVisible(parts)
      case "bench":
        return parts.count > 2 && ["obj", "cocotb", "__pycache__"].contains(parts[1])
          && isVisible(parts)
      default: return false
      }
    }
  }

  /// The model, the parts of one that needs whole sequences, and the sequences beside each.
  private static func isModelFile(_ name: String) -> Bool {
    for stem in ["model", "sequence"] {
      if ["json", "safetensors", "sequences.safetensors"].contains(where: {
        name == "\(stem).\($0)"
      }) {
        return true
      }
    }
    guard name.hasPrefix("part") else { return false }
    let rest = name.dropFirst(4).drop { "0123456789".contains($0) }
    return rest.count < name.count - 4
      && [".json", ".safetensors", ".sequences.safetensors"].contains(rest)
  }

  private static func isVisible(_ parts: [String]) -> Bool {
    parts.allSatisfy { !$0.hasPrefix(".") }
  }
}

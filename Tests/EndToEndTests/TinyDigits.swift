import Foundation
import RNNSupport
import Testing
import _RNNTestSupport

/// A tiny experiment on a few real recordings, and the models that the program makes of it.
enum TinyDigits {
  /// Recordings of two speakers: index 0 is test data, 5 and 6 are training data.
  static let recordings: [String] = (0...9).flatMap { digit in
    ["jackson", "theo"].flatMap { speaker in
      [0, 5, 6].map { "\(digit)_\(speaker)_\($0).wav" }
    }
  }

  /// Writes `recordings/` and `NAME.json` into a folder.
  ///
  /// - Parameter change: edits the experiment before it is written.
  @discardableResult
  static func write(
    to folder: URL, cell: String = "gru", units: Int = 11, epochs: Int = 2,
    change: (inout JSONValue) -> Void = { _ in }
  ) throws -> URL {
    let examples = packageRoot.appendingPathComponent("Examples/digits")
    let target = folder.appendingPathComponent("recordings")
    try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
    for name in recordings {
      let copy = target.appendingPathComponent(name)
      if FileManager.default.fileExists(atPath: copy.path) { continue }
      try FileManager.default.copyItem(
        at: examples.appendingPathComponent("recordings/\(name)"), to: copy)
    }
    var json = try JSONValue(
      parsing: Data(contentsOf: examples.appendingPathComponent("\(cell).json")))
    json.set(["layers", "0", "units"], .int(units))
    json.set(["training", "epochs"], .int(epochs))
    json.set(["compression", "penalties"], .array([.double(0.01)]))
    json.set(["compression", "epochsPerRound"], .int(1))
    json.set(["compression", "training", "epochs"], .int(1))
    json.set(["compression", "fineTuning", "epochs"], .int(1))
    json.set(["quantization", "fineTuning", "epochs"], .int(1))
    change(&json)
    let url = folder.appendingPathComponent("\(cell).json")
    try AtomicFile.write(json.text, to: url)
    return url
  }

  /// Runs the stages up to `compile` in a folder; the current directory is the folder.
  static func make(in folder: URL, cell: String = "gru") throws {
    let experiment = "\(cell).json"
    for arguments in [
      ["train", experiment, "-o", "\(cell)/float"],
      ["compress", "\(cell)/float", "--experiment", experiment, "-o", "\(cell)/circulant"],
      ["quantize", "\(cell)/circulant", "--experiment", experiment, "-o", "\(cell)/quantized"],
      ["compile", "\(cell)/quantized", "-o", "\(cell)/rtl", "--name", "tiny_\(cell)"],
    ] {
      let output = try Program.run(arguments, in: folder)
      #expect(output.status == 0, "rnnc \(arguments): \(output.standardError)")
    }
  }

  private static let sharedFolder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "rnnc-tiny-\(ProcessInfo.processInfo.processIdentifier)")

  /// One folder with the tiny GRU at every stage, made once for all tests; do not change it.
  static let shared: Result<URL, any Error> = Result {
    let folder = sharedFolder
    atexit { try? FileManager.default.removeItem(at: TinyDigits.sharedFolder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try write(to: folder)
    try make(in: folder)
    return folder
  }
}

extension JSONValue {
  /// Replaces the value at a path of member names and array indices; nil removes a member.
  mutating func set(_ path: [String], _ value: JSONValue?) {
    guard let first = path.first else {
      if let value { self = value }
      return
    }
    switch self {
    case .object(var members):
      if let i = members.firstIndex(where: { $0.key == first }) {
        if path.count == 1, value == nil {
          members.remove(at: i)
        } else {
          members[i].value.set(Array(path.dropFirst()), value)
        }
      } else if let value {
        members.append(Member(first, value))
      }
      self = .object(members)
    case .array(var elements):
      if let i = Int(first), elements.indices.contains(i) {
        elements[i].set(Array(path.dropFirst()), value)
      }
      self = .array(elements)
    default: break
    }
  }
}

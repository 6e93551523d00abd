import Foundation
import RNNGraph
import RNNImport
import RNNInterchange
import RNNSupport
import Testing

/// A frozen graph of TensorFlow 1 against NumPy, and graphs that are nearly it.
@Suite struct TensorFlowTests {
  private static let file = fixtures.appendingPathComponent("tensorflow/athena.pb")

  static func compare() throws -> Comparison {
    let expected = try readJSON("tensorflow/expected.json")
    return try Comparison(
      TensorFlowFile.read(file), input: #require(Vector(expected["input"])),
      outputs: [(name: "net_output", vector: #require(Vector(expected["output"])))])
  }

  @Test func theGraphGivesTheSame() throws {
    let comparison = try Self.compare()
    #expect(comparison.count == 4)
    #expect(comparison.greatest < 1e-6, "\(comparison.greatest)")
    let outputs = try #require(Vector(readJSON("tensorflow/expected.json")["output"])).values
    #expect(outputs.allSatisfy { (0.1...0.9).contains($0) })
    let model = try TensorFlowFile.read(Self.file)
    let layers = try #require(model.model.streaming?.part).network.layers
    #expect(layers.map(\.cell) == ["gru", "dense"])
    #expect(model.model.streaming?.selectsLast == true)
    #expect(model.parameterCount == 3 * 20 * (13 + 20 + 1) + 20 + 1)
    #expect(model.notes.contains { $0.option == "candidate" && $0.value == "linear" })
  }

  /// Each change puts words of the same length into the file, so that only their meaning differs.
  @Test(arguments: [
    ("Sigmoid", "Softmax", "Softmax"),  // behind the loop
    ("ZerosLike", "OnesLikes", "does not start as zeros"),
    ("Minimum", "Maximum", "is not that of a GRU"),
    ("net/while/clip_by_value_1", "net/while/clip_by_value_9", "the graph has 2 outputs"),
    ("BiasAdd", "BiasSub", "BiasSub"),
    ("TensorArrayScatterV3", "TensorArrayScatterV4", "TensorArrayScatterV4"),
    ("NextIteration", "LastIteration", "is no value of a loop"),
    ("LogicalAnd", "LogicalXor", "LogicalXor is no condition"),
    ("Placeholder", "Placeholdes", "0 inputs"),
  ])
  func aChangedGraphIsRefused(_ old: String, _ new: String, _ message: String) throws {
    // The word as a value, or all of its occurrences where it names a node.
    var data = try Data(contentsOf: Self.file)
    let (from, to) = (Data(old.utf8), Data(new.utf8))
    try #require(from.count == to.count)
    var count = 0
    var place = data.startIndex
    while let range = data.range(of: from, in: place..<data.endIndex) {
      place = range.upperBound
      // Only operators or whole definitions: the length stands before them.
      guard range.lowerBound > 0, data[range.lowerBound - 1] == UInt8(from.count) else { continue }
      // Renaming the definition leaves its readers without it.
      if old.contains("/"), count == 1 { break }
      data.replaceSubrange(range, with: to)
      count += 1
      place = range.upperBound
    }
    try #require(count > 0)
    let error = try #require(throws: DiagnosticsEmitted.self) {
      _ = try TensorFlowFile.model(parsing: data, path: "x.pb")
    }
    #expect(error.description.contains(message), "\(error)")
    #expect(error.description.contains("x.pb:node"))
  }

  @Test func damagedFilesAreRefused() throws {
    let data = try Data(contentsOf: Self.file)
    for length in stride(from: 0, to: data.count, by: 977) {
      #expect(throws: DiagnosticsEmitted.self) {
        _ = try TensorFlowFile.model(parsing: data.prefix(length), path: "x.pb")
      }
    }
    // Any byte changed: an error, or a network with other weights, but no crash.
    for place in stride(from: 0, to: data.count, by: 173) {
      var damaged = data
      damaged[place] ^= 0x55
      do {
        _ = try TensorFlowFile.model(parsing: damaged, path: "x.pb")
      } catch is DiagnosticsEmitted {}
    }
  }
}

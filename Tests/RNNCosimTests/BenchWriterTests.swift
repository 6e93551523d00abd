import Foundation
import RNNCodegen
import RNNCosim
import RNNQuantize
import RNNReference
import RNNSupport
import Testing
import _RNNTestSupport

@Suite(.serialized) struct BenchWriterTests {
  @Test(arguments: ControlPort.allCases)
  func theBenchOfACompiledDesignPassesAndNoticesAWrongVector(_ control: ControlPort) throws {
    try withTemporaryFolder { folder in
      let network = try RandomNetwork(
        seed: 11, options: .init(cell: "gru", sizes: [3, 5], block: 2))
      var options = CompileOptions(
        name: "bench_me", engine: .lanes(.init(2, outputElementsPerBeat: 2)))
      options.lanes.control = control
      let design = try compile(network.graph, options: options)
      for file in try emit(design) {
        try AtomicFile.write(Data(file.text.utf8), to: folder.appendingPathComponent(file.path))
      }
      let described = try CosimDesign(design, golden: network.graph, folder: folder)
      let sequences = [network.sequence(steps: 3), network.sequence(steps: 2, seed: 1)]
      let files = try BenchWriter(described).files(
        sequences: sequences, reference: ReferenceModel(network.graph))
      for file in files {
        try AtomicFile.write(Data(file.text.utf8), to: folder.appendingPathComponent(file.path))
      }
      let bench = folder.appendingPathComponent("bench")
      let runner = ToolRunner()
      let good = try runner.run("make", ["-s"], directory: bench)
      #expect(good.standardOutput.contains("15 output beats, 4 passes, 0 differences"))

      // One digit of the second beat's data.
      let expected = bench.appendingPathComponent("expected.txt")
      var lines = try String(contentsOf: expected, encoding: .utf8).split(separator: "\n")
      #expect(lines.count == 15)
      let digit = lines[1].last == "0" ? "1" : "0"
      lines[1] = lines[1].dropLast() + digit
      try AtomicFile.write(Data((lines.joined(separator: "\n") + "\n").utf8), to: expected)
      let bad = try runner.run("make", ["-s"], directory: bench, acceptFailure: true)
      #expect(bad.status != 0)
      #expect(bad.standardOutput.contains("beat 1: expected"))
      #expect(bad.standardOutput.contains("4 differences"))
      if let keep = ProcessInfo.processInfo.environment["RNNC_KEEP_BENCH"] {
        try FileManager.default.copyItem(at: folder, to: URL(fileURLWithPath: keep))
      }
    }
  }
}

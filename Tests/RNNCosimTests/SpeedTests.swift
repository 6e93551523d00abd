import Foundation
import RNNCodegen
import RNNCosim
import RNNQuantize
import RNNReference
import RNNSupport
import Testing
import _RNNTestSupport

/// Prints build time and simulation speed of a speech-sized design; only with `RNNC_COSIM_SPEED=1`.
@Suite struct SpeedTests {
  @Test(.enabled(if: ProcessInfo.processInfo.environment["RNNC_COSIM_SPEED"] != nil))
  func aSpeechSizedDesign() throws {
    try withTemporaryFolder { folder in
      let network = try RandomNetwork(
        seed: 1, options: .init(cell: "gru", sizes: [40, 128], block: 8, policy: .init()))
      let design = try compile(
        network.graph,
        options: CompileOptions(name: "speech", engine: .lanes(.init(8, inputElementsPerBeat: 1))))
      for file in try emit(design) {
        try AtomicFile.write(Data(file.text.utf8), to: folder.appendingPathComponent(file.path))
      }
      let described = try CosimDesign(design, golden: network.graph, folder: folder)
      print(
        "\(design.lanes) lanes of \(design.lowered.productsPerLane) multipliers,",
        "\(described.frameCycles) cycles a frame, \(design.probes.count) probes")
      let sequences = (0..<50).map { network.sequence(steps: 40, seed: UInt64($0)) }
      for effort in [SimulationBuilder.Effort.quick, .fast] {
        let start = Date()
        let result = try Cosimulator(described, builder: SimulationBuilder(effort: effort)).run(
          sequences: sequences, runs: [CosimRun()])
        let seconds = Date().timeIntervalSince(start) - result.buildSeconds
        print(
          "effort \(effort): built in \(result.buildSeconds) s; \(result.cycles) cycles,",
          "\(Int(result.cyclesPerSecond)) a second alone,",
          "\(Int(Double(result.cycles) / seconds)) with reference and comparison")
        #expect(result.passed, "\(result.summary)")
      }
    }
  }
}

import Foundation
import RNNCodegen
import RNNCosim
import RNNEstimate
import RNNQuantize
import RNNReference
import RNNSupport
import Testing
import _RNNTestSupport

/// What only a compiled design shows: its memories, its instances, its waveform.
@Suite struct CompiledDesignTests {
  @Test func aWrongWeightIsFoundAndActivityNamesTheUnits() throws {
    try withTemporaryFolder { folder in
      let network = try RandomNetwork(
        seed: 21, options: .init(cell: "lstm", sizes: [3, 6], block: 2, policy: .init()))
      let design = try compile(
        network.graph, options: CompileOptions(name: "whole", engine: .lanes(.init(2))))
      for file in try emit(design) {
        try AtomicFile.write(Data(file.text.utf8), to: folder.appendingPathComponent(file.path))
      }
      let described = try CosimDesign(design, golden: network.graph, folder: folder)
      let bench = Cosimulator(described, builder: SimulationBuilder(effort: .quick))
      let sequences = [network.sequence(steps: 4), network.sequence(steps: 3, seed: 1)]
      func run() throws -> CosimResult {
        try bench.run(
          sequences: sequences, runs: [CosimRun()])
      }
      let good = try run()
      #expect(good.passed, "\(good.summary)")
      #expect(good.latencyCycles.map { $0 > 0 } == true)
      #expect(good.frameIntervalCycles == Double(described.frameCycles))

      let record = try bench.measureActivity(
        sequences: sequences, skip: 1, window: 3, source: "random codes")
      #expect(record.windowCycles == 3 * described.frameCycles)
      // The units of the design find their instances.
      let byUnit = ActivityByUnit(counts: design.counts, record: record)
      #expect(try #require(byUnit.matchedShare) > 0.9)
      for (unit, activity) in zip(design.counts.units, byUnit.units) where !unit.scope.isEmpty {
        #expect(activity.origin == .simulated, "\(unit.name): \(record.scopes.map(\.path))")
      }
      let total = record.total()
      #expect(total.registerBits > 100 && total.netBits > 100)
      #expect(total.registerToggles > 0 && total.netToggles > 0)

      // The lowest bit of one weight, with the same library: memories are read when it starts.
      let memory = folder.appendingPathComponent("mem")
      let images = try FileManager.default.contentsOfDirectory(atPath: memory.path).sorted()
      let name = try #require(images.first { $0.contains("weight") || $0.contains("lane") })
      let image = memory.appendingPathComponent(name)
      var lines = try String(contentsOf: image, encoding: .utf8).split(separator: "\n")
      let first = try #require(lines.firstIndex { !$0.hasPrefix("//") && !$0.hasPrefix("@") })
      let digit = try #require(lines[first].last?.hexDigitValue)
      lines[first] = lines[first].dropLast() + String(digit ^ 1, radix: 16)
      try AtomicFile.write(Data((lines.joined(separator: "\n") + "\n").utf8), to: image)
      let bad = try run()
      #expect(bad.valueMismatches > 0)
      #expect(bad.cycleMismatches == 0 && bad.otherMismatches == 0)
      #expect(bad.runs[0].firstMismatch?.kind == .probeValue)
      #expect(bad.runs[0].firstMismatch?.sequence == 0)
    }
  }
}

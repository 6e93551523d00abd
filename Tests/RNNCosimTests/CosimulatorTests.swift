import Foundation
import RNNCosim
import RNNFixedPoint
import RNNGraph
import RNNReference
import RNNSupport
import Testing

/// One library for all tests of this file: they differ in a memory file and in the input only.
@Suite(.serialized) struct CosimulatorTests {
  static let shared: Result<URL, any Error> = Result {
    let folder = try Standin.makeFolder()
    atexit { if let folder = try? shared.get() { try? FileManager.default.removeItem(at: folder) } }
    _ = try SimulationBuilder(effort: .quick).build(Standin.design(in: folder))
    return folder
  }

  private func cosimulate(
    fault: Int = 0, sequences: [[[Int64]]] = Standin.sequences(), runs: [CosimRun]? = nil,
    change: (inout CosimDesign) -> Void = { _ in }
  ) throws -> CosimResult {
    let folder = try Self.shared.get()
    var design = Standin.design(in: folder)
    change(&design)
    let memory = folder.appendingPathComponent("fault-\(fault)")
    try AtomicFile.write(
      Data((String(fault, radix: 16) + "\n").utf8),
      to: memory.appendingPathComponent("mem/fault.mem"))
    design.memoryFolder = memory
    return try Cosimulator(design, builder: SimulationBuilder(effort: .quick)).run(
      sequences: sequences, runs: runs ?? CosimRun.standard(for: design, seed: 5))
  }

  @Test func theDesignPassesWithAllPatternsAndSeeds() throws {
    let sequences = Standin.sequences()
    let result = try cosimulate(sequences: sequences)
    #expect(result.passed, "\(result.summary)")
    #expect(result.runs.count == 6)
    #expect(result.frames == 6 * 44)
    #expect(result.valuesCompared == 6 * 44 * 5)
    #expect(result.probeValuesCompared == 6 * 44 * 15)
    // An oracle of its own for the outputs.
    for (s, frames) in sequences.enumerated() {
      var state = [Int64](repeating: 0, count: 5)
      for (t, x) in frames.enumerated() {
        for e in 0..<5 { state[e] = max(-2048, min(2047, state[e] + x[e])) }
        #expect(result.outputs[s][t] == state)
      }
    }
    // By hand: the last input beat is taken in cycle 0, start in 1, steps in 2 to 4, beats in 5 to
    // 9.
    #expect(result.latencyCycles == 9)
    // By hand: while the output holds one frame the next waits, so start 10, steps 11 to 13, beats
    // 14 to 18.
    #expect(result.frameIntervalCycles == 9)
    #expect(Set(result.runs.map(\.run.resetSeed)).count == 2)
    #expect(Set(result.runs.map(\.cycles)).count > 2)
  }

  @Test func aSingleFrameIsEnough() throws {
    let result = try cosimulate(sequences: [[[1, -2, 3, -4, 5]]])
    #expect(result.passed, "\(result.summary)")
    #expect(result.outputs == [[[1, -2, 3, -4, 5]]])
    #expect(result.frameIntervalCycles == nil)
  }

  @Test func backPressureIsReproducible() throws {
    let first = try cosimulate()
    let second = try cosimulate()
    #expect(first.runs.map(\.cycles) == second.runs.map(\.cycles))
    #expect(first.runs.map(\.run) == second.runs.map(\.run))
    let design = Standin.design(in: try Self.shared.get())
    let other = CosimRun.standard(for: design, seed: 6)
    #expect(other != first.runs.map(\.run))
    let limited = try cosimulate(
      runs: CosimRun.standard(for: design, seed: 5, stressLimit: 2))
    #expect(limited.passed)
    #expect(limited.runs.map(\.frames) == [44, 5, 5, 5, 5, 5])
    #expect(limited.outputs.map(\.count) == [4, 1, 7, 30, 2])
  }

  // MARK: - Faults, each found where it is

  @Test func aWrongValueIsNamed() throws {
    // Frame 7 is step 2 of sequence 2, after 4 and 1 frames.
    let result = try cosimulate(fault: 1)
    #expect(!result.passed)
    let first = try #require(result.runs[0].firstMismatch)
    #expect(first.kind == .outputValue)
    #expect(first.sequence == 2 && first.step == 2)
    #expect(first.node == "cell.y" && first.element == 2)
    let expected = try #require(Int(first.expected))
    #expect(first.got == "\(expected + 1)")
    // Element 2 is wrong in the output alone: no probe shows it, no later frame has it.
    #expect(result.runs[0].valueMismatches == 1)
    #expect(result.runs[0].cycleMismatches == 0)
    #expect(result.runs[0].otherMismatches == 0)
    // By hand: reset in cycle 0, input in 1 to 3, start in 4, the first beat in 8; nine cycles a
    // frame.
    #expect(first.cycle == 8 + 7 * 9 + 2)
    #expect(result.summary.contains("cell.y[2]"))
    #expect(result.summary.contains("sequence 2, step 2"))
  }

  @Test func aLateBeatIsNamed() throws {
    let result = try cosimulate(fault: 2, runs: [CosimRun()])
    let first = try #require(result.runs[0].firstMismatch)
    #expect(first.kind == .outputCycle)
    #expect(first.sequence == 2 && first.step == 1)
    #expect(first.expected == "beat 0 in cycle 62" && first.got == "cycle 66")
    #expect(result.valueMismatches == 0)
    #expect(result.cycleMismatches > 0)
  }

  @Test func aDroppedBeatIsNamed() throws {
    let result = try cosimulate(fault: 3, runs: [CosimRun()])
    #expect(result.runs[0].firstMismatch?.sequence == 2)
    #expect(result.runs[0].firstMismatch?.step == 1)
    #expect(result.otherMismatches > 0)
    #expect(result.valueMismatches > 0)
    // What the design gave is handed back without inventing the missing beat.
    #expect(result.outputs.joined().joined().count == 44 * 5 - 1)
  }

  @Test func aDroppedBeatAtTheVeryEndIsNamed() throws {
    let result = try cosimulate(
      fault: 3, sequences: Standin.sequences([7]), runs: [CosimRun()])
    #expect(result.otherMismatches > 0)
    #expect(result.runs[0].firstMismatch?.step == 6)
  }

  @Test func aWrongLastIsNamed() throws {
    let result = try cosimulate(fault: 4)
    let first = try #require(result.runs[0].firstMismatch)
    #expect(first.kind == .last)
    #expect(first.sequence == 2 && first.step == 2)
    #expect(first.expected == "0 on beat 4" && first.got == "1")
    #expect(result.runs.allSatisfy { $0.otherMismatches == 1 && $0.valueMismatches == 0 })
  }

  @Test func aWrongInternalValueIsNamed() throws {
    // Frame 9 is step 4 of sequence 2.
    let result = try cosimulate(fault: 5)
    let first = try #require(result.runs[0].firstMismatch)
    #expect(first.kind == .probeValue)
    #expect(first.node == "cell.sum" && first.element == 3)
    #expect(first.sequence == 2 && first.step == 4)
    #expect(result.runs.allSatisfy { $0.valueMismatches == 1 && $0.mismatches == 1 })
  }

  @Test func aMissingInternalValueIsNamed() throws {
    // Frame 3 is the last of sequence 0.
    let result = try cosimulate(fault: 6, runs: [CosimRun()])
    let first = try #require(result.runs[0].firstMismatch)
    #expect(first.kind == .probeMissing)
    #expect(first.node == "cell.y")
    #expect(first.sequence == 0 && first.step == 3)
    #expect(result.runs[0].mismatches == 1)
  }

  @Test func dataThatChangeWhileTheyWaitAreABrokenProtocol() throws {
    let result = try cosimulate(fault: 7)
    #expect(result.runs[0].mismatches == 0)
    #expect(result.runs[1].mismatches > 0)
    #expect(result.runs[1].firstMismatch?.kind == .protocolFault)
  }

  @Test func aStateThatOutlivesItsSequenceIsFound() throws {
    let result = try cosimulate(fault: 8, runs: [CosimRun()])
    let first = try #require(result.runs[0].firstMismatch)
    #expect(first.kind == .probeValue)
    #expect(first.sequence == 1 && first.step == 0)
  }

  @Test func aRegisterWithoutResetIsFound() throws {
    let result = try cosimulate(fault: 9, runs: [CosimRun(resetSeed: 1), CosimRun(resetSeed: 2)])
    for run in result.runs {
      #expect(run.firstMismatch?.kind == .probeValue)
      #expect(run.firstMismatch?.sequence == 0 && run.firstMismatch?.step == 0)
    }
    // The seeds give other values.
    #expect(result.runs[0].firstMismatch?.got != result.runs[1].firstMismatch?.got)
  }

  @Test func aWrongExpectedCycleOfAProbeIsFound() throws {
    let result = try cosimulate(runs: [CosimRun()]) { $0.probes[2].firstCycle = 3 }
    #expect(result.runs[0].firstMismatch?.kind == .probeCycle)
    #expect(result.runs[0].cycleMismatches == 44 * 3)
    #expect(result.runs[0].valueMismatches == 0)
  }

  // MARK: - Input and tools

  @Test func inputThatDoesNotFitIsRefused() throws {
    func messages(_ sequences: [[[Int64]]]) throws -> String {
      do {
        _ = try cosimulate(sequences: sequences)
        return ""
      } catch let error as DiagnosticsEmitted {
        return error.description
      }
    }
    #expect(try messages([]).contains("has no sequences"))
    #expect(try messages([[]]).contains("input[0]: has no frames"))
    #expect(try messages([[[1, 2, 3]]]).contains("input[0][0]: has 3 elements"))
    let text = try messages([[[0, 0, 0, 0, 0], [0, 0, 0, 0, 128]]])
    #expect(text.contains("input[0][1][4]: is 128, outside 8 bits"))
  }

  @Test func aMissingMemoryFileIsAnError() throws {
    let folder = try Self.shared.get()
    var design = Standin.design(in: folder)
    design.memoryFolder = folder.appendingPathComponent("nowhere")
    let error = #expect(throws: ToolError.self) {
      try Cosimulator(design, builder: SimulationBuilder(effort: .quick)).run(
        sequences: Standin.sequences(), runs: [CosimRun()])
    }
    #expect(error?.details?.contains("fault.mem") == true)
  }

  @Test func activityIsCountedPerScope() throws {
    let folder = try Self.shared.get()
    let design = Standin.design(in: folder)
    let bench = Cosimulator(design, builder: SimulationBuilder(effort: .quick))
    // The state of elements 0 and 1 saturates, so use input that alternates: every bit of x
    // toggles.
    let frames: [[Int64]] = (0..<8).map { t in [Int64](repeating: t % 2 == 0 ? 85 : -86, count: 5) }
    let record = try bench.measureActivity(
      sequences: [frames], skip: 2, window: 4, source: "a test")
    #expect(record.windowFrames == 4)
    #expect(record.windowCycles == 36)
    #expect(record.stimulus == "frames 2 to 5 of a test")
    #expect(record.scopes.map(\.path) == ["standin_sim"])
    let scope = try #require(record.scopes.first)
    // 1 + 6 flags, 2 + 2 + 3 + 8 counters, 48 + 72 + 72 data, 1 + 2 + 24 probe, 4 late, 1 stalled.
    #expect(scope.registerBits == 7 + 15 + 192 + 27 + 4 + 1)
    // in_q alone: 5 elements of 8 bits change in each frame; the padding stays.
    #expect(scope.registerToggles >= 4 * 40)
    #expect(scope.registerToggles <= scope.registerBits * 36)
    #expect(scope.netBits > 0 && scope.netToggles > 0)
    // The middle of eight frames is the same window.
    let again = try bench.measureActivity(sequences: [frames], window: 4, source: "a test")
    #expect(again == record)
    let data = record.encoded()
    #expect(try ActivityRecord.decoded(from: data, path: "activity.json") == record)
  }

  @Test func aWaveformIsWritten() throws {
    let folder = try Self.shared.get()
    let bench = Cosimulator(
      Standin.design(in: folder), builder: SimulationBuilder(effort: .quick))
    let file = folder.appendingPathComponent("wave.fst")
    let result = try bench.writeWaveform(
      to: file, sequences: Standin.sequences([2]))
    #expect(result.mismatches == 0)
    #expect(try Data(contentsOf: file).count > 500)
    #expect(throws: ToolError.self) {
      try bench.writeWaveform(
        to: folder.appendingPathComponent("no/such/folder/wave.fst"),
        sequences: Standin.sequences([2]))
    }
  }
}

import Foundation
import RNNCodegen
import RNNCosim
import RNNFixedPoint
import RNNGraph
import RNNQuantize
import RNNReference
import RNNSupport
import Testing
import _RNNTestSupport

/// The control port of emitted designs: what is saved are the reference's states, and what is loaded goes on.
@Suite(.serialized) struct ControlPortTests {
  @Test(arguments: ControlledNetwork.all)
  func savedStatesAreTheReferencesAndLoadedOnesGoOn(_ row: ControlledNetwork) throws {
    try withTemporaryFolder { folder in
      let bench = try ControlBench(row, seed: 3, folder: folder)
      let all = Array(bench.references.indices)
      let others = all.dropFirst()
      #expect(!bench.design.windowStates.isEmpty)

      bench.expectEqual(bench.draw(4, streams: all, seed: 1), "before")
      try bench.hold()
      let saved = try all.map(bench.save)
      for k in all { #expect(saved[k] == bench.states(of: k), "stream \(k)") }
      #expect(saved[0].contains { $0.contains { $0 < 0 } }, "no negative code is tested")
      try bench.release()

      // The uninterrupted run; the other streams end their sequences.
      let input = bench.draw(5, streams: [0], seed: 2)
      let uninterrupted = bench.expectEqual(input, "uninterrupted")
      bench.expectEqual(bench.draw(2, streams: Array(others), seed: 3, ends: true), "others")

      // Back to the saved place, among the sequences of others, whose states stay what they are.
      try bench.hold()
      try bench.load(saved[0], into: 0)
      bench.setStates(saved[0], of: 0)
      for k in all { #expect(try bench.save(k) == bench.states(of: k), "stream \(k) after a load") }
      try bench.release()
      let others2 = bench.draw(5, streams: Array(others), seed: 4)
      let mixed = zip(input.indices, input).flatMap { k, frame in
        [frame] + others2[k * others.count..<(k + 1) * others.count]
      }
      let resumed = bench.expectEqual(mixed, "resumed")
      #expect(resumed.filter { $0.stream == 0 } == uninterrupted)

      // A sequence that has ended goes on as well, by the command that says so.
      bench.expectEqual(bench.draw(1, streams: all, seed: 5, ends: true), "end")
      try bench.hold()
      for k in all {
        try bench.load(saved[k], into: k)
        #expect(try bench.save(k) == bench.states(of: k), "initial codes until the command")
        #expect(try bench.read(ControlBench.status) & 8 != 0)
        try bench.write(ControlBench.command, 2)
        #expect(try bench.read(ControlBench.status) & 8 == 0)
        bench.setStates(saved[k], of: k)
        #expect(try bench.save(k) == saved[k])
      }
      try bench.release()
      let again = bench.expectEqual(input + bench.draw(2, streams: all, seed: 6), "by command")
      #expect(Array(again.prefix(5)) == uninterrupted)
      #expect(bench.hardware.messages == "")
    }
  }

  @Test(arguments: [ControlledNetwork.all[0], ControlledNetwork.all[2]])
  func aClearedStreamStartsAgainAndTheOthersGoOn(_ row: ControlledNetwork) throws {
    try withTemporaryFolder { folder in
      let bench = try ControlBench(row, seed: 4, folder: folder)
      let all = Array(bench.references.indices)
      let cleared = all.count / 2
      let initial = bench.states(of: cleared)
      // Before the first frame memories hold anything; the window shows what will be used.
      try bench.hold()
      for k in all { #expect(try bench.save(k) == initial) }
      try bench.release()
      bench.expectEqual(bench.draw(3, streams: all, seed: 1), "before")
      try bench.hold()
      try bench.write(ControlBench.stream, cleared)
      try bench.write(ControlBench.command, 1)
      bench.references[cleared].reset()
      for k in all { #expect(try bench.save(k) == bench.states(of: k), "stream \(k)") }
      try bench.release()
      bench.expectEqual(bench.draw(3, streams: all, seed: 2), "after")
      #expect(bench.hardware.messages == "")
    }
  }

  /// Frames that have begun are computed, the others wait outside; nothing is lost.
  @Test(arguments: [ControlledNetwork.all[0], ControlledNetwork.all[1]])
  func aHoldTakesEffectBetweenFrames(_ row: ControlledNetwork) throws {
    try withTemporaryFolder { folder in
      let bench = try ControlBench(row, seed: 5, folder: folder)
      let all = Array(bench.references.indices)
      let input = bench.draw(6, streams: all, seed: 1)
      bench.hardware.send(input)
      var seen = 0
      var held = 0
      while seen < input.count, held < 100 {
        bench.hardware.advance(cycles: 3 + 7 * held)
        try bench.hold()
        held += 1
        // What was taken comes out, and nothing more is taken.
        bench.hardware.advance(cycles: 4 * bench.design.schedule.frameLength)
        let outputs = bench.hardware.takeOutputs()
        #expect(try bench.read(ControlBench.frames) == seen + outputs.count)
        #expect(outputs == bench.expected(Array(input[seen..<seen + outputs.count])))
        seen += outputs.count
        for k in all { #expect(try bench.save(k) == bench.states(of: k), "stream \(k)") }
        try bench.release()
      }
      #expect(seen == input.count)
      #expect(held > 2)
      #expect(bench.hardware.messages == "")
    }
  }

  /// While nothing is held, every handshake comes in the cycle that the model of a core without the port predicts.
  @Test func theStreamsKeepTheirCycles() throws {
    let row = ControlledNetwork.all[1]
    let network = try RandomNetwork(seed: 31, options: row.network)
    let design = try expectHardwareEquals(
      network.graph,
      sequences: [5, 1, 3].enumerated().map { network.sequence(steps: $1, seed: UInt64($0)) },
      options: row.options, seed: 8)
    var options = row.options
    options.lanes.control = .none
    #expect(try compile(network.graph, options: options).frameTiming == design.frameTiming)
  }

  /// What `rnnc cosim` does with such a design; then with one whose window looks at the other bank.
  @Test func theCheckOfACosimulationPassesAndFindsAWrongBank() throws {
    try withTemporaryFolder { folder in
      let row = ControlledNetwork.all[2]
      let network = try RandomNetwork(seed: 31, options: row.network)
      let design = try compile(network.graph, options: row.options)
      for file in try emit(design) {
        try AtomicFile.write(Data(file.text.utf8), to: folder.appendingPathComponent(file.path))
      }
      let bench = Cosimulator(
        try CosimDesign(design, golden: network.graph, folder: folder),
        builder: SimulationBuilder(
          effort: .quick, assertions: true, runtimeFolder: try RandomNetworkTests.runtime.get()))
      func check() throws -> ControlCheck {
        try bench.checkControl(
          sequences: [network.sequence(steps: 9), network.sequence(steps: 3, seed: 1)])
      }
      let good = try check()
      #expect(good.passed, "\(good.firstMismatch ?? "")")
      // Sixteen frames of three streams, one of 13 outputs and 13 states.
      #expect(good.frames == 48 && good.codesCompared > 48 * 13 + 3 * 13)

      let core = folder.appendingPathComponent("rtl/net_core.sv")
      let text = try String(contentsOf: core, encoding: .utf8)
      let wrong = text.replacingOccurrences(
        of: ".window_bank_i(window_bank)", with: ".window_bank_i(window_bank ^ 3'd1)")
      #expect(wrong != text)
      try AtomicFile.write(Data(wrong.utf8), to: core)
      let bad = try check()
      #expect(!bad.passed)
      #expect(bad.firstMismatch?.contains("of stream 0[") == true, "\(bad.firstMismatch ?? "")")
    }
  }

  @Test func whatHasNoMeaningIsRefused() throws {
    try withTemporaryFolder { folder in
      let bench = try ControlBench(ControlledNetwork.all[1], seed: 6, folder: folder)
      let end = ControlBench.window + 4 * bench.design.windowWords
      #expect(try bench.read(0) == 0x524e_4e43)
      #expect(try bench.read(4) == 1)
      for k in 0..<4 {
        let digits = ControlBench.digest.dropFirst(8 * k).prefix(8)
        let word = try #require(UInt32(digits, radix: 16))
        #expect(try bench.read(8 + 4 * k) == Int(Int32(bitPattern: word)))
      }
      #expect(try bench.read(0x18) == 3)
      #expect(try bench.read(0x1c) == 17)
      #expect(try bench.read(0x20) == 15)
      #expect(try bench.read(0x24) == ControlBench.window)

      bench.expectEqual(bench.draw(2, streams: [0, 1, 2], seed: 1), "before")
      // A number without a stream: dropped, remembered, not counted.
      #expect(bench.hardware.run([ControlBench.Frame([1, 2, 3, 4, 5], stream: 3)]).isEmpty)
      #expect(try bench.read(ControlBench.status) == 4)
      #expect(try bench.read(ControlBench.frames) == 6)
      try bench.write(ControlBench.command, 4)
      #expect(try bench.read(ControlBench.status) == 0)

      // Not held: the states belong to the core.
      #expect(try bench.refusesRead(ControlBench.window))
      #expect(try bench.refusesWrite(ControlBench.window, 0))
      for command in [1, 2] { #expect(try bench.refusesWrite(ControlBench.command, command)) }
      try bench.hold()
      for address in [0x28, 0x3c, 0x54, 0x100, 0xffc, end, end + 4, ControlBench.command] {
        #expect(try bench.refusesRead(address), "\(address)")
      }
      for address in [0, 8, 0x18, 0x24, ControlBench.status, ControlBench.frames, end] {
        #expect(try bench.refusesWrite(address, 0), "\(address)")
      }
      #expect(try bench.refusesRead(2))
      #expect(try bench.refusesRead(ControlBench.window + 1))
      #expect(try bench.refusesWrite(ControlBench.stream, 3))
      #expect(try bench.refusesWrite(ControlBench.control, 2))
      for command in [3, 8, -1] { #expect(try bench.refusesWrite(ControlBench.command, command)) }
      for state in bench.design.windowStates {
        for code in [state.format.maxCode + 1, state.format.minCode - 1] {
          #expect(try bench.refusesWrite(state.address, Int(code)), "\(state.name)")
        }
        for strobe in [0, 1, 7, 14] {
          #expect(try bench.refusesWrite(state.address, 0, strobe: strobe))
        }
        for code in [state.format.maxCode, state.format.minCode] {
          try bench.write(ControlBench.stream, 2)
          try bench.write(state.address, Int(code))
          #expect(try bench.read(state.address) == Int(code))
        }
      }
      // Nothing of it has changed the states of the first two.
      for k in [0, 1] { #expect(try bench.save(k) == bench.states(of: k)) }
      bench.setStates(try bench.save(2), of: 2)
      try bench.release()
      bench.expectEqual(bench.draw(2, streams: [0, 1, 2], seed: 2), "after")
      #expect(bench.hardware.messages == "")
    }
  }

  @Test func whatTheWindowCannotHoldIsRefusedByName() throws {
    var options = CompileOptions()
    options.lanes.control = .axiLite
    let counting = try RandomNetwork(
      seed: 1,
      options: .init(
        cell: "momentum-lstm", sizes: [3, 4], cellOptions: [.init("method", .choice("nesterov"))]))
    do {
      _ = try compile(counting.graph, options: options)
      Issue.record("a counter of steps is accepted")
    } catch let error as DiagnosticsEmitted {
      #expect("\(error)".contains("counts the frames of a sequence"))
    }
  }

  @Test func aDesignWithoutThePortHasNothingOfIt() throws {
    let row = ControlledNetwork.all[0]
    let network = try RandomNetwork(seed: 31, options: row.network)
    var options = row.options
    let with = try emit(compile(network.graph, options: options))
    options.lanes.control = .none
    let without = try emit(compile(network.graph, options: options))
    for file in without {
      #expect(!file.text.contains("axil") && !file.text.contains("window"), "\(file.path)")
    }
    let added = Set(with.map(\.path)).subtracting(without.map(\.path))
    #expect(added == ["rtl/rnnc_axil.sv", "rtl/rnnc_control.sv", "rtl/rnnc_state_ram.sv"])
    // The program is the same, so the streams keep their cycles.
    for path in without.map(\.path) where path.hasPrefix("mem/") {
      #expect(with.first { $0.path == path } == without.first { $0.path == path }, "\(path)")
    }
  }
}

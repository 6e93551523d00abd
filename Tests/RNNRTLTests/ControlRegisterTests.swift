import RNNRTL
import RNNSupport
import Testing
import _RNNTestSupport

/// The registers of the control port, access by access.
@Suite struct ControlRegisterTests {
  @Test(arguments: simulators)
  func registersFollowTheirMap(_ simulator: BenchSimulator) throws {
    struct Access {
      var address: Int
      var write: Bool
      var data: Int64
      var quiet: Bool
      var busy: Bool
      var error: Bool
      var first: Bool
      var done: Bool
    }
    let identity: [Int64] = [0x1111_2222, 0xffff_0000, 0x8000_0001, 0x1234_5678]
    // Cycles of an access: request, answer, answer of the window, rest.
    let length = 5
    for (streams, words) in [(3, 9), (1, 1), (1, 0)] {
      var random = SplitMix64(seed: UInt64(streams + words))
      let accesses = (0..<2000).map { k -> Access in
        let window = words > 0 ? 1022 + random.below(words + 4) : 1000 + random.below(24)
        let address = [17, 17, 18, 18, 19, 20, random.below(40), window, window, window][
          random.below(10)]
        return Access(
          address: k == 0 ? 16 : address, write: random.below(2) == 0,
          data: [0, 1, 2, 3, 4, 5, 6, 7, 8, 1 << 31, Int64(random.below(1 << 32))][
            random.below(11)],
          quiet: random.below(3) > 0, busy: random.below(2) == 0, error: random.below(2) == 0,
          first: random.below(2) == 0, done: random.below(3) == 0)
      }
      let streamBits = streams > 1 ? 2 : 1
      var indexBits = 1
      while 1 << indexBits < words { indexBits += 1 }
      var addressBits = 12
      while 1 << addressBits < 4096 + 4 * words { addressBits += 1 }
      func bit(_ value: Bool) -> [UInt8] { [value ? 1 : 0] }
      var stimulus: [[[UInt8]]] = []
      func idle(_ reset: Bool) {
        stimulus.append([
          bit(reset), [0], [0], bits(0, addressBits - 2), bits(0, 32), [0], [0], [0], [0], [0],
          [0], [0], bits(0, 32),
        ])
      }
      for cycle in 0..<4 { idle(cycle < 3) }
      for access in accesses {
        for cycle in 0..<length {
          stimulus.append([
            [0], bit(cycle == 0), bit(access.write), bits(Int64(access.address), addressBits - 2),
            bits(access.data, 32), bit(access.quiet), bit(access.busy), bit(access.error),
            bit(access.first), bit(access.done && cycle == 4),
            bit(cycle == 3), bit(access.data & 1 == 1), bits(~access.data, 32),
          ])
        }
      }
      let wide = identity.reversed().flatMap { bits($0, 32) }
      let unit = Unit(
        "rnnc_control", ["Streams": streams, "Words": words],
        inputs: [
          Port("rst_i", 1), Port("req_i", 1), Port("write_i", 1), Port("addr_i", addressBits - 2),
          Port("data_i", 32), Port("quiet_i", 1), Port("busy_i", 1), Port("error_i", 1),
          Port("first_i", 1), Port("done_i", 1), Port("window_done_i", 1),
          Port("window_error_i", 1), Port("window_data_i", 32), Port("identity_i", 128),
        ],
        outputs: [
          Port("ack_o", 1), Port("error_o", 1), Port("data_o", 32), Port("hold_o", 1),
          Port("stream_o", streamBits), Port("clear_o", 1), Port("continue_o", 1),
          Port("clear_error_o", 1), Port("window_req_o", 1), Port("window_write_o", 1),
          Port("window_index_o", indexBits), Port("window_data_o", 32),
        ], stimulus: stimulus.map { $0 + [wide] })
      let trace = try libraryBench([unit]).run(simulator, seed: 9)
      func value(_ cycle: Int, _ output: Int, _ width: Int) -> Int64? {
        trace.signed(cycle: cycle, unit: 0, output: output).map {
          width == 64 ? $0 : $0 & (1 << Int64(width) - 1)
        }
      }
      var hold = false
      var stream: Int64 = 0
      var frames: Int64 = 0
      var (refused, commands, windows) = (0, 0, 0)
      for (k, access) in accesses.enumerated() {
        let start = 4 + k * length
        let isStill = hold && access.quiet
        let index = access.address - 1024
        let isWindow = index >= 0 && index < words && isStill
        var error = false
        var data: Int64 = 0
        var pulses: Int64 = 0
        switch (access.address, access.write) {
        case (0, false): data = 0x524e_4e43
        case (1, false): data = 1
        case (2...5, false): data = identity[access.address - 2]
        case (6, false): data = Int64(streams)
        case (7, false): data = Int64(words)
        case (8, false): data = words > 0 ? 15 : 3
        case (9, false): data = 4096
        case (16, false):
          data =
            (isStill ? 1 : 0) + (access.busy ? 2 : 0) + (access.error ? 4 : 0)
            + (access.first ? 8 : 0)
        case (17, false): data = hold ? 1 : 0
        case (17, true): error = access.data > 1
        case (18, true):
          error = access.data > 7 || access.data & 3 == 3 || access.data & 3 != 0 && !isStill
          pulses = error ? 0 : access.data
        case (19, false): data = stream
        case (19, true): error = access.data >= Int64(streams)
        case (20, false): data = frames
        default: error = !isWindow
        }
        if error { refused += 1 }
        if pulses != 0 { commands += 1 }
        // The request's cycle.
        #expect(value(start, 8, 1) == (isWindow ? 1 : 0), "access \(k): \(access)")
        let seen = [5, 6, 7].enumerated().reduce(Int64(0)) { sum, entry in
          sum | (value(start, entry.element, 1) ?? 0) << Int64(entry.offset)
        }
        #expect(seen == pulses, "access \(k): \(access)")
        if isWindow {
          windows += 1
          #expect(
            value(start, 10, indexBits) == Int64(index) && value(start, 11, 32) == access.data)
          #expect(value(start, 9, 1) == (access.write ? 1 : 0))
          error = access.data & 1 == 1
          data = ~access.data & 0xffff_ffff
        }
        for cycle in 1..<length {
          let answers = cycle == (isWindow ? 3 : 1)
          #expect(value(start + cycle, 0, 1) == (answers ? 1 : 0), "access \(k) + \(cycle)")
          if answers {
            #expect(value(start + cycle, 1, 1) == (error ? 1 : 0), "access \(k): \(access)")
            if !error, !access.write || isWindow {
              #expect(value(start + cycle, 2, 32) == data, "access \(k): \(access)")
            }
          }
        }
        if access.write, !error, access.address == 17 { hold = access.data == 1 }
        if access.write, !error, access.address == 19 { stream = access.data }
        #expect(value(start + 1, 3, 1) == (hold ? 1 : 0), "access \(k): \(access)")
        #expect(value(start + 1, 4, streamBits) == stream, "access \(k): \(access)")
        if access.done { frames += 1 }
      }
      #expect(refused > 100 && commands > 10 && (windows > 5 || words == 0))
    }
  }
}

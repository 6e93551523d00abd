import RNNRTL
import RNNSupport
import Testing
import _RNNTestSupport

/// The AXI4-Lite slave: every order of handshakes on its five channels.
@Suite struct SlaveTests {
  private struct AXIStep {
    var reset: Bool
    var addressValid: Bool
    var address: Int
    var dataValid: Bool
    var data: Int64
    var strobe: Int
    var takesWrite: Bool
    var readValid: Bool
    var readAddress: Int
    var takesRead: Bool
    var acknowledges: Bool
    var fails: Bool
    var answer: Int64
  }

  /// Valid and ready of every channel come by chance, in every order and at once; the accesses and the answers
  /// have to follow from the handshakes alone.
  @Test(arguments: simulators)
  func everyOrderOfHandshakesGivesTheAccessesAndAnswers(_ simulator: BenchSimulator) throws {
    var random = SplitMix64(seed: 77)
    let cycles = 6000
    func chance(_ percent: Int) -> Bool { random.below(100) < percent }
    let steps = (0..<cycles).map { cycle -> AXIStep in
      // Slow masters, slow answers and full speed in turn; the end lets everything out.
      let rate = cycle > cycles - 50 ? 0 : [15, 90, 50, 100][cycle / 400 % 4]
      let readiness = cycle > cycles - 50 ? 100 : [80, 15, 50, 100][cycle / 300 % 4]
      let isWhole = chance(80)
      return AXIStep(
        reset: cycle < 3, addressValid: chance(rate),
        address: random.below(64) * 4 + (chance(10) ? 1 + random.below(3) : 0),
        dataValid: chance(rate), data: Int64(random.below(1 << 32)),
        strobe: isWhole ? 15 : random.below(15), takesWrite: chance(readiness),
        readValid: chance(rate),
        readAddress: random.below(64) * 4 + (chance(10) ? 1 + random.below(3) : 0),
        takesRead: chance(readiness), acknowledges: chance(max(30, readiness)),
        fails: chance(20), answer: Int64(random.below(1 << 32)))
    }
    func bit(_ value: Bool) -> [UInt8] { [value ? 1 : 0] }
    let unit = Unit(
      "rnnc_axil", ["AddressWidth": 8],
      inputs: [
        Port("rst_i", 1), Port("awvalid_i", 1), Port("awaddr_i", 8), Port("wvalid_i", 1),
        Port("wdata_i", 32), Port("wstrb_i", 4), Port("bready_i", 1), Port("arvalid_i", 1),
        Port("araddr_i", 8), Port("rready_i", 1), Port("ack_i", 1), Port("error_i", 1),
        Port("data_i", 32),
      ],
      outputs: [
        Port("awready_o", 1), Port("wready_o", 1), Port("bvalid_o", 1), Port("bresp_o", 2),
        Port("arready_o", 1), Port("rvalid_o", 1), Port("rdata_o", 32), Port("rresp_o", 2),
        Port("req_o", 1), Port("write_o", 1), Port("addr_o", 6), Port("data_o", 32),
      ],
      stimulus: steps.map { s in
        [
          bit(s.reset), bit(s.addressValid), bits(Int64(s.address), 8), bit(s.dataValid),
          bits(s.data, 32), bits(Int64(s.strobe), 4), bit(s.takesWrite), bit(s.readValid),
          bits(Int64(s.readAddress), 8), bit(s.takesRead), bit(s.acknowledges), bit(s.fails),
          bits(s.answer, 32),
        ]
      })
    let trace = try libraryBench([unit]).run(simulator, seed: 5)

    var addresses: [Int] = []
    var words: [(data: Int64, strobe: Int)] = []
    var reads: [Int] = []
    /// The access whose answer is awaited: whether it writes.
    var pending: Bool?
    /// What the next answers have to be.
    var writeAnswer: Int64?
    var readAnswer: (response: Int64, data: Int64)?
    var (writes, readsDone, refused, inARow, longest) = (0, 0, 0, 0, 0)
    func isSet(_ cycle: Int, _ output: Int) -> Bool {
      trace.bits(cycle: cycle, unit: 0, output: output) == [1]
    }
    func number(_ cycle: Int, _ output: Int, _ width: Int) -> Int64 {
      (trace.signed(cycle: cycle, unit: 0, output: output) ?? -1) & (1 << Int64(width) - 1)
    }
    for (cycle, s) in steps.enumerated() where cycle >= 4 {
      if isSet(cycle, 8) {
        // A request: of the oldest write, or of the oldest read, that came before.
        #expect(pending == nil, "two accesses at once in cycle \(cycle)")
        if isSet(cycle, 9) {
          let address = try #require(addresses.first)
          let word = try #require(words.first)
          #expect(address % 4 == 0 && word.strobe == 15, "cycle \(cycle)")
          #expect(number(cycle, 10, 6) == Int64(address / 4) && number(cycle, 11, 32) == word.data)
        } else {
          let address = try #require(reads.first)
          #expect(address % 4 == 0 && number(cycle, 10, 6) == Int64(address / 4))
        }
        pending = isSet(cycle, 9)
      }
      // An answer stays until it is taken, and is that of the access.
      if isSet(cycle, 2) {
        if writeAnswer == nil {
          // No access was made: address or strobe forbid it.
          let isBad = (addresses.first ?? 0) % 4 != 0 || words.first?.strobe != 15
          #expect(isBad && !addresses.isEmpty && !words.isEmpty, "cycle \(cycle)")
          addresses.removeFirst()
          words.removeFirst()
          writeAnswer = 2
          refused += 1
        }
        #expect(number(cycle, 3, 2) == writeAnswer, "cycle \(cycle)")
        if s.takesWrite {
          writeAnswer = nil
          writes += 1
        }
      } else {
        #expect(writeAnswer == nil, "the write's answer is missing in cycle \(cycle)")
      }
      if isSet(cycle, 5) {
        if readAnswer == nil {
          #expect((reads.first ?? 0) % 4 != 0, "cycle \(cycle)")
          reads.removeFirst()
          readAnswer = (2, 0)
          refused += 1
        }
        #expect(number(cycle, 7, 2) == readAnswer?.response, "cycle \(cycle)")
        #expect(number(cycle, 6, 32) == readAnswer?.data, "cycle \(cycle)")
        if s.takesRead {
          readAnswer = nil
          readsDone += 1
        }
      } else {
        #expect(readAnswer == nil, "the read's answer is missing in cycle \(cycle)")
      }
      if let isWrite = pending, s.acknowledges {
        if isWrite {
          writeAnswer = s.fails ? 2 : 0
          addresses.removeFirst()
          words.removeFirst()
          inARow = reads.isEmpty || readAnswer != nil ? 0 : inARow + 1
        } else {
          readAnswer = s.fails ? (2, 0) : (0, s.answer)
          reads.removeFirst()
          inARow = 0
        }
        longest = max(longest, inARow)
        pending = nil
      }
      if s.addressValid, isSet(cycle, 0) { addresses.append(s.address) }
      if s.dataValid, isSet(cycle, 1) { words.append((s.data, s.strobe)) }
      if s.readValid, isSet(cycle, 4) { reads.append(s.readAddress) }
      guard addresses.count <= 1, words.count <= 1, reads.count <= 1 else {
        Issue.record("more than one transaction is taken in cycle \(cycle)")
        return
      }
    }
    #expect(writes > 300 && readsDone > 300 && refused > 50)
    // One write may be on its way when a read comes.
    #expect(longest <= 2, "\(longest) writes before a read that waits")
    // Everything that was whole is answered; a lone address or word may be left.
    #expect(addresses.isEmpty || words.isEmpty)
    #expect(reads.isEmpty && pending == nil)
  }
}

import RNNRTL
import RNNSupport
import Testing
import _RNNTestSupport

@Suite struct StorageTests {
  /// One bench for all storage modules keeps the number of simulator builds low.
  @Test(arguments: simulators)
  func memoriesDelaysAndCollectorsKeepTheirContracts(_ simulator: BenchSimulator) throws {
    var random = SplitMix64(seed: 23)
    let cycles = 400
    var units: [Unit] = []
    var files: [(name: String, text: String)] = []
    // Each check reads the trace of the unit that was appended with it.
    var checks: [(VerilogBench.Trace) -> Int] = []

    for (width, depth, latency, interleave) in [
      (1, 1, 2, 1), (8, 16, 1, 1), (13, 5, 2, 1), (70, 12, 1, 1), (1, 3, 2, 2), (13, 16, 2, 4),
      (5, 21, 2, 8),
    ] {
      let (unit, file, check) = rom(
        width: width, depth: depth, latency: latency, interleave: interleave, index: units.count,
        cycles: cycles,
        random: &random)
      units.append(unit)
      files.append(file)
      checks.append(check)
    }
    for (width, depth, latency) in [(1, 1, 1), (8, 16, 2), (13, 5, 1), (70, 12, 2)] {
      let (unit, check) = ram(
        width: width, depth: depth, latency: latency, index: units.count, cycles: cycles,
        random: &random)
      units.append(unit)
      checks.append(check)
    }
    for (width, depth) in [(1, 0), (1, 1), (5, 2), (70, 7)] {
      let (unit, check) = delay(
        width: width, depth: depth, index: units.count, cycles: cycles, random: &random)
      units.append(unit)
      checks.append(check)
    }
    for (width, elements, word) in [(8, 1, 1), (8, 1, 4), (12, 2, 6), (5, 3, 15), (7, 4, 4)] {
      let (unit, check) = collect(
        width: width, elements: elements, word: word, index: units.count, cycles: cycles,
        random: &random)
      units.append(unit)
      checks.append(check)
    }
    let trace = try libraryBench(units, extra: files).run(simulator, seed: 3)
    for (check, unit) in zip(checks, units) {
      let checked = check(trace)
      #expect(checked > 10, "\(unit.module) \(unit.parameters): \(checked) checks")
    }
  }

  private typealias Check = (VerilogBench.Trace) -> Int

  private func indexBits(_ depth: Int) -> Int {
    var width = 1
    while 1 << width < depth { width += 1 }
    return width
  }

  private func rom(
    width: Int, depth: Int, latency: Int, interleave: Int, index: Int, cycles: Int,
    random: inout SplitMix64
  ) -> (Unit, (name: String, text: String), Check) {
    let words = (0..<depth).map { _ in (0..<width).map { _ in UInt8(random.below(2)) } }
    let lines = stride(from: 0, to: depth, by: interleave).map { first in
      (first..<first + interleave).flatMap {
        $0 < depth ? words[$0] : [UInt8](repeating: 0, count: width)
      }
    }
    let text = lines.map { word -> String in
      let padded = word + [UInt8](repeating: 0, count: (4 - word.count % 4) % 4)
      let digits = stride(from: 0, to: padded.count, by: 4).map { i -> String in
        let nibble: UInt8 = padded[i..<i + 4].reversed().reduce(0) { $0 << 1 | $1 }
        return String(nibble, radix: 16)
      }
      return digits.reversed().joined()
    }
    let enables = (0..<cycles).map { _ in random.below(3) > 0 }
    let addresses = (0..<cycles).map { _ in random.below(depth) }
    let unit = Unit(
      "rnnc_rom",
      [
        "InitFile": "\"rom\(index).mem\"", "Width": width, "Depth": depth, "Latency": latency,
        "Interleave": interleave,
      ],
      inputs: [Port("en_i", 1), Port("addr_i", indexBits(depth))], outputs: [Port("data_o", width)],
      stimulus: zip(enables, addresses).map {
        [bits($0 ? 1 : 0, 1), bits(Int64($1), indexBits(depth))]
      })
    return (
      unit, ("rom\(index).mem", text.joined(separator: "\n") + "\n"),
      { trace in
        var expected: [UInt8]?
        var checked = 0
        for cycle in latency..<cycles {
          if enables[cycle - latency] { expected = words[addresses[cycle - latency]] }
          guard let expected else { continue }
          #expect(trace.bits(cycle: cycle, unit: index) == expected, "rom \(width) \(cycle)")
          checked += 1
        }
        return checked
      }
    )
  }

  private func ram(
    width: Int, depth: Int, latency: Int, index: Int, cycles: Int, random: inout SplitMix64
  ) -> (Unit, Check) {
    struct Step {
      var write: Bool
      var writeAddress: Int
      var data: [UInt8]
      var read: Bool
      var readAddress: Int
    }
    let steps = (0..<cycles).map { _ in
      Step(
        write: random.below(2) == 0, writeAddress: random.below(depth),
        data: (0..<width).map { _ in UInt8(random.below(2)) }, read: random.below(3) > 0,
        readAddress: random.below(depth))
    }
    let address = indexBits(depth)
    let unit = Unit(
      "rnnc_ram_sdp", ["Width": width, "Depth": depth, "Latency": latency],
      inputs: [
        Port("we_i", 1), Port("waddr_i", address), Port("wdata_i", width), Port("re_i", 1),
        Port("raddr_i", address),
      ],
      outputs: [Port("rdata_o", width)],
      stimulus: steps.map {
        [
          bits($0.write ? 1 : 0, 1), bits(Int64($0.writeAddress), address), $0.data,
          bits($0.read ? 1 : 0, 1), bits(Int64($0.readAddress), address),
        ]
      })
    return (
      unit,
      { trace in
        var contents: [[UInt8]?] = Array(repeating: nil, count: depth)
        var expected: [UInt8]?
        var checked = 0
        for (cycle, step) in steps.enumerated() {
          let seen = cycle + latency - 1
          if let expected, seen < cycles {
            #expect(trace.bits(cycle: seen, unit: index) == expected, "ram \(width) \(seen)")
            checked += 1
          }
          if step.read {
            // A word that is written in the same cycle is undefined.
            let collides = step.write && step.readAddress == step.writeAddress
            expected = collides ? nil : contents[step.readAddress]
          }
          if step.write { contents[step.writeAddress] = step.data }
        }
        return checked
      }
    )
  }

  private func delay(
    width: Int, depth: Int, index: Int, cycles: Int, random: inout SplitMix64
  ) -> (Unit, Check) {
    let words = (0..<cycles).map { _ in (0..<width).map { _ in UInt8(random.below(2)) } }
    let unit = Unit(
      "rnnc_delay", ["Width": width, "Depth": depth], inputs: [Port("data_i", width)],
      outputs: [Port("data_o", width)], stimulus: words.map { [$0] })
    return (
      unit,
      { trace in
        for cycle in depth..<cycles {
          #expect(trace.bits(cycle: cycle, unit: index) == words[cycle - depth], "delay \(depth)")
        }
        return cycles - depth
      }
    )
  }

  private func collect(
    width: Int, elements: Int, word: Int, index: Int, cycles: Int, random: inout SplitMix64
  ) -> (Unit, Check) {
    struct Step {
      var reset: Bool
      var valid: Bool
      var last: Bool
      var data: [UInt8]
    }
    let steps = (0..<cycles).map { cycle in
      Step(
        reset: cycle < 2 || cycle == 201,
        // The second half comes without gaps.
        valid: cycle >= 2 && (cycle > cycles / 2 || random.below(3) > 0),
        last: random.below(6) == 0,
        data: (0..<elements * width).map { _ in UInt8(random.below(2)) })
    }
    let unit = Unit(
      "rnnc_collect", ["ElementWidth": width, "Elements": elements, "WordElements": word],
      inputs: [
        Port("rst_i", 1), Port("valid_i", 1), Port("last_i", 1), Port("data_i", elements * width),
      ],
      outputs: [Port("word_valid_o", 1), Port("word_o", word * width)],
      stimulus: steps.map {
        [bits($0.reset ? 1 : 0, 1), bits($0.valid ? 1 : 0, 1), bits($0.last ? 1 : 0, 1), $0.data]
      })
    return (
      unit,
      { trace in
        var started: [UInt8] = []
        var words = 0
        // The word that has to show in the next cycle.
        var expected: [UInt8]?
        for (cycle, step) in steps.enumerated() {
          if cycle > 0 {
            let valid = trace.bits(cycle: cycle, unit: index)
            #expect(valid == [expected == nil ? 0 : 1], "collect \(word) valid at \(cycle)")
            if let expected {
              let found = trace.bits(cycle: cycle, unit: index, output: 1)
              #expect(found == expected, "collect \(word) at \(cycle)")
              words += 1
            }
          }
          expected = nil
          if step.reset {
            started = []
          } else if step.valid {
            started += step.data
            if step.last || started.count == word * width {
              let rest = word * width - started.count
              expected = started + [UInt8](repeating: 0, count: rest)
              started = []
            }
          }
        }
        return words
      }
    )
  }
}

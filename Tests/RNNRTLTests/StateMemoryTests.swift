import RNNRTL
import RNNSupport
import Testing
import _RNNTestSupport

/// Memories of states: the ports of a core, and the window to single elements.
@Suite struct StateMemoryTests {
  @Test(arguments: simulators)
  func windowsReadAndWriteSingleElements(_ simulator: BenchSimulator) throws {
    var random = SplitMix64(seed: 99)
    let shapes: [(width: Int, elements: Int, size: Int, banks: Int)] = [
      (1, 1, 1, 2), (5, 1, 9, 2), (12, 4, 10, 6), (3, 8, 5, 2),
      (7, 3, 3, 4), (6, 6, 13, 2), (9, 14, 100, 4), (4, 56, 1024, 2), (2, 3, 300, 2),
    ]
    let accesses = 150
    // Cycles of an access: its index stands for two, then read, then answer and write, then the memory's own ports.
    let length = 7
    var units: [Unit] = []
    var checks: [(VerilogBench.Trace) -> Int] = []
    for (u, shape) in shapes.enumerated() {
      func bitCount(_ count: Int) -> Int {
        var width = 1
        while 1 << width < count { width += 1 }
        return width
      }
      let words = (shape.size + shape.elements - 1) / shape.elements
      let (wordBits, bankBits) = (bitCount(words), bitCount(shape.banks))
      let indexBits = bitCount(shape.size)
      let wide = shape.width * shape.elements
      struct Step {
        var bank: Int
        var index: Int
        var code: [UInt8]
        var writes: Bool
        var ownWrite: Bool
        var ownBank: Int
        var ownWord: Int
        var ownData: [UInt8]
      }
      let steps = (0..<accesses).map { k in
        Step(
          bank: random.below(shape.banks),
          // Ends of words and of the vector more often than by chance.
          index: [
            random.below(shape.size), shape.size - 1,
            min(shape.size - 1, random.below(words) * shape.elements + shape.elements - 1),
            random.below(words) * shape.elements,
          ][random.below(4)],
          code: (0..<shape.width).map { _ in UInt8(random.below(2)) }, writes: random.below(2) == 0,
          ownWrite: random.below(2) == 0, ownBank: random.below(shape.banks),
          ownWord: random.below(words), ownData: (0..<wide).map { _ in UInt8(random.below(2)) })
      }
      func address(_ bank: Int, _ word: Int) -> [UInt8] {
        bits(Int64(word), wordBits) + bits(Int64(bank), bankBits)
      }
      var stimulus: [[[UInt8]]] = []
      for step in steps {
        for cycle in 0..<length {
          func at(_ place: Int, _ condition: Bool = true) -> [UInt8] {
            [cycle == place && condition ? 1 : 0]
          }
          stimulus.append([
            at(4, step.ownWrite), address(step.ownBank, step.ownWord), step.ownData, at(5),
            address(step.ownBank, step.ownWord), at(2), at(3, step.writes),
            bits(Int64(step.bank), bankBits), bits(Int64(step.index), indexBits), step.code,
          ])
        }
      }
      units.append(
        Unit(
          "rnnc_state_ram",
          [
            "ElementWidth": shape.width, "Elements": shape.elements, "Size": shape.size,
            "Banks": shape.banks,
          ],
          inputs: [
            Port("we_i", 1), Port("waddr_i", bankBits + wordBits), Port("wdata_i", wide),
            Port("re_i", 1), Port("raddr_i", bankBits + wordBits), Port("window_read_i", 1),
            Port("window_write_i", 1), Port("window_bank_i", bankBits),
            Port("window_index_i", indexBits), Port("window_data_i", shape.width),
          ],
          outputs: [Port("rdata_o", wide), Port("window_data_o", shape.width)],
          stimulus: stimulus))
      checks.append { trace in
        /// Nil for bits that nothing has written.
        var memory = Array(
          repeating: Array(repeating: [UInt8?](repeating: nil, count: wide), count: words),
          count: shape.banks)
        var checked = 0
        for (k, step) in steps.enumerated() {
          let start = k * length
          let (word, lane) = (step.index / shape.elements, step.index % shape.elements)
          let place = lane * shape.width..<(lane + 1) * shape.width
          let shown = trace.bits(cycle: start + 3, unit: u, output: 1)
          for (found, wanted) in zip(shown, memory[step.bank][word][place]) {
            guard let wanted else { continue }
            #expect(found == wanted, "\(shape), access \(k), index \(step.index)")
            checked += 1
          }
          if step.writes {
            memory[step.bank][word].replaceSubrange(place, with: step.code)
            if word == words - 1 {
              let end = (shape.size - word * shape.elements) * shape.width
              for bit in end..<wide { memory[step.bank][word][bit] = 0 }
            }
          }
          if step.ownWrite { memory[step.ownBank][step.ownWord] = step.ownData }
          let own = trace.bits(cycle: start + 6, unit: u)
          for (found, wanted) in zip(own, memory[step.ownBank][step.ownWord]) {
            guard let wanted else { continue }
            #expect(found == wanted, "\(shape), access \(k), own word \(step.ownWord)")
            checked += 1
          }
        }
        return checked
      }
    }
    let trace = try libraryBench(units).run(simulator, seed: 2)
    for (shape, check) in zip(shapes, checks) { #expect(check(trace) > 100, "\(shape)") }
  }
}

internal import Foundation
package import RNNGraph
internal import RNNReference
internal import RNNSupport

/// A state in the window of a design's control port.
package struct CosimState: Hashable, Sendable {
  package var name: String
  /// The node whose value it is after a frame.
  package var node: ValueID
  package var size: Int
  /// The byte address of its first element; the others follow in words of 32 bits.
  package var address: Int
  package init(name: String, node: ValueID, size: Int, address: Int) {
    self.name = name
    self.node = node
    self.size = size
    self.address = address
  }
}

/// What a check of the control port showed.
package struct ControlCheck: Hashable, Sendable {
  /// Frames that were computed for it.
  package var frames = 0
  /// Codes of saved states and of outputs that were compared.
  package var codesCompared = 0
  package var mismatches = 0
  /// The first difference, in words.
  package var firstMismatch: String?
  package var passed: Bool { mismatches == 0 }

  /// A check that has compared nothing yet.
  package init() {}

  fileprivate mutating func compare(_ found: [Int64], _ expected: [Int64], _ what: String) {
    codesCompared += expected.count
    guard found != expected else { return }
    mismatches += 1
    if firstMismatch == nil {
      let place = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }
      firstMismatch =
        place.map { "\(what)[\($0.offset)]: expected \($0.element.1), got \($0.element.0)" }
        ?? "\(what): expected \(expected.count) codes, got \(found.count)"
    }
  }
}

extension Cosimulator {
  private enum Register {
    static let status = 0x40
    static let control = 0x44
    static let command = 0x48
    static let stream = 0x4c
  }
  /// Frames of each stream before and after a save.
  private static let part = 4

  /// Saves the states of all streams between two frames, goes on, loads them and goes on again; then clears them.
  ///
  /// What is saved must be the reference's states, what comes after a load must be what came after the save, and what
  /// comes after a clear must be what came at first. Streams take the given sequences in turn, each from its beginning
  /// as often as it is needed.
  ///
  /// - Throws: `ToolError` from the build, or when the port does not answer.
  package func checkControl(
    sequences: [[[Int64]]]
  ) throws -> ControlCheck {
    try check(sequences)
    let library = try SimulationLibrary(builder.build(design))
    let hardware = try ControlledSimulation(design, library: library)
    let references = try references()
    for reference in references { reference.reset() }
    var result = ControlCheck()

    func frames(_ range: Range<Int>) -> [ControlledSimulation.Frame] {
      range.flatMap { step in
        (0..<design.streams).map { stream in
          let sequence = sequences[stream % sequences.count]
          return .init(sequence[step % sequence.count], stream: stream)
        }
      }
    }
    func run(_ range: Range<Int>, expecting expected: [[Int64]], _ when: String) {
      let found = hardware.run(frames(range))
      result.frames += found.count
      for (k, codes) in expected.enumerated() {
        result.compare(
          k < found.count ? found[k].codes : [], codes,
          "output of stream \(k % design.streams), frame \(range.lowerBound + k / design.streams) \(when)"
        )
      }
    }
    func access(_ answer: ControlledSimulation.Answer, _ what: String) -> UInt32 {
      result.compare([answer.isOkay ? 0 : 2], [0], "response to the \(what)")
      return answer.data
    }
    func write(_ address: Int, _ word: UInt32, _ what: String) throws {
      _ = access(try hardware.write(address, word), what)
    }
    func hold() throws {
      try write(Register.control, 1, "hold")
      for _ in 0..<64 where access(try hardware.read(Register.status), "status") & 1 == 0 {
        hardware.advance(cycles: design.frameCycles)
      }
    }
    func release() throws { try write(Register.control, 0, "release") }

    let first = frames(0..<Self.part).map { references[$0.stream].step($0.codes) }
    run(0..<Self.part, expecting: first, "at first")

    // Saved: the reference's states.
    try hold()
    var saved: [[UInt32]] = []
    for stream in 0..<design.streams {
      try write(Register.stream, UInt32(stream), "selection of stream \(stream)")
      var words: [UInt32] = []
      for state in design.windowStates {
        let own = try (0..<state.size).map {
          access(try hardware.read(state.address + 4 * $0), "read of \(state.name)")
        }
        result.compare(
          own.map { Int64(Int32(bitPattern: $0)) }, references[stream].values(of: state.node),
          "\(state.name) of stream \(stream)")
        words += own
      }
      saved.append(words)
    }
    try release()

    let range = Self.part..<2 * Self.part
    let next = frames(range).map { references[$0.stream].step($0.codes) }
    run(range, expecting: next, "after the save")

    // Loaded: the same outputs again.
    try hold()
    for stream in 0..<design.streams {
      try write(Register.stream, UInt32(stream), "selection of stream \(stream)")
      var words = saved[stream].makeIterator()
      for state in design.windowStates {
        for element in 0..<state.size {
          try write(state.address + 4 * element, words.next() ?? 0, "write of \(state.name)")
        }
      }
      try write(Register.command, 2, "command to continue")
    }
    try release()
    run(range, expecting: next, "after the load")

    // Cleared: the first outputs again.
    try hold()
    for stream in 0..<design.streams {
      try write(Register.stream, UInt32(stream), "selection of stream \(stream)")
      try write(Register.command, 1, "command to clear")
    }
    try release()
    run(0..<Self.part, expecting: first, "after the clear")
    let messages = hardware.messages
    if !messages.isEmpty {
      result.mismatches += 1
      result.firstMismatch = result.firstMismatch ?? "the design says: \(messages)"
    }
    return result
  }
}

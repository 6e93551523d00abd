internal import Foundation
internal import RNNVerilog

/// What the compiler proves of a schedule, for simulation to check in every cycle.
extension CoreEmitter {
  private var slots: Int { schedule.overlap.slots }
  /// Whether at most one bit is set, in text that grows with their number and not with that of their pairs.
  private static func atMostOne(_ bits: [VerilogExpression]) -> VerilogExpression {
    let all = VerilogExpression.concat(bits)
    return !(all & (all - .lit(1, width: bits.count))).anyBit
  }

  mutating func emitAssertions() {
    assertFrames()
    assertBuffers()
    assertProducts()
    for s in lowered.segments.indices { assertSegment(s) }
  }

  /// Frames in progress: none in the place of another, none in a unit that another uses.
  private mutating func assertFrames() {
    let last = schedule.frameLength - 1
    let width = indexWidth(schedule.frameLength)
    for k in 0..<slots {
      let counter = VerilogExpression.name("counter\(k)_q")
      m.assert(
        "Slot\(k)IsFree", when: .name("start\(k)"),
        !.name("run\(k)_q") || counter.isEqual(to: .lit(last, width: width)))
      if last + 1 < 1 << width {
        m.assert(
          "Slot\(k)CounterInRange", VerilogExpression.lit(last, width: width).isAtLeast(counter))
      }
    }
    m.assert("BegunFrameHasInput", when: "frame_begins", "next_input_full")
    guard slots > 1 else { return }
    func ofSlots(_ name: (Int) -> String) -> [VerilogExpression] {
      (0..<slots).map { .name(name($0)) }
    }
    m.assert("OneFrameBegins", Self.atMostOne(ofSlots { "begin\($0)" }))
    for field in program.fields where field.isEnable && !field.name.hasPrefix("start_blocked") {
      let unit = field.name.split(separator: "_").map(\.capitalized).joined()
      m.assert(
        "OneFrameUses\(unit)", Self.atMostOne(ofSlots { "slot\($0)_\(field.name)" }))
    }
  }

  /// Buffers of frames: what is released was full, what is given out was reserved and computed.
  private mutating func assertBuffers() {
    let release = control("input_release")
    m.assert(
      "ReleasedInputIsFull", when: release,
      .bit("input_full_q", at: frameFlag(.input, at: "input_release")))
    let buffers = design.buffers.output
    let count = VerilogExpression.lit(buffers, width: indexWidth(buffers + 1))
    m.assert("ReservedAtMostAll", count.isAtLeast("output_reserved_q"))
    m.assert("ReadyWasReserved", "output_reserved_q".e.isAtLeast("output_ready_q"))
    m.assert("OfferedIsReady", when: "output_valid_q", "output_ready_q".e.anyBit)
    let commit = control("output_commit")
    m.assert("CommitHasABuffer", when: commit, "output_ready_q".e.isLess(than: "output_reserved_q"))
    // The memory takes a word at the edge that ends the cycle, and is read after it.
    if let words = design.memories.first(where: { $0.role == .output })?.words {
      m.assert(
        "CommitIsWithTheLastWord", when: commit,
        "collect_output_valid"
          && "output_word_q".e.isEqual(to: .lit(words - 1, width: indexWidth(words))))
    }
    m.assert("OfferHolds", after: "output_valid_q" && !"m_ready_i", "output_valid_q")
  }

  /// Sums: a result comes from a drain register that was just filled.
  private mutating func assertProducts() {
    m.assert(
      "ResultWasDrained", after: !(control("drain_load") || control("drain_shift")),
      !control("out_valid"))
  }

  /// A segment is started when it is done with the frame before, and its steps are those of its vector.
  private mutating func assertSegment(_ s: Int) {
    let count = stepCount(s)
    let width = indexWidth(count)
    m.assert(
      "Segment\(s)IsFree", when: control("segment\(s)_start"), !.name("segment\(s)_run_q"))
    guard count < 1 << width, let cycle = tapCycles(s).last else { return }
    m.assert(
      "Segment\(s)StepInRange", when: valid(s, at: cycle),
      VerilogExpression.lit(count - 1, width: width).isAtLeast(.name("segment\(s)_step_d\(cycle)")))
  }
}

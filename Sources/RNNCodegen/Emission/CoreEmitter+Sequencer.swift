internal import RNNVerilog

/// What every event of a frame knows of it.
enum FrameFlag: String {
  /// The bank of what alternates from frame to frame: values that only their own frame reads.
  case bank
  /// The input buffer; with two of them they alternate like the banks.
  case input
  /// The stream, above the bank of its states.
  case state
  /// Whether the frame is the first, or the last, of its sequence.
  case first, last
}

/// Program counters, control words, and the flags of the frames in progress.
extension CoreEmitter {
  /// Width of a flag.
  func bits(of flag: FrameFlag) -> Int {
    switch flag {
    case .bank, .first, .last: 1
    case .input: indexWidth(design.buffers.input)
    case .state: streams > 1 ? streamBits + 1 : 1
    }
  }

  /// The name of a flag in signals: with one stream, states and all other values change banks together.
  func name(of flag: FrameFlag) -> String {
    let isBank =
      switch flag {
      case .bank: true
      case .input: design.buffers.input == 2
      case .state: streams == 1
      case .first, .last: false
      }
    return isBank ? FrameFlag.bank.rawValue : flag.rawValue
  }

  /// A flag of the frame whose program sets an enabling field in this cycle.
  ///
  /// It comes from a register of its own, like the field itself.
  mutating func frameFlag(_ flag: FrameFlag, at field: String) -> VerilogExpression {
    let register = "ctl_\(field)_\(name(of: flag))"
    if flagsAtFields.insert(register).inserted {
      m.declare(register, .bits(bits(of: flag)))
      let value =
        slots == 1
        ? .name(wordFlag(flag, 0))
        : (1..<slots).reduce(slotFlag(flag, field, 0)) { $0 | slotFlag(flag, field, $1) }
      m.always([.set(.whole(register), value)])
    }
    return .name(register)
  }
  private func slotFlag(_ flag: FrameFlag, _ field: String, _ slot: Int) -> VerilogExpression {
    VerilogExpression.replication(bits(of: flag), .name("slot\(slot)_\(field)"))
      & .name(wordFlag(flag, slot))
  }
  /// A flag of the frame in a slot, in step with the word that its program memory gives.
  func wordFlag(_ flag: FrameFlag, _ slot: Int) -> String {
    "\(name(of: flag))\(slot)_\(wordSuffix)"
  }
  /// The ending of registers that are in step with the word of a program memory.
  var wordSuffix: String { pipelining.memory > 1 ? "q2" : "q" }
  private var flags: [FrameFlag] {
    [.bank, .first, .last] + [.input, .state].filter { name(of: $0) == $0.rawValue }
  }

  /// The bank of the other frame of the same stream.
  func otherBank(_ bank: VerilogExpression, _ flag: FrameFlag) -> VerilogExpression {
    bank ^ .lit(1, width: bits(of: flag))
  }
  private var slots: Int { schedule.overlap.slots }

  /// Program counters and memories, one for each frame that may be in progress, and the flags of these frames.
  mutating func emitSequencer() {
    let T = schedule.frameLength
    let width = indexWidth(T)
    m.blank()
    m.comment(
      "Sequencer: a frame starts when its input is there, an output buffer is free, and no frame in progress forbids it."
    )
    m.declare("frame_bank_q")
    m.declare("frame_begins")
    for name in ["input_full_q", "input_last_q"] { m.declare(name, .bits(design.buffers.input)) }
    let reserved = indexWidth(design.buffers.output + 1)
    m.declare("output_reserved_q", .bits(reserved))
    wrappingCounter("next_buffer_q", count: design.buffers.input, enable: "frame_begins")
    for flag in ["input_full", "input_last"] {
      m.wire("next_\(flag)", .bit, .bit("\(flag)_q", at: "next_buffer_q"))
    }
    emitStreamStates()
    for k in 0..<slots {
      for name in ["run", "word_valid", "start_known"] { m.declare("\(name)\(k)_q") }
      for flag in flags { m.declare("\(flag.rawValue)\(k)_q", .bits(bits(of: flag))) }
      if pipelining.memory > 1 {
        m.declare("word_valid\(k)_q2")
        for flag in flags { m.declare(wordFlag(flag, k), .bits(bits(of: flag))) }
      }
      m.declare("counter\(k)_q", .bits(width))
    }
    for k in 0..<slots { emitProgram(k, length: T) }
    for k in 0..<slots {
      m.wire(
        "begin\(k)", .bit,
        .name("run\(k)_q")
          && VerilogExpression.name("counter\(k)_q").isEqual(to: .lit(0, width: width)))
    }
    let begins = (0..<slots).map { VerilogExpression.name("begin\($0)") }
    m.assign("frame_begins", begins.dropFirst().reduce(begins[0]) { $0 || $1 })
    let blocks = (0..<slots).map { k in
      var isBlocked: VerilogExpression =
        !VerilogExpression.name("start_known\(k)_q") || .name("start_blocked\(k)")
      if streams > 1 {
        let stream = VerilogExpression.slice("state\(k)_q", streamBits, 1)
        isBlocked =
          isBlocked
          || .name("start_blocked_in_stream\(k)") && stream.isEqual(to: "next_input_stream")
      }
      return VerilogExpression.name("run\(k)_q") && isBlocked
    }
    m.wire(
      "start", .bit,
      "next_input_full"
        && "output_reserved_q".e.isNotEqual(to: .lit(design.buffers.output, width: reserved))
        && !blocks.dropFirst().reduce(blocks[0]) { $0 || $1 })
    emitStreamStateRegisters()
    if slots > 1 { wrappingCounter("slot_q", count: slots, enable: "start") }
    for k in 0..<slots { emitSlot(k, length: T, counterWidth: width) }
    emitControlRegister()
  }

  /// The control word in effect: from registers, because a field goes to many places and memories answer late.
  private mutating func emitControlRegister() {
    m.comment("The control word in effect.")
    var enables: [VerilogStatement] = []
    var others: [VerilogStatement] = []
    var resets: [(String, VerilogExpression)] = []
    for field in program.fields where !field.name.hasPrefix("start_blocked") {
      let name = "ctl_\(field.name)"
      let parts = (0..<slots).map { VerilogExpression.name("slot\($0)_\(field.name)") }
      let load = VerilogStatement.set(
        .whole(name), parts.dropFirst().reduce(parts[0]) { $0 | $1 })
      m.declare(name, .bits(field.width))
      if field.isEnable {
        enables.append(load)
        resets.append((name, .lit(0, width: field.width)))
      } else {
        others.append(load)
      }
    }
    registerWithReset(resets, enables)
    if !others.isEmpty { m.always(others) }
  }

  /// The control words of one frame in progress.
  private mutating func emitProgram(_ k: Int, length T: Int) {
    rom(
      "program\(k)", file: "program.mem", width: program.wordWidth, depth: T,
      latency: pipelining.memory, interleave: pipelining.interleave(depth: T),
      enable: .name("run\(k)_q"),
      address: .name("counter\(k)_q"))
    for field in program.fields {
      let low = program.offset(of: field.name)
      let bits = VerilogExpression.slice("program\(k)_data", low + field.width - 1, low)
      // With several frames the fields are joined, so one without a word must give zeros.
      m.wire(
        "slot\(k)_\(field.name)", .bits(field.width),
        field.isEnable || slots > 1
          ? bits & .replication(field.width, .name("word_valid\(k)_\(wordSuffix)")) : bits)
      guard field.name.hasPrefix("start_blocked") else { continue }
      // A start is decided by the word that left the program memory's first register a cycle ago.
      let blocked = "\(field.name)\(k)"
      if pipelining.memory > 1 {
        m.wire(blocked, .bit, .name("slot\(k)_\(field.name)"))
      } else {
        m.declare(blocked)
        m.always([.set(.whole(blocked), .name("slot\(k)_\(field.name)"))])
      }
    }
  }

  /// The program counter of one frame in progress, and its flags.
  private mutating func emitSlot(_ k: Int, length T: Int, counterWidth width: Int) {
    let (run, counter) = ("run\(k)_q", "counter\(k)_q")
    let isMine: VerilogExpression =
      slots == 1
      ? "start"
      : "start" && VerilogExpression.name("slot_q").isEqual(to: .lit(k, width: indexWidth(slots)))
    m.wire("start\(k)", .bit, isMine)
    let zero = VerilogExpression.lit(0, width: width)
    registerWithReset(
      [
        (run, .zero), (counter, zero), ("word_valid\(k)_q", .zero), ("start_known\(k)_q", .zero),
      ],
      [
        .set(.whole("word_valid\(k)_q"), .name(run)),
        .set(.whole("start_known\(k)_q"), .name("word_valid\(k)_q") && .name(run)),
        .ifElse(
          .name("start\(k)"), [.set(.whole(run), .one), .set(.whole(counter), zero)],
          [
            .ifElse(
              VerilogExpression.name(counter).isEqual(to: .lit(T - 1, width: width)),
              [.set(.whole(run), .zero)],
              [
                .ifElse(
                  .name(run),
                  [.set(.whole(counter), .name(counter) + .lit(1, width: width))])
              ])
          ]),
      ])
    m.comment("Flags of a frame change together with its first control word.")
    var resets: [(String, VerilogExpression)] = [
      ("bank\(k)_q", .one), ("first\(k)_q", .one), ("last\(k)_q", .one),
    ]
    var changes: [VerilogStatement] = [
      .set(.whole("bank\(k)_q"), !"frame_bank_q"),
      .set(.whole("first\(k)_q"), "next_is_first"),
      .set(.whole("last\(k)_q"), "next_input_last"),
    ]
    if flags.contains(.input) {
      resets.append(("input\(k)_q", .zeros(bits(of: .input))))
      changes.append(.set(.whole("input\(k)_q"), "next_buffer_q"))
    }
    if streams > 1 {
      resets.append(("state\(k)_q", .zeros(bits(of: .state))))
      changes.append(
        .set(.whole("state\(k)_q"), .concat(["next_input_stream", !"next_state_bank"])))
    }
    registerWithReset(resets, [.ifElse(.name("begin\(k)"), changes)])
    guard pipelining.memory > 1 else { return }
    m.comment("The program memory's word has a register of its own; what belongs to it follows.")
    registerWithReset(
      [("word_valid\(k)_q2", .zero)],
      [.set(.whole("word_valid\(k)_q2"), .name("word_valid\(k)_q"))])
    m.always(
      flags.map { .set(.whole(wordFlag($0, k)), .name("\(name(of: $0))\(k)_q")) })
  }

  /// Whether the next frame is the first of its sequence, and the bank of its stream's states.
  private mutating func emitStreamStates() {
    guard streams > 1 else {
      m.declare("sequence_ended_q")
      m.wire("next_is_first", .bit, "sequence_ended_q")
      return
    }
    m.comment("Each stream has its own place in its sequence, and its own banks of states.")
    let buffers = 0..<design.buffers.input
    for k in buffers { m.declare("input_stream\(k)_q", .bits(streamBits)) }
    m.wire(
      "next_input_stream", .bits(streamBits),
      selected("next_buffer_q", of: buffers.map { .name("input_stream\($0)_q") }))
    for name in ["sequence_ended_q", "state_bank_q"] { m.declare(name, .bits(1 << streamBits)) }
    m.wire("next_is_first", .bit, .bit("sequence_ended_q", at: "next_input_stream"))
    m.wire("next_state_bank", .bit, .bit("state_bank_q", at: "next_input_stream"))
  }

  private mutating func emitStreamStateRegisters() {
    guard streams > 1 else {
      return registerWithReset(
        [("frame_bank_q", .one), ("sequence_ended_q", .one)],
        [
          .ifElse(
            "frame_begins",
            [.set("frame_bank_q", !"frame_bank_q"), .set("sequence_ended_q", "next_input_last")])
        ] + sequenceCommand)
    }
    let ones = VerilogExpression.replication(1 << streamBits, .one)
    registerWithReset(
      [("frame_bank_q", .one), ("sequence_ended_q", ones), ("state_bank_q", ones)],
      [
        .ifElse(
          "frame_begins",
          [
            .set("frame_bank_q", !"frame_bank_q"),
            .set(
              .indexed("sequence_ended_q", base: "next_input_stream", width: 1), "next_input_last"),
            .set(
              .indexed("state_bank_q", base: "next_input_stream", width: 1), !"next_state_bank"),
          ])
      ] + sequenceCommand)
  }
}

internal import RNNFixedPoint
internal import RNNGraph
internal import RNNVerilog

/// Coefficients: counters of the steps of a sequence, and what they select.
extension CoreEmitter {
  /// One counter for all coefficients that count alike; a memory or a comparator for each coefficient.
  ///
  /// A counter changes together with the flags of a frame, before its first control word, so nothing that delays
  /// a frame can disturb it. A code is there one cycle later, when the earliest datapath takes its sources.
  mutating func emitCoefficients() {
    let used = lowered.usedCoefficients
    guard !used.isEmpty else { return }
    m.blank()
    m.comment("Coefficients: the number of the frame in its sequence selects their codes.")
    let counters = lowered.stepCounters
    for (c, counter) in counters.enumerated() { emit(counter, name: "step\(c)_q") }
    if used.contains(where: { design.graph.coefficients[$0].tableCodes != nil }) {
      m.declare("coefficient_read_q")
      registerWithReset(
        [("coefficient_read_q", .zero)], [.set("coefficient_read_q", "frame_begins")])
    }
    for k in used { emitCoefficient(k, counters) }
  }

  private mutating func emit(_ counter: StepCounter, name: String) {
    let width = indexWidth(counter.count)
    m.declare(name, .bits(width))
    let zero = VerilogExpression.lit(0, width: width)
    func next(after value: VerilogExpression) -> VerilogExpression {
      let last = value.isEqual(to: .lit(counter.count - 1, width: width))
      return .mux(last, counter.repeats ? zero : value, value + .lit(1, width: width))
    }
    guard streams > 1 else {
      return registerWithReset(
        [(name, zero)],
        [
          .ifElse(
            "frame_begins",
            [.set(.whole(name), .mux("next_is_first", zero, next(after: .name(name))))])
        ])
    }
    // The counts of all streams; the counter shows that of the frame in progress.
    let all = "\(name)_of_streams"
    m.declare("\(all)_q", .bits(width << streamBits))
    m.wire(
      "\(name)_base", .bits(indexWidth(width << streamBits)),
      multiple(of: width, "next_input_stream", total: width << streamBits))
    m.wire(
      "\(name)_before", .bits(width), .slice("\(all)_q", from: .name("\(name)_base"), width: width))
    m.wire(
      "\(name)_next", .bits(width),
      .mux("next_is_first", zero, next(after: .name("\(name)_before"))))
    registerWithReset(
      [(name, zero), ("\(all)_q", .zeros(width << streamBits))],
      [
        .ifElse(
          "frame_begins",
          [
            .set(.whole(name), .name("\(name)_next")),
            .set(
              .indexed("\(all)_q", base: .name("\(name)_base"), width: width),
              .name("\(name)_next")),
          ])
      ])
  }

  /// The place of a stream's entry in a flat vector of entries.
  private func multiple(
    of width: Int, _ index: VerilogExpression, total: Int
  ) -> VerilogExpression {
    index.resized(indexWidth(total)) * .lit(width, width: indexWidth(total))
  }

  private mutating func emitCoefficient(_ k: Int, _ counters: [StepCounter]) {
    let coefficient = design.graph.coefficients[k]
    let width = coefficient.format.width
    let name = "coefficient\(k)"
    func literal(_ code: Int64) -> VerilogExpression { .signedLit(code, width: width).unsigned }
    m.comment("\(coefficient.name), \(coefficient.format)")
    if let code = coefficient.constant { return m.wire(name, .bits(width), literal(code)) }
    guard let counter = coefficient.counter, let c = counters.firstIndex(of: counter) else {
      preconditionFailure("\(coefficient.name) has no counter")
    }
    switch coefficient.values {
    case .pulse(_, let at, let code):
      m.wire(
        name, .bits(width),
        .mux(
          VerilogExpression.name("step\(c)_q").isEqual(
            to: .lit(at, width: indexWidth(counter.count))), literal(code), .zeros(width)))
    case .table(let codes, _):
      rom(
        name, file: "coefficient_\(k).mem", width: width, depth: codes.count,
        enable: "coefficient_read_q", address: .name("step\(c)_q"))
      m.wire(name, .bits(width), .name("\(name)_data"))
    }
  }
}

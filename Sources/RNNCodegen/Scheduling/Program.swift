/// One field of the control word that the program memory gives out every cycle.
package struct ProgramField: Hashable, Sendable {
  package var name: String
  package var width: Int
  /// True for a field that starts something; such fields are forced to zero while no frame runs.
  package var isEnable: Bool
}

/// The control words of one frame: horizontal microcode, one word per cycle.
///
/// Every field takes effect in the cycle of its word, so the delays between the stages of the machine
/// are already in the program and no control signal is delayed in hardware.
package struct Program: Sendable {
  package private(set) var fields: [ProgramField] = []
  /// Values by field and cycle.
  private var values: [[Int: Int]] = []
  /// Cycles of a frame.
  package private(set) var length = 0

  package init() {}

  /// Adds a field above those there are; it is zero until it is set.
  package mutating func field(_ name: String, width: Int, isEnable: Bool) {
    fields.append(ProgramField(name: name, width: width, isEnable: isEnable))
    values.append([:])
  }
  private func index(_ name: String) -> Int {
    guard let i = fields.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("the program has no field \(name)")
    }
    return i
  }
  /// Sets a field in a cycle; a second, different use of the same field in the same cycle is a scheduling bug.
  package mutating func set(_ name: String, at cycle: Int, to value: Int = 1) {
    let i = index(name)
    precondition(value >= 0 && value < 1 << fields[i].width, "\(name) = \(value) is too wide")
    if let old = values[i][cycle] {
      precondition(old == value, "\(name) is \(old) and \(value) in cycle \(cycle)")
    }
    values[i][cycle] = value
    length = max(length, cycle + 1)
  }
  /// Makes the frame at least this long.
  package mutating func extend(to cycles: Int) { length = max(length, cycles) }
  /// What a field holds in a cycle of the frame; 0 where nothing set it.
  package func value(_ name: String, at cycle: Int) -> Int { values[index(name)][cycle] ?? 0 }
  /// For each cycle of the frame, whether a field is set.
  package func uses(of name: String) -> [Bool] {
    var result = [Bool](repeating: false, count: length)
    for (cycle, value) in values[index(name)] where value != 0 { result[cycle] = true }
    return result
  }
  /// The bits of one word: the first field lowest.
  package var wordWidth: Int { fields.reduce(0) { $0 + $1.width } }
  /// The position of a field's lowest bit.
  package func offset(of name: String) -> Int {
    fields[..<index(name)].reduce(0) { $0 + $1.width }
  }
  /// The field of a name, which has to be there.
  package func field(_ name: String) -> ProgramField { fields[index(name)] }
  /// One word as bits, lowest first.
  package func word(at cycle: Int) -> [Bool] {
    var bits: [Bool] = []
    for (i, field) in fields.enumerated() {
      let value = values[i][cycle] ?? 0
      for b in 0..<field.width { bits.append((value >> b) & 1 == 1) }
    }
    return bits
  }
}

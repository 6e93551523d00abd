package import RNNFixedPoint
package import RNNGraph
internal import RNNSupport
internal import RNNVerilog

/// The port for control beside the streams.
package enum ControlPort: String, Hashable, Sendable, CaseIterable {
  case none
  /// A slave for identification, status, and the states of every stream.
  case axiLite = "axi-lite"
}

/// A state in the window of the control port: one element a 32-bit word, sign-extended.
package struct WindowState: Hashable, Sendable {
  /// The state's name in the graph, such as `gru0.h`.
  package var name: String
  /// The node whose value it holds.
  package var value: ValueID
  package var size: Int
  package var format: QFormat
  /// What its elements are before the first frame of a sequence.
  package var initial: Int64
  /// Words before it in the window.
  package var offset: Int
  /// The byte address of its first element.
  package var address: Int { Design.windowAddress + 4 * offset }
}

extension Design {
  /// The byte address of the window's first word.
  package static let windowAddress = 4096

  package var hasControl: Bool { options.lanes.control == .axiLite }

  /// The states of the window in the order of the graph; empty without a control port.
  package var windowStates: [WindowState] {
    guard hasControl else { return [] }
    let held = Set(memories.compactMap { stateValue(of: $0) })
    var states: [WindowState] = []
    for state in graph.states where held.contains(state.next) {
      if states.contains(where: { $0.value == state.next }) { continue }
      states.append(
        WindowState(
          name: state.name, value: state.next, size: state.size,
          format: graph[state.next].format, initial: state.initial,
          offset: states.last.map { $0.offset + $0.size } ?? 0))
    }
    return states
  }

  /// 32-bit words of the window.
  package var windowWords: Int { windowStates.reduce(0) { $0 + $1.size } }
  /// Bits of a byte address of the control port.
  package var controlAddressBits: Int {
    hasControl ? indexWidth(Self.windowAddress + 4 * windowWords) : 0
  }

  /// The value that a memory keeps from frame to frame; nil for one that only its own frame reads.
  func stateValue(of memory: ValueMemory) -> ValueID? {
    switch memory.role {
    case .operand(let value): lowered.isState(value) ? value : nil
    case .element(let read, _): read.previous ? read.value : nil
    case .product, .output: nil
    }
  }
}

extension Design {
  /// The first 128 bits of the model's digest, in words of 32, the first digits first.
  var identity: [Int64] {
    let digits = Array(modelDigest)
    return (0..<4).map { Int64(String(digits[8 * $0..<8 * $0 + 8]), radix: 16) ?? 0 }
  }

  /// What a manifest says of the control port: where a host finds which state.
  var controlMembers: [JSONValue.Member] {
    guard hasControl else { return [] }
    return [
      .init(
        "control",
        .object([
          "port": .string(options.lanes.control.rawValue), "addressBits": .int(controlAddressBits),
          "modelSha256": .string(modelDigest), "windowAddress": .int(Self.windowAddress),
          "states": .array(
            windowStates.map {
              .object([
                "name": .string($0.name), "address": .int($0.address), "size": .int($0.size),
                "width": .int($0.format.width), "fraction": .int($0.format.fraction),
                "initial": .int(Int($0.initial)),
              ])
            }),
        ]))
    ]
  }
}

extension Design {
  /// The slave, its registers, and what they add to the memories of states.
  var controlPortUnit: UnitCounts {
    let address = controlAddressBits
    let states = windowStates
    // In the slave two addresses, written and read data, answers; in the registers the count of frames, the data of an
    // answer, the stream; in the core the data of the window and the index of each state.
    let widest = states.map(\.format.width).max() ?? 0
    var unit = UnitCounts(
      name: "control port",
      registerBits: 2 * address + 76 + 68 + interface.streamBits + 8 + widest
        + states.reduce(0) { $0 + indexWidth($1.size) + 1 },
      lutEstimate: address + 52 + 170, scope: ["u_axil", "u_control"])
    for state in states {
      unit.lutEstimate += indexWidth(windowWords) + state.format.width
      for memory in memories where stateValue(of: memory) == state.value {
        // A LUT for each bit of the written word and of both addresses; a third of one for each bit of the word that
        // an element is selected from.
        unit.lutEstimate += memory.width + 2 * memory.addressWidth + memory.width / 3
        unit.registerBits += memory.elementsPerWord > 1 ? 2 * memory.elementsPerWord : 0
        guard memory.elementsPerWord & (memory.elementsPerWord - 1) != 0, memory.words > 1 else {
          continue
        }
        // The quotient and the rest of an index, by sums.
        let index = indexWidth(state.size)
        unit.lutEstimate += index * index
        unit.registerBits += index
      }
    }
    return unit
  }
}

extension JSONValue {
  /// An object with more members at its end.
  func appending(_ more: [Member]) -> JSONValue {
    guard case .object(let members) = self else { return self }
    return .object(members + more)
  }
}

/// Refuses states that the window cannot show whole.
func checkControl(
  _ graph: IntegerGraph, _ options: CompileOptions, _ sink: inout DiagnosticSink
) {
  guard options.lanes.control != .none else { return }
  let fix = "compile without `--control \(options.lanes.control.rawValue)`"
  for node in graph.nodes {
    guard case .coefficient(let k) = node.op, graph.coefficients[k].counter != nil else { continue }
    sink.error(
      graph.coefficients[k].name,
      "counts the frames of a sequence: its counter is a state that the control port does not show",
      fix: fix)
  }
  for (k, state) in graph.states.enumerated() {
    let format = graph[state.next].format
    if format.width > 32 {
      sink.error(
        "states.\(state.name)", "has \(format.width) bits, more than a word of the control port",
        fix: "quantize it to at most 32 bits, or \(fix)")
    }
    if let twin = graph.states[..<k].first(where: {
      $0.next == state.next && $0.initial != state.initial
    }) {
      sink.error(
        "states.\(state.name)",
        "holds the same value as `\(twin.name)` and starts from another: the control port shows one of them",
        fix: fix)
    }
  }
}

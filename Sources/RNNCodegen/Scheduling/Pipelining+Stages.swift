package import RNNSupport

/// The register stages of memories, transforms and trees; those of operations stand with their `HardwareOperation`.
extension Pipelining {
  /// From an address to the word of a memory that a datapath, the lanes or the sequencer reads.
  package var memory: Int {
    switch self {
    case .shallow: 1
    case .deep: 2
    }
  }

  /// Words in a line of a read-only memory with this many words.
  ///
  /// Deep: as many as keep it to 512 lines, the depth of a DP16KD of full width. A memory of one row of blocks has no
  /// multiplexer between blocks, which answer late, and the register behind them.
  func interleave(depth: Int) -> Int {
    switch self {
    case .shallow: return 1
    case .deep:
      var words = 1
      while depth > 512 * words { words *= 2 }
      return words
    }
  }

  /// From the cycle in which a frame is started to its first control word: program counter, program memory, control
  /// register.
  package var startToWord: Int { 2 + memory }

  /// Two-input additions between registers of a transform.
  package var addsPerStage: Int {
    switch self {
    case .shallow: 2
    case .deep: 1
    }
  }

  /// Register stages of an adder tree with this many leaves; at least one.
  package func stages(terms: Int) -> Int {
    var levels = 0
    while 1 << levels < terms { levels += 1 }
    return max(1, (levels + addsPerStage - 1) / addsPerStage)
  }

  /// From the read of an element to its value in the datapath: the memory's registers and the element select.
  package var source: Int { memory + 1 }

  /// The value of the parameter `Deep` of library modules that have both forms.
  var parameter: Int { self == .deep ? 1 : 0 }
}

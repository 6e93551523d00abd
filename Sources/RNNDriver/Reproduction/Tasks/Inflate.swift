/// Unpacks gzip files (RFC 1952) and the deflate streams in them (RFC 1951).
package struct Inflate {
  private let input: [UInt8]
  private var position: Int
  private var bits: UInt32 = 0
  private var bitCount = 0
  private var output: [UInt8] = []

  private init(_ input: [UInt8], from position: Int) {
    self.input = input
    self.position = position
  }

  /// The contents of a gzip file; nil if it is damaged or none.
  ///
  /// The length is checked, the checksum is not.
  package static func gunzip(_ bytes: [UInt8]) -> [UInt8]? {
    guard bytes.count >= 18, bytes[0] == 0x1f, bytes[1] == 0x8b, bytes[2] == 8 else { return nil }
    let flags = bytes[3]
    var start = 10
    if flags & 4 != 0 { start += 2 + Int(bytes[10]) + Int(bytes[11]) << 8 }
    for flag: UInt8 in [8, 16] where flags & flag != 0 {
      guard start < bytes.count, let end = bytes[start...].firstIndex(of: 0) else { return nil }
      start = end + 1
    }
    if flags & 2 != 0 { start += 2 }
    guard start < bytes.count else { return nil }
    var inflate = Inflate(bytes, from: start)
    guard inflate.run() else { return nil }
    let length = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    return inflate.output.count & 0xffff_ffff == length ? inflate.output : nil
  }

  /// The next bits, the first one lowest; nil at the end of the input.
  private mutating func take(_ count: Int) -> Int? {
    while bitCount < count {
      guard position < input.count else { return nil }
      bits |= UInt32(input[position]) << UInt32(bitCount)
      position += 1
      bitCount += 8
    }
    let value = Int(bits & ((1 << UInt32(count)) - 1))
    bits >>= UInt32(count)
    bitCount -= count
    return value
  }

  /// A canonical Huffman code: how many codes of each length, and their symbols in order.
  private struct Code {
    var counts = [Int](repeating: 0, count: 16)
    var symbols: [Int] = []
    init(_ lengths: [Int]) {
      for length in lengths where length > 0 { counts[length] += 1 }
      symbols = lengths.indices.filter { lengths[$0] > 0 }.sorted {
        (lengths[$0], $0) < (lengths[$1], $1)
      }
    }
  }

  private mutating func symbol(_ code: Code) -> Int? {
    var (value, first, index) = (0, 0, 0)
    for length in 1...15 {
      guard let bit = take(1) else { return nil }
      value |= bit
      let count = code.counts[length]
      if value - count < first { return code.symbols[index + value - first] }
      index += count
      first = (first + count) << 1
      value <<= 1
    }
    return nil
  }

  private mutating func run() -> Bool {
    while true {
      guard let last = take(1), let kind = take(2) else { return false }
      let isGood: Bool
      switch kind {
      case 0: isGood = stored()
      case 1:
        let lengths = (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 }
        isGood = block(Code(lengths), Code([Int](repeating: 5, count: 30)))
      case 2: isGood = dynamic()
      default: isGood = false
      }
      guard isGood else { return false }
      if last == 1 { return true }
    }
  }

  private mutating func stored() -> Bool {
    (bits, bitCount) = (0, 0)
    guard position + 4 <= input.count else { return false }
    let length = Int(input[position]) | Int(input[position + 1]) << 8
    position += 4
    guard position + length <= input.count else { return false }
    output += input[position..<position + length]
    position += length
    return true
  }

  private mutating func dynamic() -> Bool {
    guard let literals = take(5), let distances = take(5), let codes = take(4) else { return false }
    let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    var lengths = [Int](repeating: 0, count: 19)
    for i in 0..<codes + 4 {
      guard let length = take(3) else { return false }
      lengths[order[i]] = length
    }
    let lengthCode = Code(lengths)
    let (literalCount, total) = (literals + 257, literals + 257 + distances + 1)
    lengths = []
    while lengths.count < total {
      guard let symbol = symbol(lengthCode) else { return false }
      switch symbol {
      case 0...15: lengths.append(symbol)
      case 16:
        guard let previous = lengths.last, let more = take(2) else { return false }
        lengths += [Int](repeating: previous, count: 3 + more)
      default:
        guard let more = take(symbol == 17 ? 3 : 7) else { return false }
        lengths += [Int](repeating: 0, count: (symbol == 17 ? 3 : 11) + more)
      }
    }
    guard lengths.count == total else { return false }
    return block(Code(Array(lengths[..<literalCount])), Code(Array(lengths[literalCount...])))
  }

  private mutating func block(_ literals: Code, _ distances: Code) -> Bool {
    while let symbol = symbol(literals) {
      if symbol < 256 {
        output.append(UInt8(symbol))
        continue
      }
      if symbol == 256 { return true }
      guard symbol <= 285, let length = value(Self.lengths, symbol - 257),
        let code = self.symbol(distances), code < 30, let distance = value(Self.distances, code),
        distance <= output.count
      else { return false }
      for _ in 0..<length { output.append(output[output.count - distance]) }
    }
    return false
  }

  /// A base value and the additional bits that are added to it.
  private mutating func value(_ table: [(base: Int, bits: Int)], _ index: Int) -> Int? {
    take(table[index].bits).map { table[index].base + $0 }
  }
  /// Values of which each group of `group` has one more additional bit than the one before.
  private static func table(first: Int, group: Int, count: Int) -> [(base: Int, bits: Int)] {
    var base = first
    return (0..<count).map { i in
      let bits = max(0, i / group - 1)
      defer { base += 1 << bits }
      return (base, bits)
    }
  }
  private static let lengths = table(first: 3, group: 4, count: 28) + [(258, 0)]
  private static let distances = table(first: 1, group: 2, count: 30)
}

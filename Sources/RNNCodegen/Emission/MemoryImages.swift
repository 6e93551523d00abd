internal import RNNBilinear
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNVerilog

/// The contents of a read-only memory, as text for `$readmemh`.
struct MemoryImage {
  /// File name without folder.
  var name: String
  var width: Int
  /// One word per element, each as codes of `fieldWidth` bits, the first field lowest.
  var words: [[Bool]]

  /// One hexadecimal word a line, highest digit first, lower case.
  var text: String {
    let digits = (width + 3) / 4
    let alphabet = Array("0123456789abcdef".utf8)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(words.count * (digits + 1))
    for word in words {
      for d in stride(from: digits - 1, through: 0, by: -1) {
        var value = 0
        for b in 0..<4 where 4 * d + b < word.count && word[4 * d + b] { value |= 1 << b }
        bytes.append(alphabet[value])
      }
      bytes.append(UInt8(ascii: "\n"))
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The same words, several a line, the first lowest; zeros behind the last.
  func interleaved(_ count: Int) -> MemoryImage {
    let lines = stride(from: 0, to: words.count, by: count).map { start -> [Bool] in
      let line = Array(words[start..<min(start + count, words.count)].joined())
      return line + [Bool](repeating: false, count: count * width - line.count)
    }
    return MemoryImage(name: name, width: count * width, words: lines)
  }

  /// Two's-complement bits of a code, lowest first; the code must fit.
  static func bits(_ code: Int64, _ width: Int) -> [Bool] {
    precondition(
      QFormat(width: width, fraction: 0).contains(code), "\(code) needs over \(width) bits")
    return (0..<width).map { (code >> Int64($0)) & 1 == 1 }
  }
}

extension Normalization {
  /// The segments of the unit's table.
  func image(_ name: String) -> MemoryImage {
    MemoryImage(
      name: name, width: slopeWidth + interceptWidth,
      words: zip(slopes, intercepts).map { slope, intercept in
        // Unsigned fields: a signed code of one more bit, without its sign.
        MemoryImage.bits(intercept, interceptWidth + 1).dropLast()
          + MemoryImage.bits(slope, slopeWidth + 1).dropLast()
      })
  }
}

extension Design {
  /// Every memory image of the design, in a fixed order: weights by lane, program, drain chains, vectors, tables,
  /// coefficients, normalizations.
  var memoryImages: [MemoryImage] {
    let pipelining = schedule.timing.pipelining
    return ((0..<lanes).map(weightImage) + [programImage]).map {
      $0.interleaved(pipelining.interleave(depth: $0.words.count))
    } + chainImages + vectorImages + tableImages + coefficientImages + normalizationImages
  }

  /// The factors A w of one lane in the order in which the schedule needs them.
  private func weightImage(_ lane: Int) -> MemoryImage {
    let width = lowered.productsPerLane * weightWidth
    let idle = [Bool](repeating: false, count: width)
    var words: [[Bool]] = []
    for feed in schedule.feeds {
      let group = lowered.groups[feed.group]
      let row = schedule.passes[feed.pass].firstRow + lane
      guard lane < schedule.passes[feed.pass].rowCount else {
        words.append(idle)
        continue
      }
      let algorithm = lowered.algorithms[group.algorithm]
      var word: [Bool] = []
      for set in 0..<lowered.columnGroups {
        let block = blockWeights(
          product: group.rows[row].product, block: group.rows[row].block,
          column: group.columns[feed.column], set: set)
        for factor in algorithm.transformedWeights(block) {
          word += MemoryImage.bits(factor, weightWidth)
        }
        let end = (set + 1) * lowered.productsPerSet * weightWidth
        word += idle[word.count..<end]
      }
      words.append(word)
    }
    if words.isEmpty { words = [idle] }
    return MemoryImage(name: "weights_\(lane).mem", width: width, words: words)
  }

  /// The defining weights of one block: the first column of a circulant block, or one column of dense rows.
  ///
  /// Zeros beyond the last column of the matrix.
  func blockWeights(product: Int, block: Int, column: BlockColumn, set: Int) -> [Int64] {
    let algorithm = lowered.algorithms[lowered.products[product].algorithm]
    guard case .linear(let terms) = graph[lowered.products[product].node].op else {
      preconditionFailure("product \(product) is no sum of products")
    }
    let term = terms[column.term]
    let matrix = graph.matrices[term.matrix]
    let blockColumn = column.column * lowered.columnGroups + set
    guard blockColumn * algorithm.inputs < graph[term.operand].size else {
      return [Int64](repeating: 0, count: algorithm.outputs)
    }
    return matrix.block(
      block, blockColumn, outputs: algorithm.outputs, transposed: term.transposed)
  }

  /// For each product whose block rows come through several drain chains: the chain of every block row.
  private var chainImages: [MemoryImage] {
    schedule.chains.enumerated().filter { Set($0.element).count > 1 }.map { product, chains in
      let width = indexWidth(schedule.drainChains)
      return MemoryImage(
        name: "chain_\(product).mem", width: width,
        words: chains.map { chain in (0..<width).map { (chain >> $0) & 1 == 1 } })
    }
  }

  private var programImage: MemoryImage {
    MemoryImage(
      name: "program.mem", width: schedule.program.wordWidth,
      words: (0..<schedule.program.length).map(schedule.program.word))
  }

  private var vectorImages: [MemoryImage] {
    let copies = options.lanes.step
    return usedVectors.map { index in
      let vector = graph.vectors[index]
      let steps = (vector.codes.count + copies - 1) / copies
      return MemoryImage(
        name: "vector_\(index).mem", width: vector.format.width * copies,
        words: (0..<steps).map { step in
          (0..<copies).flatMap { e -> [Bool] in
            let i = step * copies + e
            return MemoryImage.bits(
              i < vector.codes.count ? vector.codes[i] : 0, vector.format.width)
          }
        })
    }
  }

  /// Constant vectors that some segment reads, by index.
  var usedVectors: [Int] {
    var used: Set<Int> = []
    for segment in lowered.segments {
      for case .vector(let vector) in segment.sources { used.insert(vector) }
    }
    return used.sorted()
  }

  private var normalizationImages: [MemoryImage] {
    graph.normalizations.enumerated().map { index, unit in
      unit.image("normalization_\(index).mem")
    }
  }

  private var coefficientImages: [MemoryImage] {
    lowered.usedCoefficients.compactMap { k in
      let coefficient = graph.coefficients[k]
      return coefficient.tableCodes.map { codes in
        MemoryImage(
          name: "coefficient_\(k).mem", width: coefficient.format.width,
          words: codes.map { MemoryImage.bits($0, coefficient.format.width) })
      }
    }
  }

  private var tableImages: [MemoryImage] {
    graph.tables.indices.map { index in
      let table = graph.tables[index]
      return MemoryImage(
        name: "table_\(index).mem", width: table.slopeWidth + table.interceptWidth,
        words: zip(table.slopes, table.intercepts).map { slope, intercept in
          MemoryImage.bits(intercept, table.interceptWidth)
            + MemoryImage.bits(slope, table.slopeWidth)
        })
    }
  }
}

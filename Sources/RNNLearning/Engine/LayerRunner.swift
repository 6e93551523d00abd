internal import RNNGraph
internal import RNNTensor

/// Runs the programs of one layer over the rows of a batch; owns the layer's buffers.
///
/// Different shards touch different rows and different scratch, so they may run at the same time.
final class LayerRunner {
  let plan: LayerPlan
  let parameters: LayerParameters
  private let full: [AlignedBuffer]
  private var scratch: [ShardBuffers] = []

  private struct ShardBuffers {
    var scratch: [AlignedBuffer]
    var block: [AlignedBuffer]
    var carry: [AlignedBuffer]
    /// The coefficients of the step, one row each.
    var coefficients: [AlignedBuffer]
    /// The gradients by the results of products, of a block of steps.
    var adjoint = AlignedBuffer()
    /// For every group that multiplies a state: its operand row by row, for the gradients by
    /// matrices, where sequences of unequal length tear the rows of the buffer apart.
    var gathered: [AlignedBuffer]
    /// The shard's part of the gradients by matrices, where each shard sums its own.
    var matrixGradients: AlignedBuffer
    var vectorGradients: AlignedBuffer
    var registers: AlignedBuffer
  }
  /// What a layer reads and the gradient by what it wrote, from row 0 of the batch.
  struct Surroundings {
    var input: MatrixView
    var outputGradient: MatrixView?
  }

  init(_ plan: LayerPlan) {
    self.plan = plan
    parameters = LayerParameters(plan)
    full = plan.fullWidths.map { _ in AlignedBuffer() }
  }

  /// Makes room for a batch.
  func reserve(_ layout: BatchLayout, backward: Bool) {
    for (buffer, width) in zip(full, plan.fullWidths) { buffer.reserve(layout.rows * width) }
    while scratch.count < layout.shards.count {
      scratch.append(
        ShardBuffers(
          scratch: plan.scratchWidths.map { _ in AlignedBuffer() },
          block: plan.blockWidths.map { _ in AlignedBuffer() },
          carry: plan.graph.states.map { _ in AlignedBuffer() },
          coefficients: plan.coefficients.map { AlignedBuffer(count: padded($0.size)) },
          gathered: plan.analysis.groups.map { _ in AlignedBuffer() },
          matrixGradients: AlignedBuffer(count: sumsByShard ? plan.regionTotal : 0),
          vectorGradients: AlignedBuffer(count: parameters.vectorTotal),
          registers: AlignedBuffer(count: registers * 512)))
    }
    for (shard, buffers) in zip(layout.shards, scratch) {
      for (buffer, width) in zip(buffers.scratch, plan.scratchWidths) {
        buffer.reserve(shard.count * width)
      }
      for (buffer, width) in zip(buffers.block, plan.blockWidths) {
        buffer.reserve(min(shard.rows, blockRows + shard.count) * width)
      }
      for (buffer, state) in zip(buffers.carry, plan.graph.states) {
        buffer.reserve(2 * shard.count * padded(state.size))
      }
    }
    guard backward else { return }
    for (shard, buffers) in zip(layout.shards, scratch) {
      let rows = min(shard.rows, backwardRows(shard) + shard.count)
      buffers.adjoint.reserve(rows * plan.adjointWidth)
      guard !shard.isUniform else { continue }
      for (g, group) in plan.analysis.groups.enumerated()
      where plan.operandMemory(group).rows == .previous {
        buffers.gathered[g].reserve(rows * padded(group.operandSize))
      }
    }
  }

  /// How many rows of products on inputs run ahead of the loop: few enough to stay in the
  /// second-level cache, enough for a product to be fast.
  private var blockRows: Int {
    let width = plan.blockWidths.reduce(1, +)
    return min(max(Self.blockFloats / width, 32), 256)
  }
  private static let blockFloats = 1 << 17

  /// Whether each shard sums its own gradients by matrices, block by block, while the gradients by
  /// the products' results are still in the second-level cache.
  ///
  /// Larger matrices would themselves have to come from memory once per block and shard; they are
  /// cut into pieces for all threads, after all shards are through.
  var sumsByShard: Bool { plan.regionTotal <= Self.blockFloats }

  /// How many rows the backward pass takes at once.
  private func backwardRows(_ shard: BatchLayout.Shard) -> Int {
    sumsByShard ? min(max(Self.blockFloats / max(plan.adjointWidth, 1), 32), 256) : shard.rows
  }

  /// Blocks of steps with at least a number of rows, but for the last.
  private func blocks(_ shard: BatchLayout.Shard, rows wanted: Int) -> [(
    steps: Range<Int>, rows: Int
  )] {
    var blocks: [(steps: Range<Int>, rows: Int)] = []
    var first = 0
    while first < shard.steps {
      var end = first
      var rows = 0
      while end < shard.steps, rows < wanted {
        rows += shard.active[end]
        end += 1
      }
      blocks.append((first..<end, rows))
      first = end
    }
    return blocks
  }

  private var registers: Int {
    let programs = [plan.forward, plan.backward].flatMap { [$0.before, $0.loop, $0.after] }
    return programs.joined().reduce(1) { most, step in
      if case .kernel(let kernel) = step { max(most, kernel.registers) } else { most }
    }
  }

  // MARK: Where memory is

  private struct Place {
    var base: UnsafeMutablePointer<Float>
    var stride: Int
    var rows: RowSpan
    func view(_ rowBases: [Int64]) -> MatrixView {
      MatrixView(base + Int(rowBases[rows.rawValue]) * stride, stride: stride)
    }
  }

  private func place(
    _ memory: Memory, shard s: Int, _ layout: BatchLayout, _ around: Surroundings
  ) -> Place {
    let start = layout.shards[s].start
    func inBatch(_ base: UnsafeMutablePointer<Float>, _ stride: Int, _ column: Int) -> Place {
      Place(base: base + start * stride + column, stride: stride, rows: memory.rows)
    }
    switch memory.buffer {
    case .input: return inBatch(around.input.base, around.input.stride, memory.column)
    case .outputGradient:
      guard let gradient = around.outputGradient else {
        preconditionFailure("the backward pass needs the gradient by the output")
      }
      return inBatch(gradient.base, gradient.stride, memory.column)
    case .full(let k): return inBatch(full[k].base, plan.fullWidths[k], memory.column)
    case .slot(let k):
      return Place(
        base: scratch[s].adjoint.base + plan.slotColumns[k], stride: plan.adjointWidth,
        rows: .block)
    case .scratch(let k):
      return Place(
        base: scratch[s].scratch[k].base + memory.column, stride: plan.scratchWidths[k],
        rows: .scratch)
    case .block(let k):
      return Place(
        base: scratch[s].block[k].base + memory.column, stride: plan.blockWidths[k],
        rows: .block)
    case .carry(let k):
      return Place(
        base: scratch[s].carry[k].base, stride: padded(plan.graph.states[k].size),
        rows: memory.rows)
    case .coefficient(let k):
      return Place(base: scratch[s].coefficients[k].base, stride: 0, rows: .shared)
    case .vector(let k): return Place(base: parameters.vector(k), stride: 0, rows: .shared)
    case .vectorGradient(let k):
      return Place(
        base: scratch[s].vectorGradients.base + parameters.vectorOffset(k), stride: 0,
        rows: .shared)
    }
  }

  /// The layer's output, or any kept value, from row 0 of the batch.
  func view(_ memory: Memory, input: MatrixView) -> MatrixView {
    switch memory.buffer {
    case .input: MatrixView(input.base + memory.column, stride: input.stride)
    case .full(let k): MatrixView(full[k].base + memory.column, stride: plan.fullWidths[k])
    case .vector(let p): MatrixView(parameters.vector(p), stride: 0)
    default: preconditionFailure("\(memory) does not outlast its phase")
    }
  }

  // MARK: Programs with addresses

  private enum Action {
    case kernel(Tape, TapeOperands, columns: Int)
    case product(
      a: Place, b: MatrixView, transposeB: Bool, c: Place, n: Int, k: Int, accumulate: Bool)
    case row(RowStep.Kind, operands: [Place], destination: Place, size: Int)
  }

  private func bind(
    _ steps: [ProgramStep], shard: Int, _ layout: BatchLayout, _ around: Surroundings
  ) -> [Action] {
    var actions: [Action] = []
    for step in steps {
      switch step {
      case .kernel(let kernel):
        var operands = TapeOperands()
        for operand in kernel.operands {
          switch operand {
          case .register(let number): operands.appendRegister(number)
          case .memory(let memory):
            let place = place(memory, shard: shard, layout, around)
            operands.appendMemory(place.base, stride: place.stride, rowBase: place.rows.rawValue)
          }
        }
        actions.append(.kernel(kernel.tape, operands, columns: kernel.columns))
      case .row(let step):
        actions.append(
          .row(
            step.kind, operands: step.operands.map { place($0, shard: shard, layout, around) },
            destination: place(step.destination, shard: shard, layout, around), size: step.size))
      case .product(.forward(let g, let operand, let destination)):
        let (matrix, columns) = parameters.forwardMatrix(g)
        actions.append(
          .product(
            a: place(operand, shard: shard, layout, around), b: matrix, transposeB: false,
            c: place(destination, shard: shard, layout, around), n: columns,
            k: plan.analysis.groups[g].operandSize, accumulate: false))
      case .product(.backward(let g, let destination, let accumulate)):
        let group = plan.analysis.groups[g]
        let width = plan.adjointWidth
        for (i, run) in plan.runs[g].enumerated() {
          actions.append(
            .product(
              a: Place(
                base: scratch[shard].adjoint.base + run.column, stride: width, rows: .block),
              b: MatrixView(
                parameters.dense.base + run.region,
                stride: group.transposed ? run.length : group.operandSize),
              transposeB: group.transposed,
              c: place(destination, shard: shard, layout, around), n: group.operandSize,
              k: run.length, accumulate: accumulate || i > 0))
        }
      }
    }
    return actions
  }

  /// What the kernels of a loop read or write in the buffers of all steps, to be fetched a step ahead.
  ///
  /// Nothing if the matrices alone fill the second-level cache: they would push it out again.
  private func streams(
    _ steps: [ProgramStep], shard: Int, _ layout: BatchLayout, _ around: Surroundings
  ) -> [(place: Place, columns: Int)] {
    guard plan.regionTotal <= Self.blockFloats else { return [] }
    var seen: Set<Memory> = []
    var found: [(place: Place, columns: Int)] = []
    for case .kernel(let kernel) in steps {
      for case .memory(let memory) in kernel.operands
      where memory.rows == .current && seen.insert(memory).inserted {
        found.append((place(memory, shard: shard, layout, around), kernel.columns))
      }
    }
    return found
  }

  private func run(
    _ actions: [Action], rows: Int, _ rowBases: [Int64], _ registers: UnsafeMutablePointer<Float>
  ) {
    for action in actions {
      switch action {
      case .kernel(let tape, let operands, let columns):
        tape.run(
          operands, rowBases: rowBases, rows: rows, columns: columns, registers: registers)
      case .row(let kind, let operands, let destination, let size):
        Self.run(
          kind, operands.map { $0.view(rowBases) }, into: destination.view(rowBases), rows: rows,
          size: size)
      case .product(let a, let b, let transposeB, let c, let n, let k, let accumulate):
        Gemm.multiply(
          m: rows, n: n, k: k, a.view(rowBases), b, transposeB: transposeB,
          into: c.view(rowBases), accumulate: accumulate)
      }
    }
  }

  private static func run(
    _ kind: RowStep.Kind, _ x: [MatrixView], into y: MatrixView, rows: Int, size: Int
  ) {
    for r in 0..<rows {
      let a = x[0].base + r * x[0].stride
      let target = y.base + r * y.stride
      switch kind {
      case .reduce(.maximum):
        target[0] = (0..<size).reduce(-Float.infinity) { $0 > a[$1] ? $0 : a[$1] }
      case .reduce(let reduction):
        // In doubles, so that the order of the addends does not matter.
        let sum = (0..<size).reduce(0.0) { $0 + Double(a[$1]) }
        target[0] = Float(reduction == .mean ? sum / Double(size) : sum)
      case .broadcast: target.update(repeating: a[0], count: size)
      case .atMaximum:
        let values = x[1].base + r * x[1].stride
        var greatest = 0
        for i in 1..<max(1, size) where values[i] > values[greatest] { greatest = i }
        target.update(repeating: 0, count: size)
        target[greatest] = a[0]
      }
    }
  }

  /// Row bases by `RowSpan`, for all steps at once.
  private func rowBases(_ shard: BatchLayout.Shard) -> [Int64] {
    [0, 0, Int64(shard.count), 0, 0, 0, 0]
  }
  /// Row bases by `RowSpan` at a step, in a block that starts at a step.
  private func rowBases(_ shard: BatchLayout.Shard, step t: Int, block: Int = 0) -> [Int64] {
    let current = shard.offsets[t]
    let previous = t > 0 ? shard.offsets[t - 1] : 0
    let half = t % 2 * shard.count
    return [
      0, 0, Int64(current), Int64(previous), Int64(half), Int64(shard.count - half),
      Int64(current - shard.offsets[block]),
    ]
  }

  // MARK: Passes

  func forward(shard s: Int, _ layout: BatchLayout, _ around: Surroundings) {
    let shard = layout.shards[s]
    let registers = scratch[s].registers.base
    for (number, state) in plan.graph.states.enumerated() {
      guard let memory = plan.previous(number) else { continue }
      let initial = place(memory, shard: s, layout, around)
      for row in 0..<shard.count {
        let target = initial.base + row * initial.stride
        target.update(repeating: 0, count: padded(state.size))
        let value = plan.graph.initialValue(of: StateID(number))
        if value != 0 { target.update(repeating: Float(value), count: state.size) }
      }
    }
    let before = bind(plan.forward.before, shard: s, layout, around)
    let loop = bind(plan.forward.loop, shard: s, layout, around)
    let streams = streams(plan.forward.loop, shard: s, layout, around)
    for block in blocks(shard, rows: blockRows) {
      let first = block.steps.lowerBound
      run(before, rows: block.rows, rowBases(shard, step: first, block: first), registers)
      guard !loop.isEmpty else { continue }
      for t in block.steps {
        let bases = rowBases(shard, step: t, block: first)
        for stream in streams {
          prefetch(stream.place.view(bases), rows: shard.active[t], columns: stream.columns)
        }
        setCoefficients(shard: s, step: t)
        run(loop, rows: shard.active[t], bases, registers)
      }
    }
    let after = bind(plan.forward.after, shard: s, layout, around)
    run(after, rows: shard.rows, rowBases(shard), registers)
  }

  private func setCoefficients(shard s: Int, step: Int) {
    for (buffer, use) in zip(scratch[s].coefficients, plan.coefficients) {
      buffer.base.update(
        repeating: Float(use.coefficient.value(step: step)), count: use.size)
    }
  }

  /// Needs `forward` of the same batch before it.
  func backward(shard s: Int, _ layout: BatchLayout, _ around: Surroundings) {
    let shard = layout.shards[s]
    let registers = scratch[s].registers.base
    scratch[s].vectorGradients.clear()
    // Going back, more and more sequences run; no step has written their rows, so the gradient by
    // the state after a sequence's last step stays zero.
    for carry in scratch[s].carry { carry.clear() }
    let after = bind(plan.backward.after, shard: s, layout, around)
    let loop = bind(plan.backward.loop, shard: s, layout, around)
    let before = bind(plan.backward.before, shard: s, layout, around)
    let streams = streams(plan.backward.loop, shard: s, layout, around)
    let blocks = blocks(shard, rows: backwardRows(shard))
    for (i, block) in blocks.enumerated().reversed() {
      let first = block.steps.lowerBound
      let whole = rowBases(shard, step: first, block: first)
      run(after, rows: block.rows, whole, registers)
      if !loop.isEmpty {
        for t in block.steps.reversed() {
          if t > 0 {
            let next = rowBases(shard, step: t - 1)
            for stream in streams {
              prefetch(stream.place.view(next), rows: shard.active[t - 1], columns: stream.columns)
            }
          }
          setCoefficients(shard: s, step: t)
          run(loop, rows: shard.active[t], rowBases(shard, step: t, block: first), registers)
        }
      }
      run(before, rows: block.rows, whole, registers)
      gather(shard: s, block.steps, layout, around)
      if sumsByShard {
        var written: Set<Int> = []
        for part in matrixParts {
          let accumulate = !written.insert(part.run.region).inserted || i < blocks.count - 1
          multiply(
            part, rows: 0..<part.run.length, shard: s, block, layout, around,
            into: scratch[s].matrixGradients, accumulate: accumulate)
        }
      }
    }
  }

  /// Whether the rows of the steps before a block's are as regular as the block's own.
  private func isRegular(_ shard: BatchLayout.Shard, _ steps: Range<Int>) -> Bool {
    let before = steps.lowerBound > 0 ? shard.active[steps.lowerBound - 1] : shard.count
    return before == shard.active[steps.upperBound - 1]
  }

  private func gather(
    shard s: Int, _ steps: Range<Int>, _ layout: BatchLayout, _ around: Surroundings
  ) {
    let shard = layout.shards[s]
    guard !isRegular(shard, steps) else { return }
    for (g, group) in plan.analysis.groups.enumerated() {
      let memory = plan.operandMemory(group)
      guard memory.rows == .previous else { continue }
      let source = place(memory, shard: s, layout, around)
      let width = padded(group.operandSize)
      var target = scratch[s].gathered[g].base
      for t in steps {
        let from = source.view(rowBases(shard, step: t))
        for row in 0..<shard.active[t] {
          target.update(from: from.base + row * from.stride, count: group.operandSize)
          target += width
        }
      }
    }
  }

  /// The gradients by the layer's vectors that each shard found.
  func vectorGradients(_ layout: BatchLayout) -> [UnsafeMutablePointer<Float>] {
    layout.shards.indices.map { scratch[$0].vectorGradients.base }
  }

  // MARK: Gradients by matrices

  fileprivate typealias MatrixPart = (group: Int, run: LayerPlan.Run)
  private var matrixParts: [MatrixPart] {
    plan.runs.enumerated().flatMap { g, runs in runs.map { (g, $0) } }
  }

  /// Multiplies the gradients by products of a block with their operands, for some rows of the matrices.
  private func multiply(
    _ part: MatrixPart, rows: Range<Int>, shard s: Int, _ block: (steps: Range<Int>, rows: Int),
    _ layout: BatchLayout, _ around: Surroundings, into target: AlignedBuffer, accumulate: Bool
  ) {
    let shard = layout.shards[s]
    let group = plan.analysis.groups[part.group]
    let memory = plan.operandMemory(group)
    let operand: MatrixView
    if memory.rows == .previous, !isRegular(shard, block.steps) {
      operand = MatrixView(
        scratch[s].gathered[part.group].base, stride: padded(group.operandSize))
    } else {
      let bases = rowBases(shard, step: block.steps.lowerBound)
      operand = place(memory, shard: s, layout, around).view(bases)
    }
    let gradient = MatrixView(
      scratch[s].adjoint.base + part.run.column + rows.lowerBound, stride: plan.adjointWidth)
    let matrix = target.base + part.run.region
    if group.transposed {
      Gemm.multiply(
        m: group.operandSize, n: part.run.length, k: block.rows, operand, transposeA: true,
        gradient,
        into: MatrixView(matrix, stride: part.run.length), accumulate: accumulate)
    } else {
      Gemm.multiply(
        m: rows.count, n: group.operandSize, k: block.rows, gradient, transposeA: true, operand,
        into: MatrixView(
          matrix + rows.lowerBound * group.operandSize, stride: group.operandSize),
        accumulate: accumulate)
    }
  }

  /// One piece of the gradients by a layer's matrices; pieces touch different memory.
  struct MatrixTask {
    fileprivate var parts: [MatrixPart]
    fileprivate var rows: Range<Int>
  }

  /// Cuts the gradients by matrices that the shards do not sum themselves into pieces for `threads` threads.
  func matrixTasks(threads: Int) -> [MatrixTask] {
    if sumsByShard { return [] }
    var parts: [[MatrixPart]] = []
    for part in matrixParts {
      // A matrix that several products share is one piece, so that its parts come in order.
      if let i = parts.firstIndex(where: { $0[0].run.region == part.run.region }) {
        parts[i].append(part)
      } else {
        parts.append([part])
      }
    }
    var tasks: [MatrixTask] = []
    for part in parts {
      let length = part[0].run.length
      let whole = part.count > 1 || plan.analysis.groups[part[0].group].transposed
      let pieces = whole ? 1 : max(1, min(threads, length / 64))
      for i in 0..<pieces {
        tasks.append(
          MatrixTask(parts: part, rows: i * length / pieces..<(i + 1) * length / pieces))
      }
    }
    return tasks
  }

  /// Sums a piece over all rows of the batch, shard after shard.
  func run(_ task: MatrixTask, _ layout: BatchLayout, _ around: Surroundings) {
    var accumulate = false
    for part in task.parts {
      let rows = task.parts.count > 1 ? 0..<part.run.length : task.rows
      for (s, shard) in layout.shards.enumerated() {
        multiply(
          part, rows: rows, shard: s, (0..<shard.steps, shard.rows), layout, around,
          into: parameters.gradients, accumulate: accumulate)
        accumulate = true
      }
    }
  }

  /// Sums what the shards found for one matrix, in their order.
  func collect(_ p: Int, _ layout: BatchLayout) {
    guard let region = plan.regions[p], sumsByShard || layout.shards.isEmpty else { return }
    let count = padded(plan.graph.parameters[p].rows) * (plan.graph.parameters[p].columns ?? 1)
    let total = parameters.gradients.base + region
    total.update(repeating: 0, count: count)
    for s in layout.shards.indices {
      let part = scratch[s].matrixGradients.base + region
      for i in 0..<count { total[i] += part[i] }
    }
  }
}

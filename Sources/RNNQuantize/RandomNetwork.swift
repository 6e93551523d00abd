package import RNNGraph
internal import RNNFixedPoint
internal import RNNSupport

/// A network with random cells, sizes, matrix structures, widths and weights, for tests and soak runs.
///
/// Everything follows from the seed and the options; what an option leaves open is drawn.
package struct RandomNetwork: Sendable {
  /// What is fixed; the rest is drawn.
  package struct Options: Hashable, Sendable {
    /// The cell of every recurrent layer, a name in `CellRegistry`; nil draws one per layer.
    package var cell: String?
    /// Input size, then the units of every layer; nil draws one to three layers.
    package var sizes: [Int]?
    /// The greatest size that is drawn.
    package var maximumSize: Int
    /// The structure of all matrices; nil draws one per matrix: dense, or blocks of 2, 4 or 8.
    package var structure: MatrixStructure?
    /// Nil draws the widths.
    package var policy: QuantizationPolicy?
    /// Option values that are not drawn, such as `reset` -> `before`, where the cell has them.
    package var cellOptions: [CellConfiguration.Entry]
    /// Whether a dense layer ends the network; nil draws it.
    package var readout: Bool?

    /// - Parameter block: short for a block-circulant structure, 1 for dense.
    package init(
      cell: String? = nil, sizes: [Int]? = nil, maximumSize: Int = 12, block: Int? = nil,
      structure: MatrixStructure? = nil, policy: QuantizationPolicy? = nil,
      cellOptions: [CellConfiguration.Entry] = [],
      readout: Bool? = nil
    ) {
      self.cell = cell
      self.sizes = sizes
      self.maximumSize = maximumSize
      self.structure = structure ?? block.map(RandomNetwork.circulant)
      self.policy = policy
      self.cellOptions = cellOptions
      self.readout = readout
    }
  }

  package let seed: UInt64
  package let policy: QuantizationPolicy
  /// The float network.
  package let network: Network
  /// Float weights of `network`.
  package let weights: Weights
  package let plan: QuantizationPlan
  package let graph: IntegerGraph

  /// - Throws: what `planQuantization` and `freeze` throw; none of the drawn networks does.
  package init(seed: UInt64, options: Options = Options()) throws {
    let root = SplitMix64(seed: seed)
    var random = root.fork("shape")
    policy = options.policy ?? RandomNetwork.drawnPolicy(&random)
    var sizes =
      options.sizes
      ?? (0..<2 + random.below(3)).map { _ in 1 + random.below(options.maximumSize) }
    precondition(sizes.count >= 2, "sizes are the input's and at least one layer's")
    let hasReadout = options.readout ?? (options.sizes == nil && random.below(3) == 0)
    if hasReadout && options.readout == true { sizes.append(1 + random.below(options.maximumSize)) }
    var layers: [Layer] = []
    var width = sizes[0]
    for (index, units) in sizes.dropFirst().enumerated() {
      let isReadout = hasReadout && index == sizes.count - 2
      let cells = CellRegistry.all.map { $0.name }.filter { $0 != DenseLayer.name }
      let name = isReadout ? DenseLayer.name : options.cell ?? cells[random.below(cells.count)]
      let layer = RandomNetwork.layer(
        name, index: index, inputSize: width, units: units, options: options,
        weightWidth: policy.weightWidth, &random)
      layers.append(layer)
      width = layer.graph.outputSize
    }
    (network, weights) = RandomNetwork.drawnWeights(Network(layers: layers), root)
    self.seed = seed

    let interpreter = FloatInterpreter(network: network, weights: weights)
    var inputs = root.fork("calibration")
    let scale = [0.3, 1, 5][inputs.below(3)]
    let ranges = interpreter.observeRanges(
      (0..<4).map { _ in
        (0..<8).map { _ in (0..<sizes[0]).map { _ in inputs.uniform(-scale, scale) } }
      })
    plan = try planQuantization(network, weights: weights, ranges: ranges, policy: policy)
    graph = try freeze(
      plan.network, weights: weights, name: "random\(seed)", rules: policy.integerRules)
  }

  /// Input codes of a sequence: random over the whole format, zeros, small values and both extremes.
  package func sequence(steps: Int, seed: UInt64 = 0) -> [[Int64]] {
    var random = SplitMix64(seed: self.seed).fork("sequence \(seed)")
    let format = graph.inputFormat
    return (0..<steps).map { _ in
      let kind = random.below(6)
      return (0..<graph.inputSize).map { _ in
        switch kind {
        case 0: return format.minCode
        case 1: return format.maxCode
        case 2: return random.below(2) == 0 ? format.minCode : format.maxCode
        case 3: return Int64(random.below(3) - 1)
        default: return format.minCode + Int64(random.below(1 << format.width))
        }
      }
    }
  }

  private static func circulant(_ block: Int) -> MatrixStructure {
    block == 1 ? .dense : .blockCirculant(block: block)
  }

  private static func drawnPolicy(_ random: inout SplitMix64) -> QuantizationPolicy {
    if random.below(2) == 0 { return QuantizationPolicy() }
    let rules = RoundingRule.allCases
    return QuantizationPolicy(
      weightWidth: 4 + random.below(13), activationWidth: 6 + random.below(11),
      stateWidth: 6 + random.below(11), internalWidth: 8 + random.below(9),
      rounding: rules[random.below(rules.count)], tableSegments: 16 << random.below(4))
  }

  private static func layer(
    _ name: String, index: Int, inputSize: Int, units: Int, options: Options, weightWidth: Int,
    _ random: inout SplitMix64
  ) -> Layer {
    guard let cell = CellRegistry.named(name) else { preconditionFailure("no cell \(name)") }
    var entries: [CellConfiguration.Entry] = []
    for option in cell.options {
      if let (other, choices) = option.requires,
        !entries.contains(where: { $0.name == other && choices.contains($0.value.description) })
      {
        continue
      }
      // Functions of gates without bound make states grow as powers of powers; they are tested with chosen weights.
      let isDrawn = !option.mayBeAbsent || option.name == "bias"
      entries.append(
        options.cellOptions.first { $0.name == option.name }
          ?? (isDrawn ? nil : .init(option.name, option.standard))
          ?? RandomNetwork.entry(option, units: units, weightWidth: weightWidth, &random))
    }
    let configuration = CellConfiguration(
      inputSize: inputSize, units: cell.keepsSize ? inputSize : units, options: entries)
    var graph = cell.graph(configuration)
    // Matrices with given values stay as they are.
    for p in graph.parameters.indices
    where graph.parameters[p].isMatrix && graph.parameters[p].isTrainable {
      graph.parameters[p].structure = options.structure ?? circulant(1 << random.below(4))
    }
    return Layer(
      name: "\(name)\(index)", cell: name, configuration: configuration, graph: graph)
  }

  /// A drawn value of an option; numbers that no list names stay as they are.
  private static func entry(
    _ option: CellOption, units: Int, weightWidth: Int, _ random: inout SplitMix64
  ) -> CellConfiguration.Entry {
    switch option.standard {
    case .bool: return .init(option.name, .bool(random.below(2) == 0))
    case .choice:
      // An Elman layer with an unbounded function may grow; it is tested with chosen weights.
      let isFunction = option.choices.contains(CellActivation.Kind.relu.rawValue)
      let choices =
        isFunction ? [CellActivation.Kind.sigmoid, .tanh].map(\.rawValue) : option.choices
      return .init(option.name, .choice(choices[random.below(choices.count)]))
    case .int:
      switch option.name {
      case "projection":
        return .init(option.name, .int(random.below(2) * (1 + random.below(units))))
      case "rank": return .init(option.name, .int(1 + random.below(units)))
      case "period": return .init(option.name, .int(1 + random.below(5)))
      // Without restart, a wide momentum takes more different steps than a memory may hold.
      case "restart":
        let least = weightWidth > 12 ? 1 : 0
        return .init(option.name, .int([least, 1, 2, 3, 7][random.below(5)]))
      default: return .init(option.name, option.standard)
      }
    case .number:
      let values = drawnNumbers.first { $0.name == option.name }?.values ?? []
      return values.isEmpty
        ? .init(option.name, option.standard)
        : .init(option.name, .number(values[random.below(values.count)]))
    }
  }
  private static let drawnNumbers: [(name: String, values: [Double])] = [
    ("tau", [1, 3.5, 10, 300]), ("initial", [0, 0.4, -1.3]), ("alpha", [0, 0.4, 1]),
    ("eta", [1e-3, 0.1, 0.25]), ("mu", [0, 0.6, 0.9]), ("step", [1, 0.6, 0.1]),
    ("beta", [0.1, 0.9, 0.999]), ("epsilon", [1e-16, 1e-8, 1e-2]),
  ]

  /// Uniform weights of a size that keeps gates away from their limits, with some outliers.
  ///
  /// A number that starts with a chosen value stays near it.
  /// Sparse matrices get the pattern of the dense ones that are drawn for them.
  private static func drawnWeights(_ network: Network, _ root: SplitMix64) -> (Network, Weights) {
    var network = network
    var values: [[[Float]]] = []
    for (l, layer) in network.layers.enumerated() {
      values.append([])
      for (p, parameter) in layer.graph.parameters.enumerated() {
        var random = root.fork("\(layer.name).\(parameter.name)")
        if case .values(let given) = parameter.initializer {
          values[l].append(given.map(Float.init))
          continue
        }
        if parameter.rows == 1, parameter.columns == nil,
          case .constant(let value) = parameter.initializer, value != 0
        {
          values[l].append([Float(value * random.uniform(0.8, 1.25))])
          continue
        }
        let bound = parameter.columns.map { 2 / Double($0).squareRoot() } ?? 0.7
        let isStored = parameter.structure.definition.drawsStoredValues
        let count = isStored ? parameter.storedCount : parameter.rows * (parameter.columns ?? 1)
        let drawn = (0..<count).map { _ in
          let outlier = random.below(20) == 0 ? 2.0 : 1.0
          return Float(random.uniform(-bound, bound) * outlier)
        }
        let (structure, stored) =
          isStored ? (parameter.structure, drawn) : parameter.nearest(to: drawn)
        network.layers[l].graph.parameters[p].structure = structure
        values[l].append(stored)
      }
    }
    return (network, Weights(values: values))
  }
}

/// The frozen graph of a `RandomNetwork`; what is nil is drawn.
package func randomIntegerGraph(
  seed: UInt64, cell: String? = nil, sizes: [Int]? = nil, L: Int? = nil,
  widths: QuantizationPolicy? = nil
) throws -> IntegerGraph {
  try RandomNetwork(
    seed: seed,
    options: RandomNetwork.Options(cell: cell, sizes: sizes, block: L, policy: widths)
  ).graph
}

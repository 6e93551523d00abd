internal import RNNGraph
internal import RNNSupport

/// The options of one Keras layer; each is honoured, without effect on results, or refused by name.
struct KerasOptions {
  private let config: JSONValue
  private let place: String
  init(_ config: JSONValue, place: String) {
    self.config = config
    self.place = place
  }

  /// What acts in training, or how a result is computed and not which.
  private static let withoutEffect: Set<String> = [
    "activity_regularizer", "batch_input_shape", "batch_shape", "bias_constraint",
    "bias_initializer", "bias_regularizer", "dropout", "dtype", "embeddings_constraint",
    "embeddings_initializer", "embeddings_regularizer", "implementation", "input_length",
    "input_shape", "kernel_constraint", "kernel_initializer", "kernel_regularizer", "name",
    "noise_shape", "optional", "ragged", "rate", "recurrent_constraint", "recurrent_dropout",
    "recurrent_initializer", "recurrent_regularizer", "seed", "sparse", "trainable",
    "unit_forget_bias", "unroll", "use_cudnn", "zero_output_for_mask",
  ]

  func refusal(_ message: String, _ fix: String) -> KerasRefusal {
    KerasRefusal(place: place, message: message, fix: fix)
  }

  /// Refuses options that nobody knows and types of numbers that are none.
  ///
  /// - Parameter read: the options that the caller honours. An unknown one that is null or false asks for nothing.
  func check(reading read: Set<String>) throws {
    guard case .object(let members) = config else {
      throw refusal("its configuration is no object", "save the model again")
    }
    for member in members
    where !read.contains(member.key) && !Self.withoutEffect.contains(member.key)
      && member.value != .null && member.value != .bool(false)
    {
      throw refusal(
        "\(member.key) = \(Self.text(member.value)) is not supported", "train without it")
    }
    guard let dtype = config["dtype"], dtype != .null else { return }
    let name = dtype.string ?? dtype["config"]?["name"]?.string ?? Self.text(dtype)
    let types = ["float16", "bfloat16", "float32", "float64", "mixed_float16", "mixed_bfloat16"]
    guard types.contains(name) else {
      throw refusal("dtype = \(name) is not supported", "save the model with float32")
    }
  }
  /// Whether a layer that computes in 16 bits in Keras would differ here, where everything is computed in 64 bits.
  var computesInHalf: Bool {
    (config["dtype"]?.string ?? config["dtype"]?["config"]?["name"]?.string)?.hasSuffix("16")
      == true
  }

  subscript(key: String) -> JSONValue? { config[key] }
  /// Options of a layer inside of this one, such as that of `Bidirectional`.
  func inner(_ key: String) throws -> (kind: String, options: KerasOptions)? {
    guard let layer = config[key], layer != .null else { return nil }
    guard let kind = layer["class_name"]?.string, let inner = layer["config"] else {
      throw refusal("the layer in \(key) has no class or configuration", "save the model again")
    }
    return (kind, KerasOptions(inner, place: "\(place), \(key) \(kind)"))
  }
  func units(_ key: String = "units") throws -> Int {
    guard let units = config[key]?.int, (1...1 << 20).contains(units) else {
      throw refusal("\(key) is missing or no number from 1 to 1048576", "save the model again")
    }
    return units
  }
  /// A switch; one without a standard has to be there.
  func flag(_ key: String, standard: Bool? = nil) throws -> Bool {
    if case .bool(let value)? = config[key] { return value }
    guard config[key] == nil, let standard else {
      throw refusal("\(key) is missing or neither true nor false", "save the model again")
    }
    return standard
  }

  /// The name of a function, from a text, an object of Keras 3, or null for none.
  func functionName(_ key: String) throws -> String {
    switch config[key] {
    case .null?: return "linear"
    case .string(let name)?: return name
    case let value?:
      if value["class_name"]?.string == "function", let name = value["config"]?.string {
        return name
      }
      throw refusal(
        "\(key) = \(Self.text(value)) is not supported",
        "use \(Self.names.joined(separator: ", "))")
    case nil: throw refusal("\(key) is missing", "save the model again")
    }
  }
  private static let names = ["linear", "sigmoid", "tanh", "relu", "hard_sigmoid"]

  /// The function of a gate, a candidate or a layer.
  ///
  /// - Parameter version: of Keras; `hard_sigmoid` is 0.2 x + 0.5 in Keras 2 and x / 6 + 0.5 in Keras 3.
  func function(_ key: String, version: Int?) throws -> CellActivation {
    let name = try functionName(key)
    switch name {
    case "linear": return CellActivation(.linear)
    case "sigmoid": return CellActivation(.sigmoid)
    case "tanh": return CellActivation(.tanh)
    case "relu": return CellActivation(.relu)
    case "hard_sigmoid":
      switch version {
      case 2: return CellActivation(.hardSigmoid, alpha: 0.2, beta: 0.5)
      case 3: return CellActivation(.hardSigmoid, alpha: 1 / 6, beta: 0.5)
      default:
        throw refusal(
          "\(key) = hard_sigmoid means one thing in Keras 2 and another in Keras 3, and no version is named",
          "give the architecture as model.to_json() of that version wrote it")
      }
    default:
      throw refusal(
        "\(key) = \(name) is not supported",
        "train with one of \(Self.names.joined(separator: ", "))")
    }
  }

  /// A value in a message.
  private static func text(_ value: JSONValue) -> String {
    let line = value.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.count > 60 ? line.prefix(57) + "..." : line
  }
}

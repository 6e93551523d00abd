internal import RNNInterchange

/// The tensors of a Keras model by its layers, from either form of HDF5 file.
///
/// Keras 2 and `save("x.h5")`: a group for each layer, whose attribute `weight_names` lists its tensors. Keras 3's
/// `.weights.h5`: groups named after classes and counted, tensors counted in `vars`.
struct KerasTensors {
  struct Tensor {
    /// Its path in the file.
    var path: String
    var shape: [Int]
    var values: [Double]
  }
  private let file: HDF5File
  private var unusedPaths: Set<String>
  /// The group above those of the layers, and its form.
  private let base: String
  private let isCounted: Bool
  private let groups: [String: String]

  /// The group of a class in Keras 3's files, and where the tensors lie in it: for two directions, in two places.
  private static func parts(_ layer: KerasLayer) -> (group: String, places: [String])? {
    switch layer.kind {
    case "LSTM": ("lstm", ["cell/"])
    case "GRU": ("gru", ["cell/"])
    case "SimpleRNN": ("simple_rnn", ["cell/"])
    case "Dense": ("dense", [""])
    case "Embedding": ("embedding", [""])
    case "TimeDistributed": ("time_distributed", ["layer/"])
    case "Bidirectional": ("bidirectional", ["forward_layer/cell/", "backward_layer/cell/"])
    case "AttentionWeightedAverage": ("attention_weighted_average", [""])
    default: nil
    }
  }

  init(_ file: HDF5File, layers: [KerasLayer]) throws {
    self.file = file
    let counted = ["/layers", "/_layer_checkpoint_dependencies"].first(where: file.hasGroup)
    isCounted = counted != nil && file.texts("", "layer_names") == nil
    base = isCounted ? counted ?? "" : file.hasGroup("/model_weights") ? "/model_weights" : ""
    var groups: [String: String] = [:]
    if isCounted {
      var counts: [String: Int] = [:]
      for layer in layers {
        guard let (group, _) = Self.parts(layer) else { continue }
        let n = counts[group, default: 0]
        counts[group] = n + 1
        groups[layer.name] = "\(base)/\(group)\(n == 0 ? "" : "_\(n)")"
      }
    } else {
      for name in Self.list(file, base, "layer_names") ?? [] { groups[name] = "\(base)/\(name)" }
    }
    self.groups = groups
    // States of optimizers and generators of random numbers do not act when the model runs.
    let base = base
    unusedPaths = Set(
      file.paths.filter {
        $0.hasPrefix("\(base)/") && !$0.contains("/seed_generator") && !$0.hasPrefix("/optimizer")
      })
    if !isCounted, groups.isEmpty {
      throw KerasRefusal(
        place: "", message: "the file has neither layer_names nor a group of layers",
        fix: "save it with model.save or model.save_weights")
    }
  }

  /// A list of texts, which Keras splits into attributes with numbers when it is long.
  private static func list(_ file: HDF5File, _ group: String, _ name: String) -> [String]? {
    if let whole = file.texts(group, name) { return whole }
    var all: [String] = []
    for n in 0... {
      guard let part = file.texts(group, "\(name)\(n)") else { break }
      all += part
    }
    return all.isEmpty ? nil : all
  }

  /// The tensors of a layer, in order; for a bidirectional one the forward ones first.
  mutating func take(_ layer: KerasLayer) throws -> [Tensor] {
    let places = Self.parts(layer)?.places ?? []
    func refusal(_ message: String) -> KerasRefusal {
      KerasRefusal(
        place: layer.place, message: message, fix: "give weights and architecture of one model")
    }
    guard let group = groups[layer.name] else {
      throw refusal(
        "the file has no weights for it; it has \(groups.keys.sorted().joined(separator: ", "))")
    }
    let paths: [String]
    if isCounted {
      paths = places.flatMap { place in
        (0..<8).map { "\(group)/\(place)vars/\($0)" }.prefix {
          file.datasets[$0] != nil || file.skipped[$0] != nil
        }
      }
    } else {
      guard let names = Self.list(file, group, "weight_names") else {
        throw refusal("the group \(group) has no weight_names")
      }
      paths = names.map { "\(group)/\($0)" }
    }
    return try paths.map { path in
      guard let dataset = file.datasets[path] else {
        throw refusal(
          "the dataset \(path) \(file.skipped[path].map { "is not read: \($0)" } ?? "is missing")")
      }
      guard unusedPaths.remove(path) != nil else {
        throw refusal("another layer uses the dataset \(path) too")
      }
      if let bad = dataset.values.first(where: { !$0.isFinite }) {
        throw refusal("an element of \(path) is \(bad)")
      }
      return Tensor(path: path, shape: dataset.shape, values: dataset.values)
    }
  }

  /// What no layer has taken, in the order of the file.
  var unused: [String] { file.paths.filter(unusedPaths.contains) }
}

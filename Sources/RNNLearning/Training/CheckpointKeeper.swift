internal import Foundation
internal import RNNFixedPoint
internal import RNNGraph
internal import RNNSupport
package import RNNTensor

/// What a checkpoint must agree on with the training that wants to resume from it.
struct TrainingIdentity {
  /// Digests and settings, in a fixed order.
  let json: JSONValue

  init(network: Network, weights: Weights, task: TrainingTask, settings: JSONValue) {
    var initial = Data()
    for layer in weights.values { for values in layer { initial.append(littleEndian: values) } }
    json = .object([
      "network": .string(sha256(Data(network.identityText.utf8))),
      "initialWeights": .string(sha256(initial)),
      "trainingData": .string(task.training.digest),
      "validationData": task.validation.map { .string($0.digest) } ?? .null,
      "loss": .string(task.loss.name),
      "settings": settings,
    ])
  }

  /// The paths of the members in which two identities differ.
  static func differences(_ a: JSONValue?, _ b: JSONValue?, path: String = "") -> [String] {
    if let a, let b, let aNumber = a.number, let bNumber = b.number {
      return aNumber == bNumber ? [] : ["\(path) (\(aNumber), now \(bNumber))"]
    }
    guard case .object(let members)? = a, case .object(let others)? = b else {
      return a == b ? [] : [path]
    }
    var keys = others.map(\.key)
    keys += members.map(\.key).filter { !keys.contains($0) }
    return keys.flatMap {
      differences(a?[$0], b?[$0], path: path.isEmpty ? $0 : "\(path).\($0)")
    }
  }
}

extension Network {
  /// Everything about the network that the course of a training depends on.
  var identityText: String {
    layers.map { layer in
      let parameters = layer.graph.parameters.map { parameter in
        "\(parameter.name) \(parameter.rows) \(parameter.columns ?? 0) \(parameter.structure) "
          + (parameter.structure.definition.storedColumns.map { columns in
            "\(columns.withUnsafeBytes { sha256(Data($0)) }) "
          } ?? "")
          + "\(parameter.format?.description ?? "-")" + parameter.trainingText
      }
      let nodes = layer.graph.nodes.map { "\($0.name) \($0.size) \($0.op)" }
      let states = layer.graph.states.map {
        "\($0.name) \($0.size) \($0.next.index)" + ($0.initial == 0 ? "" : " \($0.initial)")
      }
      let lines = ["\(layer.name) \(layer.cell)"] + parameters + nodes + states
      return (lines + ["output \(layer.graph.output.index)"]).joined(separator: "\n")
    }.joined(separator: "\n\n")
  }
}

extension Parameter {
  /// What is unusual about the way the parameter is trained; empty for most.
  fileprivate var trainingText: String {
    (isTrainable ? "" : " fixed") + (limits.map { " \($0)" } ?? "")
      + (manifold == .euclidean ? "" : " \(manifold)")
  }
}

extension CheckpointFile {
  /// How the epochs until now were computed (`Arithmetic.description`), in their order; empty in older files.
  package var arithmetic: [String] { fields["arithmetic"]?.array?.compactMap(\.string) ?? [] }
}

extension Arithmetic {
  /// A history with what this process does at its end.
  package static func appended(to history: [String]) -> [String] {
    history.last == description ? history : history + [description]
  }
}

/// Reads and writes the checkpoints of one training.
struct CheckpointKeeper {
  let policy: CheckpointPolicy?
  let kind: String
  let identity: TrainingIdentity
  /// How the epochs before this run were computed.
  private let earlier = Earlier()

  private final class Earlier { var arithmetic: [String] = [] }

  init(policy: CheckpointPolicy?, kind: String, identity: TrainingIdentity) {
    self.policy = policy
    self.kind = kind
    self.identity = identity
  }

  /// The checkpoint to resume from and its fields; nil to start over.
  func read() throws -> (file: CheckpointFile, fields: JSONValue)? {
    guard let policy, policy.resume, FileManager.default.fileExists(atPath: policy.url.path) else {
      return nil
    }
    let file = try CheckpointFile(contentsOf: policy.url)
    guard file.kind == kind else {
      throw refusal("it was written by \(file.kind), this is \(kind)")
    }
    let differences = TrainingIdentity.differences(file.fields["identity"], identity.json)
    guard differences.isEmpty else {
      throw refusal(
        "it differs in \(differences.joined(separator: ", "))" + arithmeticReason(file.arithmetic))
    }
    guard let state = file.fields["state"] else { throw malformed }
    earlier.arithmetic = file.arithmetic
    return (file, state)
  }

  /// Replaces the checkpoint atomically.
  func write(
    fields: JSONValue, arrays: [CheckpointFile.NamedArray],
    doubles: [CheckpointFile.NamedDoubles]
  ) throws {
    guard let policy else { return }
    try CheckpointFile(
      kind: kind,
      fields: .object([
        "identity": identity.json, "state": fields,
        "arithmetic": .array(Arithmetic.appended(to: earlier.arithmetic).map { .string($0) }),
      ]), arrays: arrays, doubles: doubles
    ).write(to: policy.url)
  }

  /// The error for a checkpoint whose parts do not fit together.
  var malformed: DiagnosticsEmitted { refusal("a part of the state is missing") }

  /// Features and initial weights are computed, too: another processor is reason enough for their last bits.
  private func arithmeticReason(_ history: [String]) -> String {
    guard let last = history.last, last != Arithmetic.description else { return "" }
    return
      "; it was computed with \(last), this is \(Arithmetic.description), which changes last bits (--reproducible does not)"
  }

  private func refusal(_ reason: String) -> DiagnosticsEmitted {
    DiagnosticsEmitted(
      Diagnostic(
        stage: "train", path: policy?.url.path ?? kind,
        message: "the checkpoint belongs to another training: \(reason)",
        fix: "restore what it was written with, or delete it to start over"))
  }
}

package import Foundation
package import RNNFixedPoint
package import RNNGraph
internal import RNNSupport

/// What `experiment.json` says: the data, the network and the training of a model from audio to fixed point.
///
/// docs/formats/experiment.md describes every key.
package struct ExperimentFile: Hashable, Sendable {
  /// The version of the format.
  package static let formatVersion = 1

  /// Names the model: a letter, then letters, digits, `_` and `-`.
  package var name: String
  /// Seeds every random choice.
  package var seed: Int
  package var data: DataSource
  /// Nil for data that are no recordings.
  package var frontEnd: FrontEndConfiguration?
  /// Whether features get mean 0 and deviation 1 over the training data.
  package var normalise: Bool
  /// Nil for data that are not classified.
  package var pooling: ModelTask.Pooling?
  /// The float network, dense, its input the front end's features.
  package var network: Network
  package var training: Training
  /// Nil leaves the matrices dense.
  package var compression: Compression?
  /// Nil leaves the network in floating point.
  package var quantization: Quantization?

  /// Where the recordings or sequences are and how they are divided.
  package struct DataSource: Hashable, Sendable {
    /// How the data lie in their place.
    package enum Kind: Hashable, Sendable {
      /// A folder of `{digit}_{speaker}_{index}.wav`; smaller indices are test data.
      case spokenDigits(testIndicesBelow: Int)
      /// A tab-separated list of files.
      case manifest
      /// A folder of arrays: inputs with so many elements a step, and the outputs wanted at every step.
      case sequences(features: Int)
    }
    package var kind: Kind
    /// As the file says, relative to the file.
    package var path: String
    /// The share of the training data that is set aside to choose the best epoch; 0 for none.
    package var validationShare: Double

    /// The data's place.
    ///
    /// - Parameter experiment: the experiment file.
    package func url(of experiment: URL) -> URL {
      path.hasPrefix("/")
        ? URL(fileURLWithPath: path)
        : experiment.deletingLastPathComponent().appendingPathComponent(path).standardizedFileURL
    }
  }

  /// One run of an optimiser over the training data.
  package struct Training: Hashable, Sendable {
    /// The learning rate over the epochs.
    package enum Schedule: Hashable, Sendable {
      case constant
      /// Times `factor` after every `epochs` epochs.
      case step(epochs: Int, factor: Double)
      /// Half a cosine from the full rate to `floor` times it.
      case cosine(floor: Double)
    }
    /// The rule by which gradients change the weights.
    package enum Optimizer: Hashable, Sendable {
      case sgd(momentum: Double)
      case adam(beta1: Double, beta2: Double, epsilon: Double)
      case rmsprop(decay: Double, epsilon: Double)
    }
    /// Whether the epoch with the best validation or the last one is kept.
    package enum Selection: String, Hashable, Sendable, CaseIterable { case best, last }
    /// Random changes of normalised features.
    package struct Augmentation: Hashable, Sendable {
      package var noise: Double
      package var timeMasks: Int
      package var timeMaskShare: Double
      package var featureMasks: Int
      package var featureMaskWidth: Int
      package var stretch: Double
    }
    package var epochs: Int
    package var batchSize: Int
    package var learningRate: Double
    package var schedule: Schedule
    package var optimizer: Optimizer
    /// The greatest global norm of a gradient; nil for no limit.
    package var gradientClip: Double?
    package var augmentation: Augmentation?
    package var bucketBatches: Int
    /// Which epoch's weights are the result.
    package var selection: Selection
    /// The base rate of matrices that stay orthogonal; nil for the same.
    package var orthogonalLearningRate: Double?
    /// Every how many epochs the gradients by the states are measured; nil for never.
    package var gradientNormEpochs: Int?
    /// A local rule in the place of backpropagation; nil for backpropagation.
    package var learning: Learning?
    /// When the Lyapunov spectrum is recorded; nil for never.
    package var lyapunov: Lyapunov?

    /// A record of the Lyapunov spectrum every so many epochs.
    package struct Lyapunov: Hashable, Sendable {
      package var every: Int
      package var segments: Int
      package var steps: Int
      package var warmUp: Int
      /// Leading exponents; nil for all.
      package var exponents: Int?
    }

    /// Random-feedback local online learning and its relatives.
    package struct Learning: Hashable, Sendable {
      package var creditIsExact: Bool
      package var feedbackIsRandom: Bool
      package var updatesAtEveryStep: Bool
      package var tracesTakePreviousInput: Bool
      package var learnsRecurrent: Bool
      package var learnsReadout: Bool
    }
  }

  /// How matrices become block-circulant.
  package struct Compression: Hashable, Sendable {
    /// How the weights come into the set of structured matrices.
    package enum Method: Hashable, Sendable {
      /// ADMM with one stage per penalty; `fineTuning` follows inside the set.
      case admm(penalties: [Double], epochsPerRound: Int, training: Training, fineTuning: Training?)
      /// Training inside the set, from random free values or from the projection of the trained matrices.
      case direct(fromProjection: Bool, training: Training)
    }
    package var method: Method
    /// The structure of every matrix that is not left dense, in network order.
    package var blocks: [Block]

    /// A matrix and the structure that it takes.
    package struct Block: Hashable, Sendable {
      package var layer: String
      package var parameter: String
      package var structure: MatrixStructure
    }
  }

  /// Widths of the fixed-point network, and its fine-tuning.
  package struct Quantization: Hashable, Sendable {
    package var weightWidth: Int
    package var activationWidth: Int
    package var stateWidth: Int
    /// Nil leaves it to the quantizer.
    package var integratorWidth: Int?
    /// Nil leaves it to the quantizer.
    package var momentWidth: Int?
    package var internalWidth: Int
    package var biasWidth: Int
    package var rounding: RoundingRule
    package var margin: Double
    package var tableSegments: Int
    /// Straight-through training after the formats are chosen; nil for none.
    package var fineTuning: Training?
  }

  /// Reads an experiment file.
  ///
  /// - Throws: `ToolError` if it cannot be read; `DiagnosticsEmitted` with every fault and its place.
  package static func read(_ url: URL) throws -> ExperimentFile {
    let data = try AtomicFile.read(url)
    return try decodeStrictly(
      url.path, stage: "experiment", manual: manual, parsing: { try JSONValue(parsing: data) },
      decode)
  }
}

package import RNNDriver
internal import RNNSupport

/// A published experiment that can be run again: its claims, and what is measured here.
package protocol Reproduction: Sendable {
  /// The word on the command line and the name of the files, such as `rflo`.
  static var name: String { get }
  /// One line for the list of experiments.
  static var summary: String { get }
  /// How many seeds its pass bands speak of.
  static var seeds: Int { get }
  /// Runs the experiment; the same seeds give the same report, whatever the machine's load.
  ///
  /// - Throws: `ToolError.interrupted` on Ctrl-C.
  static func run(_ request: ReproductionRequest, _ context: StageContext) throws
    -> ReproductionReport
}

extension Reproduction {
  package static var seeds: Int { 3 }
}

/// What a user may change about a reproduction.
package struct ReproductionRequest: Sendable {
  package var seeds: [UInt64]
  /// The folder of a data set, for experiments that do not make their own.
  package var data: String?
  /// Where checkpoints, models and builds go; a stopped run goes on from there.
  package var work: String
  /// A fraction of the work, for a look or a test; the verdicts then mean nothing and say so.
  package var isShort: Bool
  package init(seeds: [UInt64], data: String? = nil, work: String, isShort: Bool = false) {
    self.seeds = seeds
    self.data = data
    self.work = work
    self.isShort = isShort
  }
}

/// Every reproduction that `rnnc reproduce` knows.
package enum Reproductions {
  package static let all: [any Reproduction.Type] = [
    LyapunovReproduction.self,
    MomentumReproduction.self,
    OrthogonalReproduction.self,
    RFLOReproduction.self,
    SBOReproduction.self,
    WakeWordReproduction.self,
  ]
  /// The experiment that the command line calls so; nil for none.
  package static func named(_ name: String) -> (any Reproduction.Type)? {
    all.first { $0.name == name }
  }
}

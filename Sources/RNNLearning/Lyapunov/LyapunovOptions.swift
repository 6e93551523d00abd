package import RNNSupport

/// How a Lyapunov spectrum is computed.
package struct LyapunovOptions: Hashable, Sendable {
  /// The directions that are followed from the first step on.
  package enum Start: String, Hashable, Sendable, CaseIterable {
    /// A random orthogonal matrix, a new one for each segment; exponents come out sorted.
    case random
    /// The first columns of the identity; where Jacobians are block-triangular each exponent stays in its block.
    case identity
  }
  /// Which states are perturbed together.
  package enum Scope: String, Hashable, Sendable, CaseIterable {
    /// All states of all layers: the network as one dynamical system.
    case network
    /// The states of one layer at a time, with its input as given.
    ///
    /// A stack's Jacobian is block-triangular, so in the limit of many steps the spectra of the layers make
    /// up that of the network; this way costs the sum of their cubes and says where each exponent belongs.
    case layer
  }
  /// The arithmetic of the tangents; the trajectory is always double.
  package enum Precision: String, Hashable, Sendable, CaseIterable { case single, double }

  /// The steps of a segment that count.
  package var steps: Int
  /// The steps before them, in which states and directions settle; with the same QR.
  package var warmUp: Int
  /// The number of steps from one QR to the next.
  package var interval: Int
  /// How many leading exponents; nil for all.
  package var count: Int?
  package var start: Start
  package var scope: Scope
  package var precision: Precision
  /// Seeds the random directions.
  package var seed: UInt64
  /// Whether to compare the sum of the exponents with the mean of log |det J|, at the cost of one more walk.
  package var checksSum: Bool
  /// By default all processors.
  package var threads: Int?

  package init(
    steps: Int, warmUp: Int = 100, interval: Int = 1, count: Int? = nil, start: Start = .random,
    scope: Scope = .network, precision: Precision = .double, seed: UInt64 = 1,
    checksSum: Bool = false, threads: Int? = nil
  ) {
    self.steps = steps
    self.warmUp = warmUp
    self.interval = interval
    self.count = count
    self.start = start
    self.scope = scope
    self.precision = precision
    self.seed = seed
    self.checksSum = checksSum
    self.threads = threads
  }

  /// Collects what is wrong with the numbers.
  package func check(path: String, into sink: inout DiagnosticSink) {
    for (name, value) in [("steps", steps), ("interval", interval), ("exponents", count ?? 1)]
    where value < 1 {
      sink.error("\(path)\(name)", "\(value) is below 1", fix: "use at least 1")
    }
    if warmUp < 0 {
      sink.error("\(path)warm-up", "\(warmUp) is negative", fix: "use 0 for none")
    }
  }
}

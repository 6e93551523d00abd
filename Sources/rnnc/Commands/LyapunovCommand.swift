import ArgumentParser
import Foundation
import RNNDriver
import RNNLearning
import RNNSupport

extension LyapunovInput.Noise: ExpressibleByArgument {}
extension LyapunovOptions.Start: ExpressibleByArgument {}
extension LyapunovOptions.Scope: ExpressibleByArgument {}
extension LyapunovOptions.Precision: ExpressibleByArgument {}

struct LyapunovCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lyapunov",
    abstract: "Says how fast a model forgets, or amplifies, small changes of its states.",
    discussion: """
      Follows the model along inputs and carries an orthonormal set of directions through the \
      Jacobians of its steps (Q R factorizations, natural logarithm, double precision). The \
      exponents say how directions grow per step: all negative, the model contracts and forgets; \
      the greatest near 0, it remembers long and trains best; positive, it is chaotic. All states \
      count: h and c of an LSTM, velocities of momentum cells, all layers of a stack.

      Inputs are the test split of labelled recordings, an .npy file of shape (steps, inputs) or \
      (sequences, steps, inputs), whose sequences are joined, or random numbers. The band beside \
      an exponent is twice the standard error over the segments, or how far the running mean moved \
      in the last half of the steps, whichever is more. Time grows with the cube of the number of \
      states; --exponents, --scope layer and --interval make it less.

      EXAMPLES
        rnnc lyapunov build/demo/gru/float --data Examples/digits/recordings
        rnnc lyapunov build/demo/lstm/float --random gaussian --steps 2000 -o build/lyapunov
        rnnc lyapunov model.json --input features.npy --exponents 10 --json
      """)

  @Argument(help: "The model: model.json or its folder.", completion: .file())
  var model: String
  @Option(help: "Labelled recordings: a folder or a .tsv list; the test split is used.")
  var data: String?
  @Option(help: "Features as .npy.", completion: .file())
  var input: String?
  @Option(help: "Independent inputs of this kind.")
  var random: LyapunovInput.Noise?
  @Option(
    help: "The factor on random inputs (default: 1; \(Limits<Double>.scale)).",
    transform: Limits<Double>.scale.read)
  var scale = 1.0
  @Option(
    help: "How many trajectories, which run side by side (default: 4; \(Limits<Int>.segments)).",
    transform: Limits<Int>.segments.read)
  var segments = 4
  @Option(
    help:
      "Steps of each that count (default: 1000, or as many as the data have; \(Limits<Int>.steps)).",
    transform: Limits<Int>.steps.read)
  var steps: Int?
  @Option(
    help:
      "Steps before those, in which states and directions settle (default: 100; \(Limits<Int>.warmUp)).",
    transform: Limits<Int>.warmUp.read)
  var warmUp = 100
  @Option(
    help: "Steps from one Q R factorization to the next (default: 1; \(Limits<Int>.interval)).",
    transform: Limits<Int>.interval.read)
  var interval = 1
  @Option(
    help: "Only so many leading exponents (default: all; \(Limits<Int>.exponents)).",
    transform: Limits<Int>.exponents.read)
  var exponents: Int?
  @Option(help: "network perturbs all layers together, layer one at a time.")
  var scope = LyapunovOptions.Scope.network
  @Option(help: "The first directions: random and orthogonal, or the identity.")
  var start = LyapunovOptions.Start.random
  @Option(help: "The precision of the directions; states are always double.")
  var precision = LyapunovOptions.Precision.double
  @Flag(
    inversion: .prefixedNo,
    help: "Compare the sum with the mean log |det J| (default: up to 128 states).")
  var checkSum: Bool?
  @Option(
    help: "Seeds random inputs and first directions (default: 1; \(Limits<UInt64>.seed)).",
    transform: Limits<UInt64>.seed.read)
  var seed: UInt64 = 1
  @Option(
    name: [.customShort("o"), .long], help: "A folder for lyapunov.json and lyapunov.svg.")
  var output: String?
  @OptionGroup var dryRun: DryRunOption
  @OptionGroup var printing: OutputOptions

  func validate() throws {
    if [data != nil, input != nil, random != nil].count(where: { $0 }) != 1 {
      throw ValidationError("give one of --data FOLDER, --input FILE.npy and --random KIND")
    }
  }

  func run() throws {
    let source: LyapunovInput
    if let data {
      source = .recordings(URL(fileURLWithPath: data))
    } else if let input {
      source = .array(URL(fileURLWithPath: input))
    } else {
      source = .noise(random ?? .gaussian, scale: scale)
    }
    try Frontend.run(
      LyapunovStage(
        model: URL(fileURLWithPath: model), input: source, segments: segments, steps: steps,
        warmUp: warmUp, interval: interval, count: exponents, start: start, scope: scope,
        precision: precision, checksSum: checkSum, seed: seed,
        output: output.map { URL(fileURLWithPath: $0) }), printing, dryRun)
  }
}

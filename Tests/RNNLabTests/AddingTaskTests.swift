import RNNLab
import RNNLearning
import RNNSupport
import Testing

@Suite struct AddingTaskTests {
  @Test(arguments: [2, 3, 7, 50]) func aSequenceHasOneMarkerInEachHalfAndTheirSumAsTarget(
    steps: Int
  ) {
    let set = AddingTask(steps: steps).set(count: 200, seed: 1, purpose: "test")
    var marked = Set<Int>()
    for (sequence, target) in zip(set.sequences, set.targets) {
      #expect(sequence.count == 2 * steps)
      var sum: Float = 0
      var places: [Int] = []
      for t in 0..<steps {
        #expect((0..<1).contains(sequence[2 * t]))
        if sequence[2 * t + 1] != 0 {
          #expect(sequence[2 * t + 1] == 1)
          places.append(t)
          sum += sequence[2 * t]
        }
      }
      #expect(places.count == 2)
      #expect(places[0] < steps / 2 && places[1] >= steps / 2)
      marked.formUnion(places)
      #expect(target == .values([sum]))
    }
    if steps <= 7 { #expect(marked.count == steps) }
  }

  @Test func answeringOneCostsTheBaseline() {
    let task = AddingTask(steps: 5)
    let set = task.set(count: 20_000, seed: 3, purpose: "test")
    let outputs = [Float](repeating: 1, count: 5)
    let mean =
      set.targets.map {
        task.loss.evaluate(outputs, features: 1, target: $0, wantsGradient: false).sum
      }.reduce(0, +) / Double(set.count)
    // The standard error of the mean of (s - 1)^2 is 0.0014.
    #expect(abs(mean - AddingTask.baseline) < 0.006)
  }

  @Test func setsDependOnSeedAndPurposeAlone() {
    let task = AddingTask(steps: 4)
    #expect(
      task.set(count: 3, seed: 5, purpose: "a") == task.set(count: 3, seed: 5, purpose: "a"))
    #expect(
      task.set(count: 3, seed: 5, purpose: "a") != task.set(count: 3, seed: 5, purpose: "b"))
    #expect(
      task.set(count: 3, seed: 5, purpose: "a") != task.set(count: 3, seed: 6, purpose: "a"))
    var generator = SplitMix64(seed: 7)
    let first = task.set(count: 2, using: &generator)
    #expect(first != task.set(count: 2, using: &generator))
  }
}

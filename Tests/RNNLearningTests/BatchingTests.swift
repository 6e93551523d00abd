import RNNGraph
import RNNLearning
import RNNSupport
import Testing

@Suite struct BatchingTests {
  @Test(arguments: [(1, 1, 1), (10, 3, 2), (23, 4, 100), (64, 8, 1)])
  func everySequenceOnce(count: Int, batchSize: Int, buckets: Int) {
    var lengths = SplitMix64(seed: 1)
    let steps = (0..<count).map { _ in 1 + lengths.below(6) }
    var generator = SplitMix64(seed: 2)
    let batches = Batching.shuffled(
      lengths: steps, batchSize: batchSize, bucketBatches: buckets, using: &generator)
    #expect(batches.flatMap { $0 }.sorted() == Array(0..<count))
    #expect(batches.allSatisfy { !$0.isEmpty && $0.count <= batchSize })
    #expect(batches.count { $0.count < batchSize } <= 1)
    var again = SplitMix64(seed: 2)
    #expect(
      Batching.shuffled(
        lengths: steps, batchSize: batchSize, bucketBatches: buckets, using: &again) == batches)
    if count > 5 {
      let next = Batching.shuffled(
        lengths: steps, batchSize: batchSize, bucketBatches: buckets, using: &again)
      #expect(next != batches)
    }
    let sorted = Batching.sorted(lengths: steps, batchSize: batchSize).flatMap { $0 }
    #expect(sorted.map { steps[$0] } == steps.sorted())
  }

  @Test func oneBucketSortsTheWholeSet() {
    let steps = [5, 1, 4, 1, 3, 9, 2, 6]
    var generator = SplitMix64(seed: 3)
    let batches = Batching.shuffled(
      lengths: steps, batchSize: 2, bucketBatches: 4, using: &generator)
    let pairs = Set(batches.map { $0.map { steps[$0] } })
    #expect(pairs == [[1, 1], [2, 3], [4, 5], [6, 9]])
  }

  @Test func augmentationLeavesOthersAlone() {
    let sequence = (1...12).map { Float($0) }
    func apply(_ augmentation: Augmentation, seed: UInt64 = 4) -> [Float] {
      var generator = SplitMix64(seed: seed)
      return augmentation.apply(sequence, features: 3, using: &generator)
    }
    #expect(apply(Augmentation()) == sequence)
    #expect(apply(Augmentation(noise: 0.1)) != sequence)
    #expect(apply(Augmentation(noise: 0.1)) == apply(Augmentation(noise: 0.1)))
    for seed in 0..<40 {
      let time = apply(Augmentation(timeMasks: 1, timeMaskShare: 0.6), seed: UInt64(seed))
      let hidden = (0..<4).filter { time[3 * $0] == 0 }
      #expect(hidden.count <= 2)
      for t in 0..<4 {
        let row = Array(time[3 * t..<3 * t + 3])
        #expect(row == [0, 0, 0] || row == Array(sequence[3 * t..<3 * t + 3]))
      }
      let features = apply(Augmentation(featureMasks: 1, featureMaskWidth: 2), seed: UInt64(seed))
      #expect((0..<3).count { features[$0] == 0 } <= 2)
      for k in 0..<3 {
        let column = stride(from: k, to: 12, by: 3).map { features[$0] }
        #expect(
          column == [0, 0, 0, 0]
            || column == stride(from: k, to: 12, by: 3).map { sequence[$0] })
      }
      let stretched = apply(Augmentation(stretch: 0.9), seed: UInt64(seed))
      #expect(!stretched.isEmpty && stretched.count.isMultiple(of: 3))
    }
  }

  @Test func noiseHasItsStandardDeviation() {
    var generator = SplitMix64(seed: 6)
    let zeros = [Float](repeating: 0, count: 9999)
    let noise = Augmentation(noise: 0.5).apply(zeros, features: 3, using: &generator)
    let mean = noise.reduce(0) { $0 + Double($1) } / 9999
    let variance = noise.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / 9999
    #expect(abs(mean) < 0.02)
    #expect(abs(variance - 0.25) < 0.015)
  }

  @Test func stretchingKeepsTheEndsOfARamp() {
    let ramp: [Float] = [0, 10, 1, 11, 2, 12, 3, 13, 4, 14]
    let longer = Augmentation.resampled(ramp, features: 2, factor: 1.8)
    #expect(longer.count == 18)
    for t in 0..<9 {
      #expect(abs(longer[2 * t] - Float(t) / 2) < 1e-6)
      #expect(abs(longer[2 * t + 1] - 10 - Float(t) / 2) < 1e-5)
    }
    #expect(Augmentation.resampled(ramp, features: 2, factor: 0.01) == [0, 10])
    #expect(Augmentation.resampled([7, 8], features: 2, factor: 5) == [7, 8])
  }
}

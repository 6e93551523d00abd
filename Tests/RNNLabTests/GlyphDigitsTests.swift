import RNNLab
import RNNLearning
import Testing

@Suite struct GlyphDigitsTests {
  @Test func imagesDependOnTheSeedAlone() {
    let a = GlyphDigits(order: .raster, training: 7, test: 3)
    let b = GlyphDigits(order: .raster, training: 7, test: 3)
    #expect(a.training == b.training && a.test == b.test)
    let other = GlyphDigits(order: .raster, training: 7, test: 3, seed: 2)
    #expect(a.training != other.training)
    // The test set is not the beginning of the training set.
    #expect(a.training.sequences[0] != a.test.sequences[0])
  }

  @Test func thePermutationIsOneForAllImages() {
    let raster = GlyphDigits(order: .raster, training: 40, test: 3)
    let permuted = GlyphDigits(order: .permuted, training: 40, test: 3)
    #expect(raster.training.targets == permuted.training.targets)
    // Noise makes the pixels of an image differ, so each step has one place that fits all images.
    var places: Set<Int> = []
    for t in 0..<144 {
      let column = permuted.training.sequences.map { $0[t] }
      let found = (0..<144).filter { p in raster.training.sequences.map { $0[p] } == column }
      #expect(found.count == 1)
      places.formUnion(found)
    }
    #expect(places.count == 144)
    #expect(permuted.training.sequences[0] != raster.training.sequences[0])
  }

  @Test func imagesAreDigits() {
    let set = GlyphDigits(order: .raster, training: 300, test: 1).training
    #expect(set.features == 1 && set.count == 300)
    #expect(set.sequences.allSatisfy { $0.count == 144 && $0.allSatisfy { (0...1).contains($0) } })
    // All classes occur, and an eight has more ink than a one.
    func ink(_ digit: Int) -> Float {
      let images = zip(set.sequences, set.targets).filter { $0.1 == .label(digit) }.map(\.0)
      return images.flatMap { $0 }.reduce(0, +) / Float(images.count)
    }
    #expect((0..<10).allSatisfy { ink($0).isFinite })
    #expect(ink(8) > 1.3 * ink(1))
  }
}

import Foundation
import RNNLab
import RNNSupport
import Testing

/// How the loop of syllables learns by reward.
@Suite struct SyllableSelectorTests {
  private func selector(_ rule: SyllableSelector.Rule, exploration: Double = 0)
    -> SyllableSelector
  {
    SyllableSelector(
      rule: rule, rate: 0.5, exploration: exploration, syllables: 2, units: 2,
      weights: [1, 0, 0, 1])
  }

  @Test func rewardChangesTheRowOfTheChosenUnit() {
    var generator = SplitMix64(seed: 1)
    let h = [3.0, 4]
    // z = (3, 4): unit 1 wins.
    var centred = selector(.centred)
    #expect(centred.choose(h, wanted: 1, using: &generator) == 1)
    #expect(centred.weights == [1, 0, 0.75, 2])
    #expect(centred.choose(h, wanted: 0, using: &generator) == 1)
    #expect(centred.weights == [1, 0, 0, 1])
    var literal = selector(.literal)
    #expect(literal.choose(h, wanted: 0, using: &generator) == 1)
    #expect(literal.weights == [1, 0, 0, 1])
    #expect(literal.choose(h, wanted: 1, using: &generator) == 1)
    #expect(literal.weights == [1, 0, 1.5, 3])
    var normalized = selector(.normalized)
    _ = normalized.choose(h, wanted: 1, using: &generator)
    let length = (1.5 * 1.5 + 9.0).squareRoot()
    #expect(normalized.weights == [1, 0, 1.5 / length, 3 / length])
    // Equal units: the lower index wins, as in the cell.
    #expect(selector(.literal).winner([2, 2]) == 0)
  }

  @Test func explorationChoosesEveryUnit() {
    var generator = SplitMix64(seed: 4)
    var always = selector(.literal, exploration: 1)
    let choices = (0..<200).map { _ in always.choose([0, 1], wanted: 2, using: &generator) }
    let zeros = choices.count { $0 == 0 }
    #expect((60...140).contains(zeros))
    #expect(always.weights == [1, 0, 0, 1])
  }

  @Test func learnsAPermutation() {
    var generator = SplitMix64(seed: 8)
    let states = (0..<5).map { _ in (0..<20).map { _ in generator.uniform(-0.5, 1) } }
    var selector = SyllableSelector(
      rule: .centred, rate: 0.1, exploration: 0.1, syllables: 5, units: 20,
      weights: (0..<100).map { _ in generator.uniform(-0.2, 0.2) })
    let wanted = [3, 0, 4, 2, 1]
    for trial in 0..<2000 {
      _ = selector.choose(states[trial % 5], wanted: wanted[trial % 5], using: &generator)
    }
    #expect(states.map { selector.winner($0) } == wanted)
  }
}

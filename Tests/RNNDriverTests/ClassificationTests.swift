import RNNDriver
import RNNInterchange
import Testing

@Suite struct ClassificationTests {
  @Test func poolingDecidesBetweenMeanAndLast() {
    let outputs: [[Double]] = [[9, 0, 0], [0, 1, 2], [0, 3, 1]]
    #expect(Classification.label(outputs, pooling: .mean) == 0)
    #expect(Classification.label(outputs, pooling: .last) == 1)
  }

  @Test func theFirstOfEqualsWins() {
    #expect(Classification.label([[-1, 5, 5]], pooling: .mean) == 1)
    #expect(Classification.label([[-3, -3]], pooling: .last) == 0)
    #expect(Classification.label([[7]], pooling: .mean) == 0)
  }

  @Test func accuracyIsTheShareOfEqualLabels() {
    #expect(Classification.accuracy([1, 2, 3, 4], [1, 0, 3, 0]) == 0.5)
    #expect(Classification.accuracy([0], [0]) == 1)
  }
}

import RNNSupport
import Testing

@Suite struct FiguresTests {
  @Test func figuresPrintTheSameWayEverywhere() {
    #expect(Figures.text(0.012345) == "0.0123")
    #expect(Figures.text(12345.6) == "12,346")
    #expect(Figures.text(1234.5) == "1234" || Figures.text(1234.5) == "1235")
    #expect(Figures.text(-1_234_567) == "-1,234,567")
    #expect(Figures.text(0.0) == "0")
    #expect(Figures.text(Double.nan) == "-")
    #expect(Figures.watts(0.00009) == "90.0 µW")
    #expect(Figures.percent(0.5) == "50.0 %")
  }

  @Test(arguments: [
    (0.0, 1, "0.0"), (1.25, 1, "1.3"), (-0.04, 1, "0.0"), (-0.26, 1, "-0.3"), (99.95, 1, "100.0"),
    (12.34, 1, "12.3"), (0.0625, 3, "0.063"), (-2.0004, 3, "-2.000"), (-0.0004, 3, "0.000"),
    (98.005, 2, "98.01"), (7, 2, "7.00"), (2.5, 0, "3"), (-2.5, 0, "-3"), (1e17, 1, "1e+17"),
    (.infinity, 1, "inf"), (.nan, 3, "nan"),
  ])
  func fixedDigitsAfterThePoint(_ value: Double, _ decimals: Int, _ text: String) {
    #expect(Figures.fixed(value, decimals) == text)
  }

  @Test(arguments: [
    (0.03125, 4, "0.0312"), (-0.00001, 4, "-0.0000"), (2, 1, "2.0"), (-Double.infinity, 4, "-inf"),
  ])
  func printedDigitsAreThoseOfC(_ value: Double, _ decimals: Int, _ text: String) {
    #expect(Figures.printed(value, decimals) == text)
  }

  @Test(arguments: [
    (2.0, 3, "2"), (0.12349, 3, "0.123"), (-1.5, 3, "-1.5"), (17.96, 1, "18"), (0.0001, 3, "0"),
  ])
  func shortHasNoZerosAtTheEnd(_ value: Double, _ decimals: Int, _ text: String) {
    #expect(Figures.short(value, decimals) == text)
  }

  @Test func errorsHaveTwoDigitsAndAnExponent() {
    #expect(Figures.error(0) == "0")
    #expect(Figures.error(0.00003149) == "3.1e-05")
    #expect(Figures.scientific(0, digits: 1) == "0e+00")
    #expect(Figures.scientific(0.0026, digits: 1) == "3e-03")
  }

  @Test(arguments: [
    (0.0, "0"), (1, "1.00"), (-0.5, "-0.500"), (123.4, "123"), (1234, "1230"), (0.009996, "0.0100"),
    (0.000123, "0.000123"), (9.999, "10.0"), (99.96, "100"), (3.2e-9, "3.20e-9"),
  ])
  func threeSignificantDigits(_ value: Double, _ text: String) {
    #expect(Figures.significant(value) == text)
  }
}

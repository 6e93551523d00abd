import Foundation
import RNNEstimate
import RNNReport
import RNNSupport
import Testing

/// Finds the first fault in the nesting of a page's tags, or returns nil.
private func fault(in page: String) -> String? {
  var open: [String] = []
  var rest = Substring(page)
  while let start = rest.firstIndex(of: "<") {
    if rest[..<start].contains(">") { return "a bare > in a text" }
    guard let end = rest[start...].firstIndex(of: ">") else { return "a tag without an end" }
    let tag = rest[rest.index(after: start)..<end]
    rest = rest[rest.index(after: end)...]
    if tag.hasPrefix("!DOCTYPE") { continue }
    if tag.filter({ $0 == "\"" }).count % 2 != 0 { return "an open quote in <\(tag)>" }
    if tag.contains("<") { return "a < inside <\(tag)>" }
    if tag.hasPrefix("/") {
      guard open.popLast() == String(tag.dropFirst()) else { return "</\(tag)> closes another tag" }
    } else if !tag.hasSuffix("/") {
      open.append(String(tag.prefix { $0 != " " }))
    }
  }
  return open.isEmpty ? nil : "open at the end: \(open)"
}

@Suite struct HTMLReportTests {
  @Test func tagsAreBalancedAndTextsEscaped() {
    let page = HTMLReport(SyntheticReport.model).html
    #expect(fault(in: page) == nil)
    #expect(page.contains("5.006 &lt;2023-01-22&gt; &amp; more"))
    #expect(fault(in: "<p><b></p></b>") != nil)
    #expect(fault(in: "<p>") != nil)
  }

  @Test func thePageStandsAlone() {
    let page = HTMLReport(SyntheticReport.model).html.lowercased()
    for foreign in ["http:", "https:", "//", "<script", "<link", "<img", "@import", "url(", "src="]
    {
      #expect(!page.contains(foreign), "\(foreign)")
    }
  }

  @Test func theSameModelGivesTheSameBytes() {
    let digests = (0..<3).map { _ in sha256(Data(HTMLReport(SyntheticReport.model).html.utf8)) }
    #expect(Set(digests).count == 1)
  }

  @Test func numbersOfTheModelReachThePage() {
    let page = HTMLReport(SyntheticReport.model).html
    for text in [
      "97.0 %", "293 of 300", "3,612,420", "364,078/s", "2.80 µs", "frames 20 to 23",
      "gru0.z.recurrent", "lstm0.i: sigmoid", "clock running", "does not fit", "ESTIMATE",
      "118 of 8 SB_MAC16", "ba7816bf8f01cfea",
    ] { #expect(page.contains(text), "\(text)") }
  }

  @Test func mismatchesAreNotHidden() {
    var model = SyntheticReport.model
    model.networks[0].cosim?.valueMismatches = 3
    model.networks[0].cosim?.firstMismatch = "step 4, lanes: expected -7, got 468"
    let page = HTMLReport(model).html
    #expect(page.contains("<b class=\"bad\">3</b>"))
    #expect(page.contains("step 4, lanes: expected -7, got 468"))
  }

  /// Charts of one point, of zeros, of equal values, of no values and of numbers that are none.
  @Test func degenerateDataGiveFinitePictures() {
    var model = SyntheticReport.model
    for value in [0, 1, 1e-30, 1e30, .nan, .infinity] as [Double] {
      model.networks[0].curves = [
        LearningCurve(stage: "float", points: [.init(epoch: 1, trainLoss: value)]),
        LearningCurve(stage: "none", points: []),
      ]
      model.networks[0].residuals = [
        MatrixResiduals(
          matrix: "w", structure: "dense",
          rounds: [.init(round: 1, primal: value, dual: value, rho: value)]),
        MatrixResiduals(matrix: "v", structure: "dense", rounds: []),
      ]
      model.networks[0].accuracy = [
        AccuracyStage(stage: "float", correct: 0, total: 0),
        AccuracyStage(stage: "RTL", correct: 1, total: 1),
      ]
      model.networks[0].design?.timeline = [.init(row: "input", label: "x", start: 5, end: 5)]
      model.networks[0].formats[0].maximum = value
      model.networks[1].curves = []
      let page = HTMLReport(model).html
      #expect(fault(in: page) == nil)
      for word in ["nan", "inf", "NaN"] {
        #expect(!page.contains("\"\(word)"), "\(word) for \(value)")
        #expect(!page.contains(",\(word)"), "\(word) for \(value)")
      }
    }
  }

  @Test func partsThatWereNotRunAreLeftOut() {
    let bare = ReportModel(
      title: "t", summary: "s", networks: [NetworkReport(name: "GRU", description: "d")])
    let page = HTMLReport(bare).html
    #expect(fault(in: page) == nil)
    #expect(!page.contains("<svg"))
    #expect(!page.contains("Where the energy goes"))
    let empty = HTMLReport(ReportModel(title: "t", summary: "s", networks: []))
    #expect(fault(in: empty.html) == nil)
  }

  @Test func everyUnitHasOneColourOnTheWholePage() {
    let page = HTMLReport(SyntheticReport.model).html
    // The legend's box of a unit and its bars in the timeline carry the same colour.
    let colours = page.matches(of: /background:(#[0-9a-f]{6});color:[^>]*>6<\/span>element-wise/)
    #expect(colours.count == 2)
    #expect(Set(colours.map { String($0.1) }).count == 1)
    let bars = page.matches(of: /fill="(#[0-9a-f]{6})"[^>]*><title>element-wise/)
    #expect(Set(bars.map { String($0.1) }) == Set(colours.map { String($0.1) }))
  }
}

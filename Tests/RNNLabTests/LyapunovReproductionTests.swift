import RNNDriver
import RNNLab
import RNNReport
import RNNSupport
import Testing

@Suite struct LyapunovReproductionTests {
  @Test func aShortRunHasEveryPart() throws {
    let request = ReproductionRequest(seeds: [1, 2], work: "", isShort: true)
    let report = try LyapunovReproduction.run(
      request, StageContext(progress: SilentProgress()))
    #expect(report.data["networks"]?.array?.count == 6)
    #expect(report.data["random"]?.array?.count == 12)
    #expect(report.findings.last?.holds == true)
    let text = report.markdown(name: "lyapunov", command: "x")
    #expect(text.contains("lyapunov-loss.svg") && text.contains("lyapunov-training.svg"))
    for picture in report.pictures { #expect(picture.chart.svg.hasPrefix("<svg")) }
  }
}

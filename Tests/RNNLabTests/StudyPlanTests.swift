import Foundation
import RNNDriver
import RNNLab
import Testing

@Suite struct StudyPlanTests {
  @Test func aStudyComparesThreeWaysForEverySeed() {
    let request = StudyRequest(
      examples: URL(fileURLWithPath: "ex"), data: URL(fileURLWithPath: "data"),
      output: URL(fileURLWithPath: "out"), cells: ["lstm"], seeds: [1, 5])
    let steps = plan(request)
    validate(steps)
    // Training, three ways with a quantization each, compile, cosim.
    #expect(steps.count == 2 * 9)
    let commands = steps.map(\.stage.commandLine)
    #expect(commands.count { $0.contains("--method direct") } == 2)
    #expect(commands.count { $0.contains("--seed 5") } == 8)
    #expect(commands.filter { $0.contains("rnnc train") }.allSatisfy { $0.contains("--data data") })
  }
}

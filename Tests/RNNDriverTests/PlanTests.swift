import Foundation
import RNNCodegen
import RNNDriver
import RNNSupport
import Testing

@Suite struct PlanTests {
  private let demo = DemoRequest(
    examples: URL(fileURLWithPath: "ex"), output: URL(fileURLWithPath: "out"))

  @Test func theDemoTakesBothCellsThroughEveryStage() {
    let steps = plan(demo)
    validate(steps)
    #expect(
      steps.map(\.name)
        == ["gru", "lstm"].flatMap { cell in
          ["train", "compress", "quantize", "compile", "cosim", "energy"].map { "\(cell): \($0)" }
        } + ["report"])
  }

  @Test func everyStageReadsWhatAnEarlierOneWrote() {
    let steps = plan(demo)
    var written: [String] = []
    for step in steps {
      for input in step.stage.inputs.map(\.relativePath) where input.hasPrefix("out/") {
        let isThere = written.contains { $0 == input || $0.hasPrefix(input + "/") }
        #expect(isThere, "\(step.name) reads \(input)")
      }
      written += step.stage.outputs.map(\.relativePath)
    }
    #expect(written.contains("out/report.html"))
  }

  @Test func optionsThatChangeTheResultAppearInTheCommand() {
    let build = URL(fileURLWithPath: "b")
    let plain = CosimStage(build: build, input: .array(URL(fileURLWithPath: "x.npy")))
    #expect(plain.commandLine == "rnnc cosim b --input x.npy")
    var full = plain
    full.limit = 3
    full.flow = .free
    full.stressLimit = 2
    full.seed = 9
    full.activity = true
    full.trace = URL(fileURLWithPath: "w.fst")
    #expect(
      full.commandLine
        == "rnnc cosim b --input x.npy --limit 3 --flow free --stress-limit 2 --seed 9 --activity --trace w.fst"
    )
    let compile = CompileStage(
      model: URL(fileURLWithPath: "m.json"), output: build,
      options: CompileOptions(
        name: "n", device: "XC7A100T", clockMegahertz: 50,
        engine: .lanes(
          .init(
            2, columnGroups: 3, drainChains: 2, denseMultipliers: 4, elementsPerStep: 2,
            inputElementsPerBeat: 2, outputElementsPerBeat: 4))))
    #expect(
      compile.commandLine
        == "rnnc compile m.json -o b --name n --device XC7A100T --clock 50.0 --lanes 2"
        + " --column-groups 3 --drain-chains 2 --dense-multipliers 4 --elements-per-step 2 --input-beat 2 --output-beat 4"
    )
  }
}

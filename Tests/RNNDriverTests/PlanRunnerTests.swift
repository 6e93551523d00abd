import Foundation
import RNNDriver
import RNNSupport
import Testing

/// A stage that joins its input files into its output file and counts its runs in a side file.
private struct JoinStage: Stage {
  static let verb = "join"
  var inputs: [URL]
  var output: URL
  var suffix = ""
  var passes = true
  var counter: URL
  var tools: [Tool] = []
  var arguments: [String] { inputs.map(\.relativePath) + ["-o", output.relativePath, suffix] }
  var outputs: [URL] { [output] }

  func run(_ context: StageContext) throws -> StageResult {
    let runs = (try? String(contentsOf: counter, encoding: .utf8)) ?? ""
    try AtomicFile.write(runs + "x", to: counter)
    let text = try inputs.map { String(decoding: try AtomicFile.read($0), as: UTF8.self) }
    try AtomicFile.write(text.joined() + suffix, to: output)
    return StageResult(
      json: .object(["length": .int(text.joined().count)]), text: "joined", passed: passes)
  }
}

/// Records what is reported.
private final class RecordedProgress: ProgressSink, @unchecked Sendable {
  private let lock = NSLock()
  private var log: [String] = []
  var lines: [String] { lock.withLock { log } }
  func begin(_ title: String) { lock.withLock { log.append("begin \(title)") } }
  func update(_ fraction: Double, _ text: String, milestone: Bool) {}
  func end(_ result: String) { lock.withLock { log.append("end \(result)") } }
  func note(_ text: String) {}
}

@Suite struct PlanRunnerTests {
  let folder: URL
  let a: URL
  let b: URL
  let c: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "rnnc-plan-\(UUID().uuidString)")
    a = folder.appendingPathComponent("a")
    b = folder.appendingPathComponent("b")
    c = folder.appendingPathComponent("out/c")
    try AtomicFile.write("alpha", to: a)
  }

  private func chain(suffix: String = "", passes: Bool = true, tools: [Tool] = []) -> [Step] {
    [
      Step(
        "first",
        JoinStage(
          inputs: [a], output: b, suffix: suffix, passes: passes,
          counter: folder.appendingPathComponent("runs1"), tools: tools)),
      Step(
        "second",
        JoinStage(inputs: [a, b], output: c, counter: folder.appendingPathComponent("runs2"))),
    ]
  }
  private func run(
    _ plan: [Step], program: String = "p1", progress: any ProgressSink = SilentProgress()
  )
    throws -> [PlanRunner.Outcome]
  {
    let store = ArtefactStore(
      folder: folder.appendingPathComponent("records"), programDigest: program)
    return try PlanRunner(store: store, context: StageContext(progress: progress)).run(plan)
  }
  private func skipped(_ plan: [Step], program: String = "p1") throws -> [Bool] {
    try run(plan, program: program).map { $0.upToDate }
  }
  private func runs(_ name: String) -> Int {
    ((try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? "").count
  }

  @Test func aSecondRunDoesNothingAndGivesTheSameResults() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let first = try run(chain())
    #expect(first.map { $0.upToDate } == [false, false])
    let progress = RecordedProgress()
    let second = try run(chain(), progress: progress)
    #expect(second.map { $0.upToDate } == [true, true])
    #expect(second.map(\.result.json) == first.map(\.result.json))
    #expect(runs("runs1") == 1 && runs("runs2") == 1)
    #expect(
      progress.lines == ["begin first", "end up to date", "begin second", "end up to date"])
  }

  @Test func whatChangesIsDoneAgainAndWhatFollows() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    _ = try run(chain())
    try AtomicFile.write("beta", to: a)
    #expect(try skipped(chain()) == [false, false])
    // An option of the first step changes its output, so the second follows.
    #expect(try skipped(chain(suffix: "!")) == [false, false])
    #expect(try String(contentsOf: c, encoding: .utf8) == "betabeta!")
    // Another program does everything again.
    #expect(try skipped(chain(suffix: "!"), program: "p2") == [false, false])
  }

  @Test func aTamperedOrMissingOutputIsMadeAgain() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    _ = try run(chain())
    try AtomicFile.write("tampered", to: c)
    #expect(try skipped(chain()) == [true, false])
    try FileManager.default.removeItem(at: b)
    // The first step makes the same bytes again, so the second stays up to date.
    #expect(try skipped(chain()) == [false, true])
    #expect(try String(contentsOf: c, encoding: .utf8) == "alphaalpha")
  }

  @Test func aFailedCheckEndsThePlanAndIsNotRemembered() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let outcomes = try run(chain(passes: false))
    #expect(outcomes.count == 1)
    #expect(outcomes[0].result.passed == false)
    #expect(try skipped(chain(passes: false)) == [false])
    #expect(runs("runs1") == 2 && runs("runs2") == 0)
  }

  @Test func aMissingToolStopsBeforeAnyWork() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let absent = Tool(
      name: "rnnc-no-such-tool", package: "nothing", purpose: "test", minimum: "1.0")
    let error = #expect(throws: ToolError.self) { try run(chain(tools: [absent])) }
    #expect(error?.code == .toolMissing)
    #expect(runs("runs1") == 0)
  }

  @Test func aPlanPrintsTheCommandsThatItRuns() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let stage = JoinStage(
      inputs: [URL(fileURLWithPath: "x y")], output: URL(fileURLWithPath: "z"), suffix: "s",
      counter: a)
    #expect(planText([Step("only", stage)]) == "rnnc join 'x y' -o z s")
    #expect(
      planJSON([Step("only", stage)]).text.contains("\"command\": \"rnnc join 'x y' -o z s\""))
  }

  @Test func digestsOfFoldersSeeNamesAndContents() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let tree = folder.appendingPathComponent("tree")
    try AtomicFile.write("1", to: tree.appendingPathComponent("x"))
    try AtomicFile.write("2", to: tree.appendingPathComponent("sub/y"))
    let before = try ArtefactStore.digest(of: tree)
    #expect(try ArtefactStore.digest(of: tree) == before)
    try FileManager.default.moveItem(
      at: tree.appendingPathComponent("x"), to: tree.appendingPathComponent("z"))
    let renamed = try ArtefactStore.digest(of: tree)
    #expect(renamed != before)
    try AtomicFile.write("3", to: tree.appendingPathComponent("sub/y"))
    #expect(try ArtefactStore.digest(of: tree) != renamed)
    #expect(throws: ToolError.self) {
      try ArtefactStore.digest(of: folder.appendingPathComponent("absent"))
    }
  }
}

import RNNDriver
import RNNGraph
import RNNSupport
import Testing

@Suite struct CellsStageTests {
  private let context = StageContext(progress: SilentProgress())

  @Test func theListNamesEveryCell() throws {
    let text = try CellsStage(name: nil).run(context).text
    for cell in CellRegistry.all { #expect(text.contains("  \(cell.name) "), "\(cell.name)") }
  }
  @Test func aCellShowsItsOptionsStatesAndParameters() throws {
    for cell in CellRegistry.all {
      let result = try CellsStage(name: cell.name).run(context)
      for option in cell.options { #expect(result.text.contains("  \(option.name) = ")) }
      let units = cell.keepsSize ? 3 : 5
      let graph = try Layer(name: "l", cell: cell.name, inputSize: 3, units: units).graph
      for state in graph.states { #expect(result.text.contains("state      \(state.name) [")) }
      for p in graph.parameters { #expect(result.text.contains("parameter  \(p.name) [")) }
      #expect(result.json["options"]?.array?.count == cell.options.count)
    }
  }
  @Test func anUnknownCellIsRefusedWithTheList() {
    let error = #expect(throws: DiagnosticsEmitted.self) {
      try CellsStage(name: "gnu").run(context)
    }
    #expect(error?.diagnostics.first?.fix.contains("momentum-lstm") == true)
  }
}

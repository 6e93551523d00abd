package import Foundation
package import RNNCodegen
package import RNNGraph

/// One AXI4-Stream port of a design: `elementsPerBeat` sign-extended elements a beat, element 0
/// lowest.
package struct CosimStream: Hashable, Sendable {
  /// Elements of one frame.
  package var elements: Int
  package var elementsPerBeat: Int
  /// Bytes of one element in TDATA.
  package var elementBytes: Int
  package init(elements: Int, elementsPerBeat: Int, elementBytes: Int) {
    precondition(
      elements > 0 && elementsPerBeat > 0 && (1...8).contains(elementBytes),
      "a stream of \(elements) elements, \(elementsPerBeat) a beat, \(elementBytes) bytes each")
    self.elements = elements
    self.elementsPerBeat = elementsPerBeat
    self.elementBytes = elementBytes
  }
  /// Beats of one frame.
  package var beats: Int { (elements + elementsPerBeat - 1) / elementsPerBeat }
  package var beatBytes: Int { elementsPerBeat * elementBytes }
}

/// A value of the graph that the simulation top shows through three ports.
///
/// `<port>_valid_o`, `<port>_index_o` (the group) and `<port>_data_o` (`elementsPerStep` elements
/// of
/// `width` bits, two's complement, element 0 lowest).
package struct CosimProbe: Hashable, Sendable {
  /// The node's name in the graph, for reports.
  package var name: String
  /// The common beginning of the three ports' names.
  package var port: String
  package var node: ValueID
  package var size: Int
  package var width: Int
  package var elementsPerStep: Int
  /// The cycle of a frame in which group 0 appears; group g appears in `firstCycle + g * cyclesPerStep`.
  package var firstCycle: Int
  package var cyclesPerStep: Int
  package init(
    name: String, port: String, node: ValueID, size: Int, width: Int, elementsPerStep: Int,
    firstCycle: Int, cyclesPerStep: Int = 1
  ) {
    self.name = name
    self.port = port
    self.node = node
    self.size = size
    self.width = width
    self.elementsPerStep = elementsPerStep
    self.firstCycle = firstCycle
    self.cyclesPerStep = cyclesPerStep
  }
  /// Groups of one frame.
  package var steps: Int { (size + elementsPerStep - 1) / elementsPerStep }
  /// 32-bit words that hold one group.
  var dataWords: Int { (elementsPerStep * width + 31) / 32 }
}

/// Everything that a cosimulation needs to know of a design.
package struct CosimDesign: Sendable {
  /// The name of the design; the module that is simulated is `<name>_sim`.
  package var name: String
  /// What the design has to compute.
  package var graph: IntegerGraph
  package var input: CosimStream
  package var output: CosimStream
  /// Sequences in flight; with more than one the ports have TID.
  package var streams: Int
  package var probes: [CosimProbe]
  /// Whether the simulation top has `lanes_busy_o`, high in each cycle in which the lanes take an operand block.
  package var countsBusyLanes = false
  /// Whether the tops have the AXI4-Lite port `s_axil`.
  package var hasControl = false
  /// What that port shows of each stream.
  package var windowStates: [CosimState] = []
  /// Cycles from the start of a frame to the earliest start of the next.
  package var frameCycles: Int
  /// The build folder.
  package var folder: URL
  /// Verilog sources relative to the folder, the simulation top included, in the order of
  /// compilation.
  package var sources: [String]
  /// The folder that the paths in `$readmemh` are relative to.
  package var memoryFolder: URL
  /// A fresh prediction of the streams.
  package var makeTiming: @Sendable () -> any StreamModel

  package init(
    name: String, graph: IntegerGraph, input: CosimStream, output: CosimStream, streams: Int = 1,
    probes: [CosimProbe], frameCycles: Int, folder: URL, sources: [String], memoryFolder: URL,
    makeTiming: @escaping @Sendable () -> any StreamModel
  ) {
    self.name = name
    self.graph = graph
    self.input = input
    self.output = output
    self.streams = streams
    self.probes = probes
    self.frameCycles = frameCycles
    self.folder = folder
    self.sources = sources
    self.memoryFolder = memoryFolder
    self.makeTiming = makeTiming
  }
  package var top: String { name + "_sim" }
  /// Bytes of an output beat as the harness records it: TDATA, then TID or zero.
  package var outputRecordBytes: Int { output.beatBytes + 1 }
}

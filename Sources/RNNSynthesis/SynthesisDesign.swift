package import Foundation
package import RNNCodegen
internal import RNNGraph
package import RNNSupport

/// What synthesis needs to know of a compiled design.
package struct SynthesisDesign: Sendable {
  /// The name of the AXI4-Stream top module.
  package var name: String
  /// The build folder.
  package var folder: URL
  /// Hand-written modules, then generated ones, as paths relative to the build folder.
  package var library: [String]
  package var generated: [String]
  package var inputBits: Int
  package var outputBits: Int
  /// Width of TID; 0 for one stream.
  package var streamBits: Int
  /// Bits of an address of the control port; 0 without it.
  package var controlAddressBits: Int
  package var counts: DesignCounts
  /// Copies of each datapath, and output transforms: more than one is synthesized once.
  package var elementsPerStep: Int
  package var drainChains: Int
  package var segments: Int
  /// What instances compute, by instance name inside the core, such as `u_datapath0_0.u_n12`.
  package var labels: [String: String]

  var wrapper: PinWrapper {
    PinWrapper(
      design: name, inputBits: inputBits, outputBits: outputBits, streamBits: streamBits,
      controlAddressBits: controlAddressBits)
  }

  /// Describes a design whose files lie in a build folder.
  package init(_ design: any HardwareDesign, folder: URL, files: [EmittedFile]) {
    name = design.name
    self.folder = folder
    let sources = designSources(of: files)
    library = sources.filter { $0.hasPrefix("rtl/rnnc_") }
    generated = sources.filter { !$0.hasPrefix("rtl/rnnc_") }
    inputBits = design.interface.input.dataBits
    outputBits = design.interface.output.dataBits
    streamBits = design.interface.streams > 1 ? design.interface.streamBits : 0
    controlAddressBits = design.controlAddressBits
    counts = design.counts
    elementsPerStep = design.copies.elementsPerStep
    drainChains = design.copies.drainChains
    segments = design.copies.segments
    labels = design.instanceLabels
  }
}

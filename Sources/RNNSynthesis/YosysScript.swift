internal import RNNSupport

/// The Yosys commands that synthesize a design; paths are relative to the folder of the memory images.
struct YosysScript {
  let design: SynthesisDesign
  let family: SynthesisFamily

  /// The folder, in the build folder, that the artefacts go to.
  static let folder = "synth"
  static let scriptName = "synth.ys"
  static let statisticsName = "cells.json"

  /// The module at the top of what is synthesized.
  var top: String { family.isHierarchical ? design.name : design.wrapper.name }
  var netlistName: String { "\(design.name).json" }

  var text: String {
    let library = design.library.map { "../\($0)" }.joined(separator: " ")
    let generated = design.generated.map { "../\($0)" }.joined(separator: " ")
    var lines = [
      "# Synthesizes \(design.name); run in the folder mem of the build.",
      "read_verilog -sv -defer \(library)",
      "read_verilog -sv \(generated)",
    ]
    if family.isHierarchical {
      lines += hierarchical
    } else {
      lines += [
        "read_verilog -sv ../\(Self.folder)/\(top).sv",
        "hierarchy -top \(top)",
        "# The serializer around the design is counted apart.",
        "setattr -mod -set keep_hierarchy 1 \(design.name)",
        "\(family.command) -top \(top) -json ../\(Self.folder)/\(netlistName)",
      ]
    }
    lines.append("tee -q -o ../\(Self.folder)/\(Self.statisticsName) stat -json")
    return lines.joined(separator: "\n") + "\n"
  }

  /// Modules that occur many times stay modules: each is synthesized once, and its cells are multiplied.
  private var hierarchical: [String] {
    var kept = ["*rnnc_lane*", "*rnnc_rom*"]
    if design.drainChains > 1 { kept.append("\(design.name)_transform_out") }
    if design.elementsPerStep > 1 {
      kept += (0..<design.segments).map { "\(design.name)_datapath\($0)" }
    }
    let synthesis = "\(family.command) -flatten -noiopad -noclkbuf -top \(design.name)"
    return [
      "# Weight memories differ in their contents alone, which take no other blocks: all get those of lane 0.",
      "setparam -set InitFile \"weights_0.mem\" \(design.name)_core/u_weights_*",
      "hierarchy -top \(design.name)",
      "setattr -mod -set keep_hierarchy 1 \(kept.joined(separator: " "))",
    ] + (family == .ultraScale ? Self.ultraScale(synthesis) : [synthesis])
  }

  /// `synth_xilinx` for UltraScale packs no registers and no adders into DSP48E2: its step `map_dsp` is replaced by
  /// that of 7-series, whose block is contained in the newer one.
  private static func ultraScale(_ synthesis: String) -> [String] {
    [
      "\(synthesis) -run begin:map_dsp",
      "memory_dff",
      "techmap -map +/mul2dsp.v -map +/xilinx/xc7_dsp_map.v -D DSP_A_MAXWIDTH=25 -D DSP_B_MAXWIDTH=18 "
        + "-D DSP_A_MAXWIDTH_PARTIAL=18 -D DSP_A_MINWIDTH=2 -D DSP_B_MINWIDTH=2 -D DSP_Y_MINWIDTH=9 "
        + "-D DSP_SIGNEDONLY=1 -D DSP_NAME=$__MUL25X18",
      "select a:mul2dsp", "setattr -unset mul2dsp", "opt_expr -fine", "wreduce", "select -clear",
      "xilinx_dsp -family xc7",
      "chtype -set $mul t:$__soft_mul",
      "\(synthesis) -run coarse:",
    ]
  }
}

import RNNSupport
import RNNSynthesis
import Testing

@Suite struct NextpnrReportTests {
  static let text = #"""
    {
      "critical_paths": [
        { "from": "posedge $glbnet$clk_i", "to": "posedge $glbnet$clk_i", "path": [
          { "delay": 0.5, "type": "clk-to-q", "from": {"cell": "u_design.u_core.a_q_FF", "port": "CLK"},
            "to": {"cell": "u_design.u_core.a_q_FF", "port": "Q"} },
          { "delay": 1.25, "type": "routing", "net": "u_design.u_core.a_q",
            "from": {"cell": "x", "port": "Q"}, "to": {"cell": "$abc$1", "port": "A"} },
          { "delay": 0.25, "type": "setup", "from": {"cell": "$abc$1", "port": "A"},
            "to": {"cell": "$abc$1", "port": "A"} } ] },
        { "from": "async", "to": "posedge $glbnet$clk_i", "path": [
          { "delay": 9, "type": "routing", "net": "n", "from": {"cell": "pin", "port": "O"},
            "to": {"cell": "b", "port": "D"} } ] }
      ],
      "fmax": { "$glbnet$clk_i": { "achieved": 123.5, "constraint": 100 } },
      "utilization": { "TRELLIS_FF": {"available": 24288, "used": 17},
        "MULT18X18D": {"available": 28, "used": 24}, "DCCA": {"available": 56, "used": 0} }
    }
    """#

  @Test func clockUseAndSlowestPathAreRead() throws {
    let report = try NextpnrReport(parsing: Self.text)
    #expect(report.megahertz == 123.5)
    #expect(
      report.utilisation == [
        .init(part: "MULT18X18D", used: 24, available: 28),
        .init(part: "TRELLIS_FF", used: 17, available: 24288),
      ])
    // The path from the pin is longer, but no clock waits for it.
    #expect(report.criticalPath.map(\.kind) == ["clk-to-q", "routing", "setup"])
    #expect(report.criticalPath[1].net == "u_design.u_core.a_q")
    #expect(report.delays == (0.75, 1.25))
  }

  @Test(arguments: [
    "", "{}", #"{"fmax": {}}"#,
    #"{"fmax": {"c": {"achieved": 1}}, "critical_paths": [{"from": "a", "to": "b", "path": [{}]}]}"#,
  ])
  func whatIsNoReportIsRefused(text: String) {
    #expect(throws: ToolError.self) { try NextpnrReport(parsing: text) }
  }

  @Test func pathsNameTheUnitsAndWhatTheyCompute() {
    func segment(_ cell: String, net: String? = nil) -> NextpnrReport.Segment {
      .init(kind: "logic", nanoseconds: 1, cell: cell, net: net)
    }
    let labels = ["u_datapath0_1.u_n12": "gru0.z", "u_datapath0_1.n7": "gru0.h_new"]
    let path = [
      segment("u_design.u_core.u_datapath0_1.u_n12.product_q_TRELLIS_FF_Q_3"),
      segment("$abc$123", net: "u_design.u_core.u_datapath0_1.u_n12.sum[3]"),
      segment("$abc$124", net: "$abc$124"),
      segment("u_design.u_core.u_datapath0_1.n7_rounded_LUT4_Z"),
      segment("u_design.u_core.u_lane_0.gen_product[3].sum_q_TRELLIS_FF_Q"),
      segment("u_design.u_core.counter0_q_TRELLIS_FF_Q_2"),
      segment("u_design.u_core.ctl_lane_valid_LUT4_Z"),
    ]
    #expect(
      CriticalUnits.names(of: path, labels: labels) == [
        "u_datapath0_1 gru0.z", "u_datapath0_1 gru0.h_new", "u_lane_0", "counter0_q",
        "ctl_lane_valid",
      ])
  }
}

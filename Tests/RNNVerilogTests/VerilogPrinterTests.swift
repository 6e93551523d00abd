import RNNVerilog
import Testing

@Suite struct VerilogPrinterTests {
  static func blink() -> VerilogModule {
    var m = VerilogModule("blink", doc: "Counts while enabled.\nLatency 1.")
    m.input("clk_i")
    m.input("rst_i")
    m.input("en_i")
    m.input("step_i", .signed(4))
    m.output("count_o", .signed(8))
    m.output("top_o", .bits(3))
    m.localparam("Limit", .signed(8), .signedLit(-3, width: 8))
    m.declare("count_q", .signed(8))
    m.blank()
    m.comment("The step is extended by its sign.")
    m.always([
      .ifElse(
        "rst_i", [.set("count_q", .signedLit(0, width: 8))],
        [
          .ifElse(
            "en_i" && VerilogExpression.name("count_q").isNotEqual(to: "Limit"),
            [.set("count_q", "count_q" + VerilogExpression.name("step_i").resized(8))])
        ])
    ])
    m.assign("count_o", "count_q")
    m.assign("top_o", .slice("count_q", 7, 5))
    return m
  }

  @Test func printsTheGoldenText() throws {
    #expect(
      try Self.blink().text() == """
        `default_nettype none

        /// Counts while enabled.
        /// Latency 1.
        module blink (
          input wire logic clk_i,
          input wire logic rst_i,
          input wire logic en_i,
          input wire logic signed [3:0] step_i,
          output logic signed [7:0] count_o,
          output logic [2:0] top_o
        );
          localparam logic signed [7:0] Limit = -8'sd3;
          logic signed [7:0] count_q;

          // The step is extended by its sign.
          always_ff @(posedge clk_i) begin
            if (rst_i) begin
              count_q <= 8'sd0;
            end else if (en_i && (count_q != Limit)) begin
              count_q <= count_q + 8'(step_i);
            end
          end
          assign count_o = count_q;
          assign top_o = count_q[7:5];
        endmodule

        `default_nettype wire

        """)
  }

  @Test func breaksLongLinesAtColumn100() throws {
    var m = VerilogModule("wide", doc: "Joins.")
    for i in 0..<40 { m.input("some_input_\(i)_i", .bits(2)) }
    m.output("all_o", .bits(80))
    m.assign("all_o", .concat((0..<40).map { .name("some_input_\($0)_i") }))
    let lines = try m.text().split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 100 })
    #expect(lines.filter { $0.hasPrefix("      ") }.count >= 6)
  }
}

@Suite struct VerilogAssertionTests {
  private static var module: VerilogModule {
    var m = VerilogModule("held", doc: "Holds.")
    m.input("clk_i")
    m.input("rst_i")
    m.input("en_i")
    m.output("held_o")
    m.declare("held_q")
    m.always([.ifElse("rst_i", [.set("held_q", .zero)], [.ifElse("en_i", [.set("held_q", .one)])])])
    m.assign("held_o", "held_q")
    return m
  }

  @Test func theyStandBehindTheModuleForSimulationAlone() throws {
    var m = Self.module
    let without = try m.text()
    m.assert("Always", "held_q" || !"held_q")
    m.assert("Before", when: "en_i", !"rst_i")
    m.assert("After", after: "held_q", "held_q")
    let block = """

      `ifdef RNNC_ASSERTIONS
      `include "rnnc_assert.svh"
        `RNNC_ASSERT(Always_A, held_q || !held_q)
        `RNNC_ASSERT(Before_A, (en_i) |-> (!rst_i))
        `RNNC_ASSERT_NEXT(After_A, held_q, held_q)
      `endif

      """
    #expect(try m.text() == without.replacing("endmodule\n", with: block + "endmodule\n"))
  }

  /// A hundred operators in a row: doubling the work at each of them would take for ever.
  @Test func longChainsAndChoicesArePrintedInOneWalk() throws {
    var m = Self.module
    let chain = (0..<100).reduce(VerilogExpression.name("held_q")) { sum, _ in sum || "en_i" }
    let choice = (0..<100).reduce(VerilogExpression.name("held_q")) { rest, _ in
      .mux("en_i", "held_q", rest)
    }
    m.assert("Chain", chain)
    m.assert("Choice", choice)
    let text = try m.text()
    #expect(text.matches(of: /\|\|/).count == 100)
    #expect(text.matches(of: /\?/).count == 100)
  }

  @Test func theyAreCheckedAndReadNothingForTheRest() throws {
    var m = Self.module
    m.declare("watched_q", .bits(2))
    m.always([.set("watched_q", .lit(1, width: 2))])
    m.assert("Wide", "watched_q")
    m.assert("Twice", "held_q")
    m.assert("Twice", "nobody_q")
    let issues = m.issues()
    for expected in ["has 2 bits", "declared twice", "nobody_q", "watched_q is never read"] {
      #expect(issues.contains { $0.contains(expected) }, "\(expected): \(issues)")
    }
    var clockless = VerilogModule("wire_only", doc: "A wire.")
    clockless.input("a_i")
    clockless.output("a_o")
    clockless.assign("a_o", "a_i")
    clockless.assert("Same", "a_i")
    #expect(clockless.issues().contains { $0.contains("clk_i") })
  }
}

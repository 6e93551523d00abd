import Foundation
import RNNCodegen
import RNNQuantize
import RNNReference
import RNNSupport
import Testing
import _RNNTestSupport

/// Faults of TID are reported and leave the states of all streams alone.
///
/// A number without a stream drops the frame; a change within a frame counts as its last beat says. Icarus Verilog runs a
/// bench that is not the cosimulator's.
@Suite struct StreamFaultTests {
  @Test(arguments: [(fault: "none", error: 0), ("unknown", 1), ("changed", 1)])
  func faultsAreReportedAndLeaveTheStatesAlone(_ row: (fault: String, error: Int)) throws {
    let network = try RandomNetwork(
      seed: 21, options: .init(cell: "gru", sizes: [3, 4], block: 2, readout: false))
    let design = try compile(
      network.graph, options: CompileOptions(name: "net", engine: .lanes(.init(streams: 3))))
    let input = design.interface.input
    let frames = network.sequence(steps: 3, seed: 1)
    // The frame in the middle has the fault; its values belong to another stream, or to none.
    var beats: [(data: Int64, stream: Int)] = []
    for (k, frame) in frames.enumerated() {
      for (e, code) in frame.enumerated() {
        var stream = k == 1 ? 2 : 1
        if k == 1, row.fault == "unknown" { stream = 3 }
        if k == 1, row.fault == "changed", e == 0 { stream = 1 }
        beats.append((code & (1 << (8 * input.elementBytes) - 1), stream))
      }
    }
    let reference = try ReferenceModel(design.graph)
    let ofStream1 = reference.run(sequence: [frames[0], frames[2]])
    let ofStream2 = reference.run(sequence: [frames[1]])
    var expected = [(1, ofStream1[0]), (2, ofStream2[0]), (1, ofStream1[1])]
    if row.fault == "unknown" { expected.remove(at: 1) }

    try withTemporaryFolder { folder in
      let files = try emit(design)
      for file in files {
        try AtomicFile.write(Data(file.text.utf8), to: folder.appendingPathComponent(file.path))
      }
      let bench = Self.bench(
        beats, input: input, output: design.interface.output,
        cycles: 20 * design.schedule.frameLength)
      try AtomicFile.write(Data(bench.utf8), to: folder.appendingPathComponent("mem/bench.sv"))
      let runner = ToolRunner()
      try runner.run(
        "iverilog",
        ["-g2012", "-o", "bench", "-s", "bench", "bench.sv"]
          + designSources(of: files).map { "../\($0)" },
        directory: folder.appendingPathComponent("mem"))
      let lines = try runner.run(
        "vvp", ["-n", "bench"], directory: folder.appendingPathComponent("mem")
      ).standardOutput.split(separator: "\n").map(String.init)
      let wanted =
        expected.flatMap { stream, frame in frame.map { "\(stream) \($0)" } }
        + ["error \(row.error)"]
      #expect(lines == wanted)
    }
  }

  private static func bench(
    _ beats: [(data: Int64, stream: Int)], input: StreamInterface.Port,
    output: StreamInterface.Port, cycles: Int
  ) -> String {
    let sends = beats.map { "send(\($0.data), 2'd\($0.stream));" }.joined(separator: "\n    ")
    return """
      module bench;
        reg clk = 0, resetn = 0, valid = 0;
        reg [\(input.dataBits - 1):0] data = 0;
        reg [1:0] tid = 0;
        wire ready, out_valid, out_last, error;
        wire [\(output.dataBits - 1):0] out;
        wire [1:0] out_tid;
        always #5 clk = !clk;
        net dut (.aclk(clk), .aresetn(resetn), .s_axis_tvalid(valid), .s_axis_tready(ready),
          .s_axis_tdata(data), .s_axis_tlast(1'b0), .s_axis_tid(tid), .m_axis_tvalid(out_valid),
          .m_axis_tready(1'b1), .m_axis_tdata(out), .m_axis_tlast(out_last), .m_axis_tid(out_tid),
          .frame_error_o(error));
        task send(input [\(input.dataBits - 1):0] d, input [1:0] t);
          begin
            valid = 1; data = d; tid = t;
            @(negedge clk);
            while (!ready) @(negedge clk);
            @(posedge clk); #1 valid = 0;
          end
        endtask
        always @(negedge clk) if (resetn && out_valid) $display("%0d %0d", out_tid, $signed(out));
        initial begin
          repeat (4) @(posedge clk);
          #1 resetn = 1;
          \(sends)
          repeat (\(cycles)) @(posedge clk);
          $display("error %0d", error);
          $finish;
        end
      endmodule

      """
  }
}

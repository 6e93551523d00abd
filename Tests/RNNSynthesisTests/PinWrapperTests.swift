import RNNSynthesis
import Testing
import _RNNTestSupport

@Suite struct PinWrapperTests {
  /// A design that gives each beat back with all bits of its data inverted, once it is taken.
  private static let echo = """
    module echo (
      input wire logic aclk, input wire logic aresetn,
      input wire logic s_axis_tvalid, output logic s_axis_tready,
      input wire logic [6:0] s_axis_tdata, input wire logic s_axis_tlast,
      output logic m_axis_tvalid, input wire logic m_axis_tready,
      output logic [6:0] m_axis_tdata, output logic m_axis_tlast, output logic frame_error_o
    );
      assign s_axis_tready = !m_axis_tvalid;
      assign frame_error_o = 1'b0;
      always_ff @(posedge aclk) begin
        if (!aresetn) m_axis_tvalid <= 1'b0;
        else if (m_axis_tvalid) m_axis_tvalid <= !m_axis_tready;
        else m_axis_tvalid <= s_axis_tvalid;
        if (!m_axis_tvalid) {m_axis_tlast, m_axis_tdata} <= {s_axis_tlast, ~s_axis_tdata};
      end
    endmodule

    """

  @Test(arguments: BenchSimulator.allCases.filter(\.isEnabled))
  func beatsPassBitByBit(simulator: BenchSimulator) throws {
    let wrapper = PinWrapper(design: "echo", inputBits: 7, outputBits: 7)
    let beats: [[UInt8]] = [[1, 0, 1, 1, 0, 0, 1, 0], [0, 1, 1, 0, 1, 0, 0, 1]]
    // Order of the inputs: rst_n, serial, shift, load, next.
    var stimulus: [[UInt8]] = Array(repeating: [0, 0, 0, 0, 0], count: 3)
    var reads: [Int] = []
    for beat in beats {
      for (k, bit) in beat.enumerated() {
        stimulus.append([1, bit, 1, 0, 0])
        // A sender may pause between bits.
        if k % 3 == 1 { stimulus.append([1, 1 - bit, 0, 0, 0]) }
      }
      stimulus.append([1, 0, 0, 1, 0])
      stimulus += Array(repeating: [1, 0, 0, 0, 0], count: 8)
      for _ in beat {
        reads.append(stimulus.count)
        stimulus.append([1, 0, 0, 0, 1])
        stimulus += Array(repeating: [1, 0, 0, 0, 0], count: 3)
      }
    }
    let bench = VerilogBench(
      files: [("echo.sv", Self.echo), ("echo_pins.sv", try wrapper.text())],
      units: [
        .init(
          wrapper.name,
          inputs: ["rst_ni", "serial_i", "shift_i", "load_i", "next_i"].map { .init($0, 1) },
          outputs: ["serial_o", "valid_o", "ready_o"].map { .init($0, 1) },
          stimulus: stimulus.map { $0.map { [$0] } })
      ])
    let trace = try bench.run(simulator)
    let sent = beats.flatMap { $0.dropLast().map { 1 - $0 } + [$0[7]] }
    #expect(reads.map { trace.bits(cycle: $0, unit: 0) } == sent.map { [$0] })
    #expect(reads.allSatisfy { trace.bits(cycle: $0, unit: 0, output: 1) == [1] })
    // Nothing is left, and the next beat may come.
    #expect(trace.bits(cycle: stimulus.count - 1, unit: 0, output: 1) == [0])
    #expect(trace.bits(cycle: stimulus.count - 1, unit: 0, output: 2) == [1])
  }
}

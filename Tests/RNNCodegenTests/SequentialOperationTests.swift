import Foundation
import RNNCodegen
import Testing
import _RNNTestSupport

/// The codes of operations stand in the compiler and in the engine.
@Suite struct SequentialOperationTests {
  @Test func codesAreThoseOfTheEngine() throws {
    let text = try String(
      contentsOf: packageRoot.appendingPathComponent("rtl/rnnc_seq_issue.sv"), encoding: .utf8)
    let found = text.matches(of: /localparam logic \[2:0\] (\w+) = 3'd(\d);/).map {
      "\($0.output.1.lowercased()) \($0.output.2)"
    }
    #expect(found == SequentialOperation.allCases.map { "\($0) \($0.rawValue)" })
    // Every operation has a code of its own, and one that the engine tells apart.
    for name in text.matches(of: /localparam logic \[2:0\] (\w+) =/).map(\.output.1) {
      #expect(text.matches(of: /\w+/).filter { $0.output == name }.count >= 2, "\(name) is unused")
    }
  }
}

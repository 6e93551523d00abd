private import Foundation

/// The memory of this machine, as a bound for what numbers from outside may ask for.
package enum MachineMemory {
  /// Refuses a request that this machine cannot hold, before it is tried: a program that runs out of memory is ended
  /// without a word, and others with it.
  ///
  /// - Parameters:
  ///   - factors: whose product is the number of elements; none is negative.
  ///   - bytes: of an element.
  ///   - stage: of the diagnostic.
  ///   - path: the place of the numbers.
  ///   - what: what takes the memory, such as `the inputs`.
  ///   - fix: the remedy.
  /// - Throws: `DiagnosticsEmitted` that says how much it would be.
  package static func check(
    _ factors: [Int], bytes: Int, stage: String, path: String, what: String, fix: String
  ) throws {
    let needed = factors.reduce(Double(bytes)) { $0 * Double($1) }
    let there = Double(ProcessInfo.processInfo.physicalMemory)
    guard needed > there / 2 else { return }
    throw DiagnosticsEmitted(
      Diagnostic(
        stage: stage, path: path,
        message: "\(what) would take \(gibibytes(needed)) GiB of the machine's \(gibibytes(there))",
        fix: fix))
  }

  private static func gibibytes(_ bytes: Double) -> String {
    ((bytes / 0x1p30 * 10).rounded(.up) / 10).compactText
  }
}

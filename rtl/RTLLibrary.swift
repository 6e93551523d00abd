/// The hand-written SystemVerilog library, embedded in the binary.
package enum RTLLibrary {
  /// Source files in dependency order, as (file name, bytes).
  package static let files: [(name: String, bytes: [UInt8])] = []
}

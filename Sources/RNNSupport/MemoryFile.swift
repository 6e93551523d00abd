internal import CRNNSystem
package import Foundation

/// A file in memory, for what only takes paths.
package final class MemoryFile {
  private let file: Int32
  private var staysOpen = false
  /// Its path in this process, different from that of any other open one.
  package var path: String { "/proc/self/fd/\(file)" }

  /// - Parameter name: what tools show for it.
  ///
  /// Nil with `errno` where the system gives no such file.
  package init?(_ data: Data, name: String) {
    file = data.withUnsafeBytes { rnn_memory_file(name, $0.baseAddress, $0.count) }
    if file < 0 { return nil }
  }
  deinit { if !staysOpen { close(file) } }

  /// Leaves the path as it is until the process ends.
  package func keepOpen() { staysOpen = true }
}

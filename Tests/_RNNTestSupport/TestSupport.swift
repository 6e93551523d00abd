package import Foundation

/// The folder of the package's sources, found from this file's own path.
package let packageRoot: URL =
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

import Foundation
import _RNNTestSupport

/// The regular files below a folder whose names end so, sorted by path; build products are left out.
func filesBelow(_ folder: URL, suffix: String = "") throws -> [URL] {
  guard
    let walk = FileManager.default.enumerator(
      at: folder, includingPropertiesForKeys: [.isRegularFileKey])
  else { return [] }
  var files: [URL] = []
  for case let file as URL in walk {
    if [".build", ".git", "build", ".swiftpm"].contains(file.lastPathComponent) {
      walk.skipDescendants()
      continue
    }
    guard file.lastPathComponent.hasSuffix(suffix),
      try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true
    else { continue }
    files.append(file)
  }
  return files.sorted { $0.path < $1.path }
}

/// The path of a file inside the package.
func relative(_ file: URL) -> String {
  let root = packageRoot.standardizedFileURL.path + "/"
  let path = file.standardizedFileURL.path
  return path.hasPrefix(root) ? String(path.dropFirst(root.count)) : path
}

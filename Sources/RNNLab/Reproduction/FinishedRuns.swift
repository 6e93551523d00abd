internal import Foundation
internal import RNNSupport

/// Finished pieces of a reproduction in its work folder, so that a stopped experiment goes on from there.
///
/// A piece is found again by a name that says everything it depends on. A file that is not whole JSON counts as
/// none.
struct FinishedRuns: Sendable {
  /// The folder's name in the work folder.
  static let name = "runs"
  let folder: URL

  init(work: String) throws {
    folder = URL(fileURLWithPath: work).appendingPathComponent(Self.name)
    try AtomicFile.makeFolder(folder)
  }

  /// The finished piece of a name, or the new one.
  func piece<Result>(
    _ name: String, read: (JSONValue) -> Result?, write: (Result) -> JSONValue,
    make: () throws -> Result
  ) throws -> Result {
    let url = folder.appendingPathComponent("\(name).json")
    if let data = try? Data(contentsOf: url), let json = try? JSONValue(parsing: data),
      let result = read(json)
    {
      return result
    }
    let result = try make()
    try AtomicFile.write(write(result).text, to: url)
    return result
  }
}

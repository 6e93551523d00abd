import Foundation
import RNNSupport
import Testing
import _RNNTestSupport

/// Runs `body` with a fresh folder that is removed afterwards.
func withTemporaryFolder<R>(_ body: (URL) throws -> R) throws -> R {
  let url = FileManager.default.temporaryDirectory
    .appendingPathComponent("rnnc-interchange-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: url) }
  return try body(url)
}

/// The text of the error that `body` throws; records an issue if it throws none.
func errorText(
  _ body: () throws -> some Any, sourceLocation: SourceLocation = #_sourceLocation
) -> String {
  do {
    _ = try body()
    Issue.record("expected an error", sourceLocation: sourceLocation)
    return ""
  } catch {
    return "\(error)"
  }
}

/// Expects exactly one diagnostic whose text has all the parts.
func expectDiagnostic(
  _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> some Any
) {
  do {
    _ = try body()
    Issue.record("expected an error with \(parts)", sourceLocation: sourceLocation)
  } catch let error as DiagnosticsEmitted {
    #expect(error.diagnostics.count == 1, "\(error)", sourceLocation: sourceLocation)
    for part in parts {
      #expect(
        "\(error)".contains(part), "\(part) is not in: \(error)", sourceLocation: sourceLocation)
    }
    #expect(error.diagnostics.allSatisfy { !$0.fix.isEmpty }, sourceLocation: sourceLocation)
  } catch {
    Issue.record("\(error) is no diagnostic", sourceLocation: sourceLocation)
  }
}

/// The folder of the vectors that `make.py` wrote.
let vectors = packageRoot.appendingPathComponent("Tests/Vectors/interchange")

/// Parses every truncation of the bytes and `flips` copies with up to three random bytes changed.
///
/// Returns how many were accepted; the point is that none crashes.
func acceptedMutants<T>(of data: Data, flips: Int = 3000, _ parse: (Data) throws -> T) -> Int {
  var accepted = 0
  for n in 0..<data.count where (try? parse(data.prefix(n))) != nil { accepted += 1 }
  var random = SplitMix64(seed: 7)
  for _ in 0..<flips {
    var mutant = data
    for _ in 0...random.below(3) { mutant[random.below(data.count)] = UInt8(random.below(256)) }
    if (try? parse(mutant)) != nil { accepted += 1 }
  }
  return accepted
}

// Arguments are libFuzzer's; RNNC_FUZZ_TARGET names the reader. scripts/fuzz.sh runs them all.

import CFuzzer
import Foundation

private let target: FuzzTarget = {
  let name = ProcessInfo.processInfo.environment["RNNC_FUZZ_TARGET"] ?? ""
  guard let target = FuzzTarget(rawValue: name) else {
    let all = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
    fatalError("RNNC_FUZZ_TARGET is \"\(name)\", not one of \(all)")
  }
  return target
}()

/// What the runtime's own `main` would call; the linker wants it although `main` is here.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  target.read(Data(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(LLVMFuzzerRunDriver(&count, &arguments, fuzzOneInput))

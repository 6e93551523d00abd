internal import CDNNL
internal import CLAPACK
internal import CRNNKernels
private import Foundation

/// How real numbers are computed in this process: with which instructions, and in how many threads.
///
/// Both decide in which order sums are made and where they are rounded, so the last bits of a training depend on them. By
/// default the best that the processor has is taken. The common level is the same on every x86-64: no fused
/// multiplication, vectors of 128 bits, and a fixed number of threads, whatever the machine has.
package enum Arithmetic {
  /// A fixed number, so that batches are cut alike everywhere.
  private static let commonThreads = 4
  private static let mark = "RNNC_COMMON_ARITHMETIC"

  /// Whether this process computes at the common level.
  package static var isCommon: Bool { rnn_uses_common_instructions() != 0 }

  /// Over how many threads work is split where the caller does not say.
  package static var threads: Int {
    isCommon ? commonThreads : ProcessInfo.processInfo.activeProcessorCount
  }

  /// The level in words, such as `x86-64-v3, oneDNN avx2, 2 threads`: what has to be equal for equal bits.
  package static var description: String {
    let level = rnn_instruction_level()
    let processor = level == 0 ? "not x86-64" : level == 1 ? "x86-64" : "x86-64-v\(level)"
    return "\(processor), oneDNN \(products), \(threads) threads"
  }

  /// The instructions of oneDNN's products.
  private static var products: String {
    let names: [(dnnl_cpu_isa_t, String)] = [
      (dnnl_cpu_isa_sse41, "sse41"), (dnnl_cpu_isa_avx, "avx"), (dnnl_cpu_isa_avx2, "avx2"),
    ]
    let isa = dnnl_get_effective_cpu_isa()
    if let known = names.first(where: { $0.0 == isa }) { return known.1 }
    // Later ones differ in other types than single precision.
    return isa.rawValue & dnnl_cpu_isa_avx512_core.rawValue == dnnl_cpu_isa_avx512_core.rawValue
      ? "avx512" : isa == dnnl_cpu_isa_all ? "none" : "avx2"
  }

  /// Continues at the common level; does nothing if this process is there already.
  ///
  /// The C library and BLIS choose their instructions when a program starts, so it starts again, in the same process, with
  /// its arguments. To be called before anything is computed.
  ///
  /// - Returns: the reason, in words, if that is not possible.
  package static func enterCommonLevel(arguments: [String]) -> String? {
    if ProcessInfo.processInfo.environment[mark] == "1" {
      rnn_use_common_instructions()
      return dnnl_set_max_cpu_isa(dnnl_cpu_isa_sse41) == dnnl_success
        ? nil : "oneDNN cannot be limited any more"
    }
    var generic: UInt32 = 0
    while String(cString: bli_arch_string(generic)) != "generic" { generic += 1 }
    setenv(mark, "1", 1)
    setenv("BLIS_ARCH_TYPE", "\(generic)", 1)
    setenv("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX,-FMA,-FMA4", 1)
    var words = arguments.map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    execv("/proc/self/exe", words)
    return String(cString: strerror(errno)).lowercased()
  }
}

#if os(Linux)
  private import Glibc
#endif

/// Floats at an address that is a multiple of 64 bytes, reused from one call to the next.
package final class AlignedBuffer {
  private var raw: UnsafeMutableRawPointer
  package private(set) var capacity: Int

  package init(count: Int = 0) {
    capacity = count
    raw = Self.allocate(count)
  }
  deinit { raw.deallocate() }

  private static func allocate(_ count: Int) -> UnsafeMutableRawPointer {
    let bytes = max(count, 16) * MemoryLayout<Float>.stride
    let huge = 1 << 21
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: bytes, alignment: bytes >= huge ? huge : 64)
    #if os(Linux)
      // A pass streams through all buffers; with small pages it would miss the TLB all the time.
      // Where the kernel refuses, small pages serve.
      if bytes >= huge { _ = madvise(raw, bytes, Int32(MADV_HUGEPAGE)) }
    #endif
    raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    return raw
  }

  package var base: UnsafeMutablePointer<Float> { raw.assumingMemoryBound(to: Float.self) }

  /// Makes room for `count` floats; what the buffer held is lost, and all is zero, if it has to grow.
  package func reserve(_ count: Int) {
    guard count > capacity else { return }
    raw.deallocate()
    raw = Self.allocate(count)
    capacity = count
  }
  /// Sets all numbers to zero, the padding included.
  package func clear() { base.update(repeating: 0, count: capacity) }
}

/// The least multiple of the vector length (16 floats) that holds `count` floats.
package func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }

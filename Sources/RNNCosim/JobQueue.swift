internal import Foundation
internal import RNNSupport

/// Independent pieces of work that several threads take in turn.
final class JobQueue: @unchecked Sendable {
  private let lock = NSLock()
  private let count: Int
  private let job: (Int) throws -> Void
  private var next = 0
  private var faults: [(index: Int, error: any Error)] = []

  init(count: Int, job: @escaping (Int) throws -> Void) {
    self.count = count
    self.job = job
  }

  /// Does all pieces; after a fault no new one is begun.
  ///
  /// - Throws: the fault of the first piece that had one.
  func run(workers: Int) throws {
    let others = DispatchGroup()
    for _ in 1..<max(1, min(workers, count)) {
      DispatchQueue.global().async(group: others) { self.work() }
    }
    work()
    others.wait()
    if let fault = faults.min(by: { $0.index < $1.index }) { throw fault.error }
  }

  private func work() {
    while let index = take() {
      do {
        try job(index)
      } catch {
        lock.withLock { faults.append((index, error)) }
      }
    }
  }
  private func take() -> Int? {
    lock.withLock {
      guard next < count, faults.isEmpty else { return nil }
      next += 1
      return next - 1
    }
  }
}

internal import Foundation

/// The process groups that are running now, so that an interrupt can end them.
package final class ChildProcesses: @unchecked Sendable {
  package static let shared = ChildProcesses()
  private let lock = NSLock()
  private var groups: Set<Int32> = []

  /// Remembers the process group of a child that runs.
  package func insert(_ group: Int32) { lock.withLock { _ = groups.insert(group) } }
  /// Forgets the process group of a child that has ended.
  package func remove(_ group: Int32) { lock.withLock { _ = groups.remove(group) } }
  /// Kills every child and its descendants.
  package func killAll() {
    lock.withLock { for group in groups { kill(-group, SIGKILL) } }
  }
}

/// Ctrl-C, SIGTERM and a closed terminal as a value that long work asks for.
///
/// Work inside `cooperatively` is told and finishes by itself, keeping what it has; all other work
/// ends at once with exit code 130, its child processes first. A second signal always ends at once.
package final class Interrupt: @unchecked Sendable {
  package static let shared = Interrupt()
  /// The exit code of an interrupted program: 128 + SIGINT.
  package static let exitCode: Int32 = 130

  private let lock = NSLock()
  private var requested = false
  private var cooperating = 0
  private var cleanups: [Int: @Sendable () -> Void] = [:]
  private var nextCleanup = 0
  private var sources: [any DispatchSourceSignal] = []

  /// True after the first signal.
  package var isRequested: Bool { lock.withLock { requested } }

  /// Takes over SIGINT, SIGTERM and SIGHUP (a closed terminal); called once, at the start of the program.
  package func install() {
    for number in [SIGINT, SIGTERM, SIGHUP] {
      var before = sigaction()
      sigaction(number, nil, &before)
      // Under `nohup` a closed terminal is to be ignored.
      if number == SIGHUP, isIgnored(before) { continue }
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [self] in received() }
      source.resume()
      lock.withLock { sources.append(source) }
    }
  }

  private func received() {
    let endNow: Bool = lock.withLock {
      let again = requested
      requested = true
      return again || cooperating == 0
    }
    ChildProcesses.shared.killAll()
    guard endNow else { return }
    let pending = lock.withLock { cleanups.sorted { $0.key < $1.key }.map(\.value) }
    for cleanup in pending { cleanup() }
    exit(Interrupt.exitCode)
  }

  /// Runs work that polls `isRequested` and stops by itself.
  package func cooperatively<T>(_ work: () throws -> T) rethrows -> T {
    lock.withLock { cooperating += 1 }
    defer { lock.withLock { cooperating -= 1 } }
    return try work()
  }

  /// Runs work with a clean-up that is also carried out when a signal ends the program inside it.
  package func cleaningUp<T>(_ cleanup: @escaping @Sendable () -> Void, _ work: () throws -> T)
    rethrows -> T
  {
    let key = register(cleanup)
    defer { forget(key) }
    return try work()
  }

  /// Adds a clean-up for a signal that ends the program, until `forget` is called with the result.
  package func register(_ cleanup: @escaping @Sendable () -> Void) -> Int {
    lock.withLock {
      nextCleanup += 1
      cleanups[nextCleanup] = cleanup
      return nextCleanup
    }
  }
  /// Takes a clean-up back whose work is done.
  package func forget(_ key: Int) { lock.withLock { _ = cleanups.removeValue(forKey: key) } }

  private func isIgnored(_ action: sigaction) -> Bool {
    unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}

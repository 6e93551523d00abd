internal import Dispatch
internal import Foundation
internal import RNNDriver
internal import RNNSupport

/// Independent pieces of work side by side, one thread each, with common progress.
///
/// A training that keeps to one thread gives the same bits on any number of processors, so a report does not
/// depend on them. Ctrl-C reaches all pieces, which stop by themselves.
enum ParallelRuns {
  /// Says how far one piece is, from 0 to 1, in a few words.
  typealias Report = @Sendable (_ share: Double, _ text: String) -> Void

  /// Runs `work` on every item and gives the results in their order.
  ///
  /// - Throws: the error of the first item, in their order, that has one; the others are finished or stopped.
  static func map<Item: Sendable, Result: Sendable>(
    _ items: [Item], title: String, _ progress: any ProgressSink,
    _ work: @Sendable (Item, @escaping Report) throws -> Result
  ) throws -> [Result] {
    let board = Board<Result>(count: items.count, title: title, progress)
    Interrupt.shared.cooperatively {
      DispatchQueue.concurrentPerform(iterations: items.count) { i in
        guard !board.hasFailed else { return }
        do {
          board.finish(i, .success(try work(items[i]) { board.report(i, $0, $1) }))
        } catch {
          board.finish(i, .failure(error))
        }
      }
    }
    return try board.results()
  }
}

/// Results and progress of pieces of work that run side by side.
private final class Board<Result: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private let title: String
  private let progress: any ProgressSink
  private var shares: [Double]
  private var outcomes: [Swift.Result<Result, any Error>?]

  init(count: Int, title: String, _ progress: any ProgressSink) {
    self.title = title
    self.progress = progress
    shares = Array(repeating: 0, count: count)
    outcomes = Array(repeating: nil, count: count)
  }

  var hasFailed: Bool {
    lock.withLock {
      outcomes.contains { if case .failure? = $0 { true } else { false } }
    }
  }

  func report(_ i: Int, _ share: Double, _ text: String) {
    lock.withLock {
      shares[i] = share
      show(text, milestone: false)
    }
  }

  func finish(_ i: Int, _ outcome: Swift.Result<Result, any Error>) {
    lock.withLock {
      outcomes[i] = outcome
      shares[i] = 1
      show("", milestone: true)
    }
  }

  private func show(_ text: String, milestone: Bool) {
    let done = outcomes.count { $0 != nil }
    progress.update(
      shares.reduce(0, +) / Double(max(1, shares.count)),
      "\(title): \(done) of \(outcomes.count) runs" + (text.isEmpty ? "" : "  \(text)"),
      milestone: milestone)
  }

  func results() throws -> [Result] {
    let outcomes = lock.withLock { self.outcomes }
    for case .failure(let error)? in outcomes { throw error }
    return try outcomes.compactMap { try $0?.get() }
  }
}

/// Progress of a stage inside one of several pieces of work.
struct ForwardedProgress: ProgressSink {
  let report: ParallelRuns.Report
  func begin(_ title: String) {}
  func update(_ fraction: Double, _ text: String, milestone: Bool) { report(fraction, text) }
  func end(_ result: String) {}
  func note(_ text: String) {}
}

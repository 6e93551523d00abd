import Foundation
import RNNDriver
import RNNSupport

/// Progress on standard error: a bar on a terminal that can redraw a line, else one line for each milestone.
///
/// `TERM=dumb` and `NO_COLOR` say that a terminal, or its user, wants no escape sequences.
final class Console: ProgressSink, @unchecked Sendable {
  private let isTerminal: Bool
  private let lock = NSLock()
  private var title = ""
  private var started = DispatchTime.now()
  private var lastDrawn = DispatchTime(uptimeNanoseconds: 0)
  private var barIsOpen = false

  init(isTerminal: Bool = Console.takesEscapes()) { self.isTerminal = isTerminal }

  private static func takesEscapes() -> Bool {
    let environment = ProcessInfo.processInfo.environment
    return isatty(STDERR_FILENO) == 1 && !["", "dumb"].contains(environment["TERM"] ?? "")
      && (environment["NO_COLOR"] ?? "").isEmpty
  }

  /// Names the work of a single command without a line of its own.
  func name(_ title: String) {
    lock.withLock {
      self.title = title
      started = .now()
    }
  }

  func begin(_ title: String) {
    lock.withLock {
      self.title = title
      started = .now()
      if isTerminal { draw(0, "") } else { write("\(title)\n") }
    }
  }

  func update(_ fraction: Double, _ text: String, milestone: Bool) {
    lock.withLock {
      if isTerminal {
        let now = DispatchTime.now()
        let elapsed = now.uptimeNanoseconds - lastDrawn.uptimeNanoseconds
        guard milestone || elapsed > 100_000_000 else { return }
        lastDrawn = now
        draw(fraction, text)
      } else if milestone {
        write("  \(text)\n")
      }
    }
  }

  func end(_ result: String) {
    lock.withLock {
      if isTerminal { write("\r\u{1B}[K\(title): \(result)\n") } else { write("  \(result)\n") }
      barIsOpen = false
    }
  }

  func note(_ text: String) {
    lock.withLock { write(barIsOpen ? "\r\u{1B}[K\(text)\n" : "\(text)\n") }
  }

  /// Leaves the bar's line, so that what follows starts on a new one.
  func close() {
    lock.withLock {
      if barIsOpen { write("\n") }
      barIsOpen = false
    }
  }

  private func draw(_ fraction: Double, _ text: String) {
    let width = 24
    let done = min(max(fraction, 0), 1)
    let filled = Int(saturating: done * Double(width))
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
    var line = "\(title) [\(bar)] \(Int(saturating: done * 100)) %  \(text)"
    let elapsed = Double(DispatchTime.now().uptimeNanoseconds - started.uptimeNanoseconds) * 1e-9
    if done > 0.02, done < 1, elapsed > 2 {
      line += "  \(Int(saturating: (elapsed / done * (1 - done)).rounded(.up))) s left"
    }
    var size = winsize()
    if ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 {
      line = String(line.prefix(Int(size.ws_col) - 1))
    }
    write("\r\u{1B}[K" + line)
    barIsOpen = true
  }

  private func write(_ text: String) { StandardStreams.note(text) }
}

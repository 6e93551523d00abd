internal import CRNNSystem
internal import Foundation

/// A running program with everything that it starts.
struct Child {
  /// How a program ended: its exit code, or the signal that ended it.
  struct Exit {
    var code: Int32
    var isSignal: Bool
  }

  private let child: rnn_child
  /// Its process group, which exists until `end`.
  var group: Int32 { child.guard }

  /// - Throws: `Disk.Fault`, whose description is the system's reason.
  init(
    _ path: String, _ arguments: [String], environment: [String: String], directory: URL?,
    out: Int32, err: Int32
  ) throws {
    let pairs = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = pairs.map { strdup($0) } + [nil]
    defer { for text in words + variables { free(text) } }
    var child = rnn_child()
    func start(_ directory: UnsafePointer<CChar>?) -> Int32 {
      path.withCString { path in
        words.withUnsafeMutableBufferPointer { words in
          variables.withUnsafeMutableBufferPointer { variables in
            guard let words = words.baseAddress, let variables = variables.baseAddress else {
              return EINVAL
            }
            var command = rnn_command(
              path: path, arguments: words, environment: variables, directory: directory)
            return rnn_spawn(&command, out, err, &child)
          }
        }
      }
    }
    let fault = directory.map { $0.path.withCString { start($0) } } ?? start(nil)
    guard fault == 0 else { throw Disk.Fault(code: fault) }
    self.child = child
  }

  /// Waits for the program, which is killed with its whole group when the time is over.
  func wait(seconds: Double) -> (exit: Exit, timedOut: Bool) {
    let status = Status()
    let exited = DispatchSemaphore(value: 0)
    let program = child.program
    DispatchQueue.global().async {
      var value: Int32 = 0
      while waitpid(program, &value, 0) < 0, errno == EINTR {}
      status.set(value)
      exited.signal()
    }
    let timedOut = exited.wait(timeout: .now() + seconds) == .timedOut
    if timedOut {
      kill(-group, SIGKILL)
      exited.wait()
    }
    let value = status.value
    // As WIFEXITED, WEXITSTATUS and WTERMSIG take it apart.
    let signal = value & 0x7F
    return (Exit(code: signal == 0 ? value >> 8 & 0xFF : signal, isSignal: signal != 0), timedOut)
  }

  /// Ends what is left of the group.
  func end() {
    var child = child
    rnn_end(&child)
  }
}

/// What `waitpid` gave, handed from thread to thread.
private final class Status: @unchecked Sendable {
  private let lock = NSLock()
  private var stored: Int32 = 0
  func set(_ value: Int32) { lock.withLock { stored = value } }
  var value: Int32 { lock.withLock { stored } }
}

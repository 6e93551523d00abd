private import Foundation

/// Standard output and standard error; no other code of the product writes to them.
///
/// Results go to standard output and must arrive whole, or the program has failed. Words for a person go to standard error,
/// and a full disk or a closed terminal behind it is no reason to lose hours of work.
package enum StandardStreams {
  /// Makes a reader that has gone away an error of `write` instead of a signal that ends the program.
  ///
  /// A handler and not `SIG_IGN`: programs that are started later get the ordinary behaviour back.
  package static func survivePipes() { signal(SIGPIPE) { _ in } }

  /// Writes a result, whole.
  ///
  /// - Throws: `ToolError` with code `.file` and the reason if a part of it did not arrive.
  package static func print(_ text: String) throws {
    if let reason = write(text, to: STDOUT_FILENO) {
      throw ToolError(
        .file, "cannot write to standard output: \(reason)",
        hint: "the result is lost; give it a place with room, such as a file on another disk")
    }
  }

  /// Writes words for a person; what cannot be written is lost without a word, for there is no place for one.
  package static func note(_ text: String) { _ = write(text, to: STDERR_FILENO) }

  /// Why a part of the text was not written; nil if all of it was.
  private static func write(_ text: String, to file: Int32) -> String? {
    var text = text
    return text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while let base = rest.baseAddress, !rest.isEmpty {
        let count = Foundation.write(file, base, rest.count)
        if count > 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        } else if count < 0, errno == EAGAIN {
          // Somebody made the stream non-blocking, as some terminals and pipes are.
          var waiting = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
          _ = poll(&waiting, 1, 1000)
        } else if count == 0 || errno != EINTR {
          return count == 0 ? "nothing is accepted" : String(cString: strerror(errno)).lowercased()
        }
      }
      return nil
    }
  }
}

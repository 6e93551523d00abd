import Foundation
import RNNSupport
import Testing

/// Archives written by hand after PKWARE's description, so that every field is known.
@Suite struct ZipArchiveTests {
  private func bytes(_ number: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }
  /// "hello hello hello hello" by Python's zlib, without head.
  private let packed: [UInt8] = [0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x57, 0xC8, 0x40, 0x27, 0x01]
  private let text = "hello hello hello hello"
  private let checksum = 0x8D3D_51E3

  private func archive(
    method: Int = 8, size: Int? = nil, checksum: Int? = nil, flags: Int = 0, data: [UInt8]? = nil
  ) -> Data {
    let data = data ?? packed
    let name = Array("a/b.txt".utf8)
    let common =
      bytes(flags, 2) + bytes(method, 2) + bytes(0, 4) + bytes(checksum ?? self.checksum, 4)
      + bytes(data.count, 4) + bytes(size ?? text.utf8.count, 4) + bytes(name.count, 2)
      + bytes(0, 2)
    let local = bytes(0x0403_4b50, 4) + bytes(20, 2) + common + name + data
    let entry =
      bytes(0x0201_4b50, 4) + bytes(20, 2) + bytes(20, 2) + common + bytes(0, 2) + bytes(0, 2)
      + bytes(0, 2) + bytes(0, 4) + bytes(0, 4) + name
    let end =
      bytes(0x0605_4b50, 4) + bytes(0, 4) + bytes(1, 2) + bytes(1, 2) + bytes(entry.count, 4)
      + bytes(local.count, 4) + bytes(0, 2)
    return Data(local + entry + end)
  }

  @Test func packedAndStoredFilesAreRead() throws {
    let zip = try ZipArchive(archive())
    #expect(zip.names == ["a/b.txt"])
    #expect(try zip.contents("a/b.txt") == Data(text.utf8))
    #expect(try zip.contents("b.txt") == nil)
    let stored = try ZipArchive(archive(method: 0, data: Array(text.utf8)))
    #expect(try stored.contents("a/b.txt") == Data(text.utf8))
  }

  @Test func damagedArchivesAreRefused() throws {
    let wrong = [
      archive(size: 22), archive(size: 24), archive(size: 0x7FFF_FFFF), archive(checksum: 7),
      archive(method: 12), archive(data: [0xFF, 0xFF]), archive(data: packed + [0]),
      archive(method: 0),
    ]
    for data in wrong {
      let zip = try ZipArchive(data)
      #expect(throws: ZipArchive.Fault.self) { try zip.contents("a/b.txt") }
    }
    #expect(throws: ZipArchive.Fault.self) { try ZipArchive(archive(flags: 1)) }
    let whole = archive()
    for length in 0..<whole.count {
      #expect(throws: ZipArchive.Fault.self) { try ZipArchive(whole.prefix(length)) }
    }
  }

  /// A file that was made to fill the memory: the promise alone is enough to refuse it.
  @Test func filesThatUnpackToMoreThanAnyModelAreRefused() throws {
    let zip = try ZipArchive(archive(size: 1 << 30, data: [UInt8](repeating: 0, count: 1 << 20)))
    do {
      _ = try zip.contents("a/b.txt")
      Issue.record("it was unpacked")
    } catch let fault {
      #expect(fault.message.contains("would unpack from 1048576 bytes to 1073741824"))
    }
  }
}

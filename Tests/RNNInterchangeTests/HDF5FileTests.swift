import Foundation
import RNNInterchange
import RNNSupport
import Testing
import _RNNTestSupport

/// Files of the HDF5 library that h5py wrote: what is read, and what a file must not make a reader do.
@Suite struct HDF5FileTests {
  private func data(_ name: String) throws -> Data {
    try Data(
      contentsOf: packageRoot.appendingPathComponent(
        "Tests/RNNImportTests/Fixtures/hdf5/\(name).h5"))
  }
  private func read(_ name: String) throws -> HDF5File {
    try HDF5File(parsing: data(name), path: "x.h5")
  }

  @Test func numbersOfEveryKindAndTextsAreRead() throws {
    let file = try read("good")
    #expect(file.datasets["/a/k"] == .init(shape: [1, 3], values: [1.5, -2, 3]))
    for kind in ["f2", "f8", "i4", ">f4", "i8"] {
      #expect(file.datasets["/a/\(kind)"] == .init(shape: [3], values: [1, -2, 3]), "\(kind)")
    }
    #expect(file.texts("", "layer_names") == ["a"])
    #expect(file.texts("/a", "weight_names") == ["k"])
    #expect(file.texts("/a", "other") == nil)
    #expect(file.hasGroup("/a") && !file.hasGroup("/b"))
    #expect(file.skipped.isEmpty)
  }

  /// Data elsewhere, data that are not there and links are named and not followed.
  @Test(arguments: [
    ("links", "link"), ("elsewhere", "another file"), ("virtual", "another file"),
    ("compressed", "h5repack"), ("huge", "greater than the file"),
    ("unwritten", "greater than the file"), ("texts", "no numbers"),
  ])
  func whatIsNotInTheFileIsNotRead(_ name: String, _ word: String) throws {
    let file = try read(name)
    #expect(file.datasets["/a/k"] == nil)
    #expect(try #require(file.skipped["/a/k"]).contains(word))
  }

  /// Groups that hold themselves and links that share their targets would be read without end.
  @Test(arguments: [("cycle", "24"), ("deep", "24"), ("shared", "share")])
  func filesThatUnfoldWithoutEndAreRefused(_ name: String, _ word: String) throws {
    let error = try #require(throws: DiagnosticsEmitted.self) { try read(name) }
    #expect(error.description.contains(word), "\(error)")
  }

  /// A file of the fuzzer, on which the library runs without end: its process is stopped.
  @Test func aFileThatKeepsTheLibraryBusyIsRefused() throws {
    let error = try #require(throws: DiagnosticsEmitted.self) { try read("endless") }
    #expect(error.description.contains("failed on it"), "\(error)")
  }

  @Test func everyTruncationIsRefused() throws {
    let whole = try data("texts")
    for length in stride(from: 0, to: whole.count, by: 101) {
      #expect(throws: DiagnosticsEmitted.self) {
        try HDF5File(parsing: whole.prefix(length), path: "x.h5")
      }
    }
    #expect(throws: ToolError.self) {
      try HDF5File.read(packageRoot.appendingPathComponent("no-such-file.h5"))
    }
  }
}

import Foundation
import RNNSupport
import Testing
import _RNNTestSupport

/// A build folder may come from anywhere and be called anything: nothing in it or of its name is run.
@Suite(.enabled(if: Program.hasSimulator, "Verilator is missing")) struct ForeignBuildTests {
  private static let cosim = [
    "cosim", "rtl", "--input", "data/test-inputs.npy", "--limit", "1", "--flow", "free",
  ]

  private func withBuild(_ name: String = "w", _ body: (URL, [String: String]) throws -> Void)
    throws
  {
    let shared = try TinyArrays.shared.get()
    try withTemporaryFolder { root in
      let folder = root.appendingPathComponent(name)
      try FileManager.default.copyItem(at: shared, to: folder)
      try body(folder, ["XDG_STATE_HOME": root.appendingPathComponent("state").path])
    }
  }
  private func expectSuccess(
    _ command: [String], _ folder: URL, _ environment: [String: String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let result = try Program.run(command, in: folder, environment: environment)
    #expect(
      result.status == 0, "\(command): \(result.standardError)", sourceLocation: sourceLocation)
  }
  private func libraries(_ folder: URL, _ ending: String = ".so") -> [URL] {
    everything(below: folder.appendingPathComponent("rtl/sim")).filter { $0.hasSuffix(ending) }
      .map { folder.appendingPathComponent("rtl/sim/\($0)") }
  }

  @Test func namesOfFoldersAreNothingButNames() throws {
    let hostile =
      "x$(shell touch owned)$(touch owned)`touch owned`;touch owned;'\"\\ $ORIGIN %s{1}#&|<>*?~"
      + "\n=@-Wl,x"
    try withBuild(hostile) { folder, environment in
      try expectSuccess(Self.cosim, folder, environment)
      // A path from outside has the name in it as well.
      var outside = Self.cosim
      outside[1] = folder.appendingPathComponent("rtl").path
      outside[3] = folder.appendingPathComponent(outside[3]).path
      for library in libraries(folder) { try FileManager.default.removeItem(at: library) }
      try expectSuccess(outside, folder.deletingLastPathComponent(), environment)
      if ToolRunner().path(of: "yosys") != nil {
        try expectSuccess(
          ["synth", "rtl", "--device", "XC7A100T", "--no-place"], folder, environment)
      }
      let all = everything(below: folder.deletingLastPathComponent())
      #expect(!all.contains { $0.hasSuffix("owned") })
    }
  }

  @Test func codeThatThisUserDidNotCompileIsNotRun() throws {
    try withBuild { folder, environment in
      try expectSuccess(Self.cosim, folder, environment)
      let library = try #require(libraries(folder).first)
      let good = try Data(contentsOf: library)
      // A library that says when it is loaded.
      let owned = folder.appendingPathComponent("owned")
      let source = folder.appendingPathComponent("evil.c")
      try AtomicFile.write(
        """
        #include <stdio.h>
        __attribute__((constructor)) static void f(void) { fclose(fopen("\(owned.path)", "w")); }
        """, to: source)
      let evil = folder.appendingPathComponent("evil.so")
      try ToolRunner().run("gcc", ["-shared", "-fPIC", "-o", evil.path, source.path])
      for bytes in [try Data(contentsOf: evil), good.prefix(good.count / 2), Data()] {
        try Data(bytes).write(to: library)
        // The objects that every library is linked with, once: they take long to compile.
        if bytes.isEmpty { for object in libraries(folder, ".o") { try Data().write(to: object) } }
        try expectSuccess(Self.cosim, folder, environment)
        #expect(try Data(contentsOf: library) != bytes)
        for object in libraries(folder, ".o") { #expect(try !Data(contentsOf: object).isEmpty) }
        #expect(!FileManager.default.fileExists(atPath: owned.path))
      }
      // Whole and unchanged, but not of this user: the marks of others do not count.
      try AtomicFile.write(try Data(contentsOf: evil), to: library)
      let other = ["XDG_STATE_HOME": folder.appendingPathComponent("other").path]
      try expectSuccess(Self.cosim, folder, other)
      #expect(!FileManager.default.fileExists(atPath: owned.path))
    }
  }

  @Test func otherVerilogInTheFolderIsNoPartOfTheDesign() throws {
    try withBuild { folder, environment in
      let owned = folder.appendingPathComponent("owned")
      try AtomicFile.write(
        """
        module evil; initial $system("touch \(owned.path)"); endmodule
        bind tiny_sim evil u_evil ();

        """,
        to: folder.appendingPathComponent("rtl/rtl/evil.sv"))
      try expectSuccess(Self.cosim, folder, environment)
      #expect(!FileManager.default.fileExists(atPath: owned.path))
    }
  }

  @Test func linksOutOfABuildAreRefused() throws {
    try withBuild { folder, environment in
      try AtomicFile.write("mine", to: folder.appendingPathComponent("home/input.txt"))
      for part in ["bench", "synth"] {
        let link = folder.appendingPathComponent("rtl/\(part)")
        try FileManager.default.createSymbolicLink(
          atPath: link.path, withDestinationPath: folder.appendingPathComponent("home").path)
        let result = try Program.run(Self.cosim, in: folder, environment: environment)
        #expect(result.status == 2)
        #expect(result.standardError.contains(part), "\(result.standardError)")
        try FileManager.default.removeItem(at: link)
      }
      #expect(everything(below: folder.appendingPathComponent("home")) == ["input.txt"])
    }
  }
}

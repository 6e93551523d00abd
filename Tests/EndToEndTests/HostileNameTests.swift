import Foundation
import RNNInterchange
import RNNSupport
import Testing
import _RNNTestSupport

/// 200 names that are commands, paths, keywords, ports or no text at all: each is refused by name, or works.
///
/// Whatever is executed leaves a file named `pwned`.
@Suite struct HostileNameTests {
  static let names: [String] = {
    let words = """
      module endmodule int input output wire reg logic always begin end case class private main template
      operator new delete this namespace typename True None lambda def yield import func guard let var self
      actor defer interface package program table task function initial final posedge negedge parameter
      aclk aresetn s_axis_tdata s_axis_tvalid m_axis_tdata m_axis_tready rst_q clk_i u_core u_top gen_lane
      frame_error_o rnnc_lane rnnc_control rnnc x__y __x _x x_ x Module MODULE Int rnn_sim rnn_core top
      V1 a1 A Z9 é1 0 1x -1 x-y x.y x,y x;y x:y x=y x+y x~y x^y x%y x!y x@y x#y x?y x*y x[0] x{y} (x) <x> |x &x \\x
      . .. ... ./x ../x /etc/passwd x/y x/../../y ~ ~root $HOME ${HOME} $$ %s%n --help -o --name -rf
      `touch_pwned` ttt é ü 名前 имя 🙂 x\u{0301} \u{202E}x \u{200B} \u{FEFF}x nul CON aux lib*.so *.sv
      """.split(whereSeparator: \.isWhitespace).map(String.init)
    let commands = [
      "", " ", "  x", "x ", "a b", "a\tb", "a\nb", "a\rb", "\n", "\u{7F}", "\u{1B}[2J", "\u{07}",
      "$(touch pwned)", "`touch pwned`", "x;touch pwned", "x && touch pwned", "x|touch pwned",
      "x$(shell touch pwned)", "$(shell touch pwned)", "\"; touch pwned; \"", "'; touch pwned; '",
      "x' -- touch pwned", "\n\ttouch pwned\n", "x\n.PHONY: all\nall:\n\ttouch pwned", "x #", "# x",
      "x\\", "\\x", "x\\\ny", "%0a", "%2e%2e%2f", "`include \"/etc/passwd\"", "\\escaped ",
      "$display(1)", "x; initial $system(\"touch pwned\"); //", "*/ x /*", "// x", "/* x", "-- x",
      "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;", "]]>", "\u{0}x",
    ]
    let long = [63, 64, 65, 128, 200, 255].map { String(repeating: "n", count: $0) }
    let list = words + commands + long
    let more = (0..<max(0, 210 - list.count)).map { "k\($0)$(touch pwned)" }
    return Array((list + more).filter { !$0.utf8.contains(0) }.prefix(260))
  }()

  /// What the program must not have done.
  private func expectHarmless(_ folder: URL, _ name: String, before: [String]) {
    let after = everything(below: folder)
    #expect(!after.contains { $0.hasSuffix("pwned") }, "\(name.debugDescription) was executed")
    let strange = after.filter { !before.contains($0) && !$0.hasPrefix("out") }
    #expect(strange.isEmpty, "\(name.debugDescription) left \(strange)")
  }

  /// Whether Verilator takes the files of a build; nil where it is not installed.
  private func lint(_ build: URL, top: String) throws -> String? {
    guard ToolRunner().path(of: "verilator") != nil else { return nil }
    let files = everything(below: build.appendingPathComponent("rtl")).filter {
      $0.hasSuffix(".sv")
    }
    let output = try ToolRunner().run(
      "verilator", ["--lint-only", "-Wall", "--top-module", top] + files.map { "../rtl/\($0)" },
      directory: build.appendingPathComponent("mem"), acceptFailure: true)
    return output.status == 0 ? nil : output.standardError
  }

  @Test(.timeLimit(.minutes(10))) func modules() throws {
    #expect(Self.names.count >= 200)
    let shared = try TinyDigits.shared.get()
    let model = shared.appendingPathComponent("gru/quantized").path
    try withTemporaryFolder { folder in
      var works: [String] = []
      for name in Self.names {
        let run = try Measured.run(["compile", model, "-o", "out", "--name=\(name)"], in: folder)
        expectHarmless(folder, name, before: [])
        let out = folder.appendingPathComponent("out")
        if run.status == 0 {
          works.append(name)
          let fault = try lint(out, top: name)
          #expect(fault == nil, "\(name): \(fault ?? "")")
        } else {
          #expect([2, 64].contains(run.status), "\(name.debugDescription): \(run.status)")
          #expect(run.standardError.contains("name"), "\(name.debugDescription)")
        }
        try? FileManager.default.removeItem(at: out)
      }
      for name in ["x", "a1", "rnn_core", "ttt"] { #expect(works.contains(name), "\(name)") }
      for name in ["module", "int", "x__y", "aclk", "s_axis_tdata", "MODULE", "-o", ""] {
        #expect(!works.contains(name), "\(name)")
      }
    }
  }

  @Test(.timeLimit(.minutes(10))) func layers() throws {
    let shared = try TinyDigits.shared.get()
    let source = shared.appendingPathComponent("gru/quantized")
    let json = try JSONValue(
      parsing: Data(contentsOf: source.appendingPathComponent("model.json")))
    let old = try #require(json["layers"]?.array?.first?["name"]?.string)
    let weights = try SafeTensors.read(source.appendingPathComponent("model.safetensors"))
    try withTemporaryFolder { folder in
      let model = folder.appendingPathComponent("model")
      try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
      var works = 0
      for name in Self.names {
        var tensors = SafeTensors()
        for tensor in weights.names {
          guard let values = weights[tensor] else { continue }
          let own = tensor.hasPrefix("\(old).")
          tensors.add(own ? name + tensor.dropFirst(old.count) : tensor, values)
        }
        var changed = json
        changed.set(["layers", "0", "name"], .string(name))
        changed.set(["weights", "sha256"], .string(sha256(tensors.data)))
        try tensors.data.write(to: model.appendingPathComponent("model.safetensors"))
        try Data(changed.text.utf8).write(to: model.appendingPathComponent("model.json"))
        let before = everything(below: folder)
        let run = try Measured.run(["compile", "model", "-o", "out"], in: folder)
        expectHarmless(folder, name, before: before)
        if run.status == 0 {
          works += 1
          let fault = try lint(folder.appendingPathComponent("out"), top: "rnn")
          #expect(fault == nil, "\(name): \(fault ?? "")")
        } else {
          #expect(run.status == 2, "\(name.debugDescription): \(run.status)")
          #expect(run.standardError.contains("/layers/0/name"), "\(name.debugDescription)")
        }
        try? FileManager.default.removeItem(at: folder.appendingPathComponent("out"))
      }
      #expect(works > 20, "\(works) names work")
    }
  }

  /// Folders may have every name that a file system takes.
  @Test(.timeLimit(.minutes(10))) func folders() throws {
    let shared = try TinyDigits.shared.get()
    try withTemporaryFolder { folder in
      let home = folder.appendingPathComponent("home")
      let first = home.appendingPathComponent("gru")
      try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
      try FileManager.default.copyItem(at: shared.appendingPathComponent("gru"), to: first)
      let data = shared.appendingPathComponent("recordings").path
      if Program.hasSimulator {
        let cosim = try Program.run(
          ["cosim", "gru/rtl", "--data", data, "--limit", "1", "--flow", "free"], in: home)
        #expect(cosim.status == 0, "\(cosim.standardError)")
      }
      var place = first
      let names = Self.names.filter { !$0.isEmpty && !$0.contains("/") && $0 != "." && $0 != ".." }
      for (k, name) in names.enumerated() where name.utf8.count <= 200 {
        let next = home.appendingPathComponent(name)
        if next.path != place.path { try FileManager.default.moveItem(at: place, to: next) }
        place = next
        let path = "./\(name)"
        var commands = [["report", path, "-o", "./\(name)/page.html"], ["energy", "\(path)/rtl"]]
        if k.isMultiple(of: 20), Program.hasSimulator {
          commands.append([
            "cosim", "\(path)/rtl", "--data", data, "--limit", "1", "--flow", "free",
          ])
        }
        for command in commands {
          let run = try Measured.run(command, in: home)
          #expect(run.status == 0, "\(command): \(run.standardError)")
        }
        let page = try String(
          contentsOf: place.appendingPathComponent("page.html"), encoding: .utf8)
        #expect(!page.contains("<script") && !page.contains("<img "), "\(name)")
        #expect(
          try FileManager.default.contentsOfDirectory(atPath: home.path).count == 1,
          "\(name.debugDescription) left something")
      }
      #expect(!everything(below: folder).contains { $0.hasSuffix("pwned") })
    }
  }
}

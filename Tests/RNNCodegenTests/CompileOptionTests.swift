import RNNCodegen
import RNNSupport
import Testing

/// Options are written once: what a command line says, a manifest says, and an argument list says is the same.
@Suite struct CompileOptionTests {
  /// A legal text that asks for something else than what happens anyway.
  private static func unusual(_ option: CompileOption) throws -> String {
    try #require(
      ["4", "12.5", "deep", "axi-lite", "word_1"].first { option.parse($0) != nil },
      "\(option.key) reads none")
  }

  @Test(arguments: Engine.allCases) func everyOptionMakesItsRound(_ engine: Engine) throws {
    let given = try (CompileOptions.shared + engine.options).map { option in
      let text = option.key == "engine" ? engine.rawValue : try Self.unusual(option)
      return (option, try #require(option.parse(text)))
    }
    let options = try CompileOptions(given: given.map { ($0.0, $0.1) })
    #expect(options.engine == engine)
    for (option, value) in given { #expect(options.json[option.key] == value) }
    #expect(try CompileOptions(json: options.json, path: "m") == options)
    // The arguments are flags and values that read as the same options.
    var read: [(CompileOption, JSONValue?)] = []
    var arguments = options.arguments
    while arguments.count >= 2 {
      let option = try #require(given.first { "--\($0.0.flag)" == arguments[0] }).0
      read.append((option, option.parse(arguments[1])))
      arguments.removeFirst(2)
    }
    #expect(arguments.isEmpty)
    #expect(try CompileOptions(given: read) == options)
    // All but the engine of the program's own choice is asked for.
    #expect(read.count == given.count - (engine == CompileOptions().engine ? 1 : 0))
  }

  @Test(arguments: Engine.allCases) func nothingAskedIsNothingWritten(_ engine: Engine) throws {
    let options = CompileOptions(engine: engine.standard)
    #expect(
      options.arguments == (engine == CompileOptions().engine ? [] : ["--engine", engine.rawValue]))
    #expect(try CompileOptions(json: options.json, path: "m") == options)
  }

  @Test func keysAndFlagsAreUnique() {
    for engine in Engine.allCases {
      let all = CompileOptions.shared + engine.options
      #expect(Set(all.map(\.key)).count == all.count)
      #expect(Set(all.map(\.flag)).count == all.count)
    }
  }

  @Test(arguments: Engine.allCases) func aManifestSaysAllAndNothingElse(_ engine: Engine) throws {
    guard case .object(let members) = CompileOptions(engine: engine.standard).json else {
      Issue.record("no object")
      return
    }
    func paths(_ members: [JSONValue.Member]) -> [String] {
      do {
        _ = try CompileOptions(json: .object(members), path: "m")
        return []
      } catch let error as DiagnosticsEmitted {
        return error.diagnostics.map(\.path)
      } catch {
        return ["\(error)"]
      }
    }
    for k in members.indices where members[k].key != "engine" {
      var changed = members
      changed.remove(at: k)
      #expect(paths(changed) == ["m/\(members[k].key)"])
      changed = members
      changed[k].value = .array([])
      #expect(paths(changed) == ["m/\(members[k].key)"])
    }
    #expect(paths(members + [.init("other", 1)]) == ["m/other"])
    // An option of another engine is none here.
    for option in Engine.allCases.filter({ $0 != engine }).flatMap(\.options) {
      #expect(paths(members + [.init(option.key, .null)]) == ["m/\(option.key)"])
    }
  }
}

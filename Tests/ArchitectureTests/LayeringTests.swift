import Foundation
import Testing
import _RNNTestSupport

/// The modules that a source file imports.
private func imports(of file: URL) throws -> [String] {
  let text = try String(contentsOf: file, encoding: .utf8)
  let pattern =
    /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)/
  return text.split(separator: "\n").compactMap { $0.firstMatch(of: pattern).map { String($0.1) } }
}

/// Any target of the manifest that is not a library of the system: its folder, and the modules that it declares.
private struct DeclaredTarget {
  var name: String
  /// The layer of the last `// MARK: Layer n` above it; nil under another mark.
  var layer: Int?
  var folder: URL
  var modules: Set<String>
}

/// Reads every declaration of a target in `Package.swift`, tests and benchmarks included.
private func declaredTargets() throws -> [DeclaredTarget] {
  let text = try String(
    contentsOf: packageRoot.appendingPathComponent("Package.swift"), encoding: .utf8)
  let openings = text.matches(
    of: /\n    \.(layer|target|executableTarget|tests|testTarget)\(\s*(?:name: )?"([\w-]+)"/)
  let marks = text.matches(of: /\/\/ MARK: (?:Layer (\d+))?/)
  return openings.map { opening in
    let mark = marks.last { $0.range.lowerBound < opening.range.lowerBound }
    // A declaration ends where its parenthesis does.
    var depth = 1
    let body = text[opening.range.upperBound...].prefix { character in
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      return depth > 0
    }
    let name = String(opening.2)
    let path = body.firstMatch(of: /path: "([^"]+)"/).map { String($0.1) }
    let kind = opening.1.lowercased().contains("test") ? "Tests" : "Sources"
    // The first list is that of the dependencies, where there is one.
    let isListed = body.firstMatch(of: /^,\s*(dependencies: )?\[/) != nil
    let list = isListed ? body.prefix { $0 != "]" } : ""
    return DeclaredTarget(
      name: name, layer: mark?.1.flatMap { Int($0) },
      folder: packageRoot.appendingPathComponent(path ?? "\(kind)/\(name)"),
      modules: Set(
        list.replacing(/package: "[^"]*"/, with: "").matches(of: /"([^"]+)"/).map { String($0.1) }))
  }
}

@Suite struct LayeringTests {
  @Test func whatIsDeclaredIsImported() throws {
    let targets = try declaredTargets()
    #expect(targets.count > 40, "the manifest was not understood")
    #expect(targets.filter { $0.modules.isEmpty }.count < 12)
    for target in targets {
      let files = try filesBelow(target.folder, suffix: ".swift")
      // C includes and does not import; a program is run by its tests.
      if files.isEmpty { continue }
      let imported = Set(try files.flatMap(imports(of:)))
      let unused = target.modules.subtracting(imported).subtracting(["rnnc"])
      #expect(unused.isEmpty, "\(target.name) declares \(unused.sorted()) and imports none of it")
      let known = Set(targets.map(\.name))
      let missing = imported.intersection(known).subtracting(target.modules)
      #expect(missing.isEmpty, "\(target.name) imports \(missing.sorted()), undeclared")
    }
  }

  @Test func importsPointStrictlyDownwardAndAreDeclared() throws {
    let layers = Dictionary(
      uniqueKeysWithValues: try declaredTargets().compactMap { target in
        target.layer.map { (target.name, (layer: $0, target: target)) }
      })
    #expect(layers.count >= 16, "the manifest's layers were not understood")
    #expect(layers["RNNSupport"]?.layer == 0)
    #expect(layers["rnnc"]?.layer == 8)
    var filesSeen = 0
    var projectImportsSeen = 0
    for (own, target) in layers.values {
      let files = try filesBelow(target.folder, suffix: ".swift")
      #expect(!files.isEmpty, "\(target.name) has no sources")
      for file in files {
        filesSeen += 1
        for module in try imports(of: file) {
          guard let layer = layers[module]?.layer else {
            #expect(
              !module.hasPrefix("RNN"), "\(relative(file)) imports \(module), which has no layer")
            continue
          }
          projectImportsSeen += 1
          #expect(
            layer < own,
            "\(relative(file)) of layer \(own) imports \(module) of layer \(layer)")
          #expect(
            target.modules.contains(module),
            "\(relative(file)) imports \(module), which \(target.name) does not declare")
        }
      }
    }
    #expect(filesSeen >= 20)
    #expect(projectImportsSeen >= 5)
  }

  /// The product works without the experiments: two commands start them, and nothing else knows of them.
  @Test func onlyTheCommandsOfTheLabImportIt() throws {
    var users: [String] = []
    for folder in ["Benchmarks", "Sources"] {
      let files = try filesBelow(packageRoot.appendingPathComponent(folder), suffix: ".swift")
      users += try files.filter { try imports(of: $0).contains("RNNLab") }.map { relative($0) }
    }
    #expect(
      users.sorted() == [
        "Sources/rnnc/Commands/ReproduceCommand.swift", "Sources/rnnc/Commands/StudyCommand.swift",
      ])
  }

  @Test func everySourceFolderHasALayer() throws {
    let targets = Set(try declaredTargets().filter { $0.layer != nil }.map(\.name))
    let folders = try FileManager.default.contentsOfDirectory(
      at: packageRoot.appendingPathComponent("Sources"), includingPropertiesForKeys: nil
    ).map(\.lastPathComponent).filter { !$0.hasPrefix(".") }.sorted()
    #expect(folders.count >= 15)
    let foreign: Set = [
      "CCrypto", "CDNNL", "CHDF5", "CHDF5Reader", "CLAPACK", "CRNNKernels", "CRNNSystem",
      "CZ3", "CZlib",
    ]
    for folder in folders where !foreign.contains(folder) {
      #expect(targets.contains(folder), "Sources/\(folder) is not a target of a layer")
    }
  }

  @Test func onlySupportStartsProcesses() throws {
    let files = try filesBelow(packageRoot.appendingPathComponent("Sources"), suffix: ".swift")
    var homes: [String] = []
    for file in files {
      let text = try String(contentsOf: file, encoding: .utf8)
      if text.contains(/\bProcess\(\)/) || text.contains(/\bposix_spawn\b|\brnn_spawn\b/) {
        homes.append(relative(file))
      }
    }
    #expect(homes == ["Sources/RNNSupport/Child.swift"])
  }

  /// Swift's own conversions of real numbers end the program where a number does not fit.
  ///
  /// The two modules that are left out compute with numbers that they made themselves.
  @Test func realNumbersBecomeIntegersChecked() throws {
    let trap =
      /\bU?Int(8|16|32|64)?\((?!checked:|saturating:|exactly:|clamping:|truncatingIfNeeded:|bitPattern:).*(\.rounded\(|\blog(2|10)?\(|\bDouble\()/
    for file in try filesBelow(packageRoot.appendingPathComponent("Sources"), suffix: ".swift")
    where !["RNNFixedPoint", "RNNBilinear"].contains(where: { file.path.contains("/\($0)/") }) {
      let text = try String(contentsOf: file, encoding: .utf8)
      for line in text.split(separator: "\n") where line.contains(trap) {
        Issue.record("\(file.lastPathComponent): \(line); use Int(checked:) or Int(saturating:)")
      }
    }
  }

  /// What is written to a stream that cannot take it has to be noticed, or must not end the program.
  @Test func onlyOneFileWritesToStandardStreams() throws {
    let writes =
      /(^|[^.\w])print\((?!.*(condition|depth))|FileHandle\.standard(Output|Error)|\bf?puts\(/
    for file in try filesBelow(packageRoot.appendingPathComponent("Sources"), suffix: ".swift")
    where file.lastPathComponent != "StandardStreams.swift" && !file.path.contains("/RNNVerilog/") {
      let text = try String(contentsOf: file, encoding: .utf8)
      #expect(!text.contains(writes), "\(file.lastPathComponent) writes by itself")
    }
  }

  @Test func testsUsePackageAccess() throws {
    // The tests run against the release build, which has no testable imports.
    let files = try filesBelow(packageRoot.appendingPathComponent("Tests"), suffix: ".swift")
    #expect(files.count >= 5)
    for file in files {
      let text = try String(contentsOf: file, encoding: .utf8)
      let usesTestable = text.contains(/(?m)^@testable/)
      #expect(!usesTestable, "\(relative(file)) uses a testable import")
    }
  }
}

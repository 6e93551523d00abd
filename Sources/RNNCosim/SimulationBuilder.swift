package import Foundation
internal import RNNHarness
package import RNNSupport

/// Builds Verilated designs as shared libraries and keeps them by the hash of all that went into
/// them.
package struct SimulationBuilder: Sendable {
  /// What the library can do besides simulating.
  package enum Variant: String, Sendable, CaseIterable {
    /// Nothing: the fastest.
    case plain
    /// Writes a waveform in FST form.
    case waveform
    /// Counts bit changes.
    case activity
  }
  /// How much time the C++ compiler may take.
  package enum Effort: String, Sendable {
    /// For short simulations of small designs.
    case quick
    /// For long simulations.
    case fast
  }

  package var runner: ToolRunner
  package var effort: Effort
  /// Checks the assertions inside the design while it runs.
  package var assertions: Bool
  /// Where the compiled runtime of Verilator is kept for several designs; nil for the design's own
  /// folder.
  package var runtimeFolder: URL?

  package init(
    runner: ToolRunner = ToolRunner(), effort: Effort = .fast, assertions: Bool = false,
    runtimeFolder: URL? = nil
  ) {
    self.runner = runner
    self.effort = effort
    self.assertions = assertions
    self.runtimeFolder = runtimeFolder
  }

  /// What a build gave.
  package struct Built: Sendable {
    package var library: URL
    /// True when nothing had to be built.
    package var cached: Bool
    package var seconds: Double
    package var verilator: String
  }

  /// Largest text of one generated translation unit: fewer, larger units save the headers' half
  /// second each.
  private static let unitBytes = 400_000
  private static let warnings = [
    "-Wno-fatal", "-Wno-DECLFILENAME", "-Wno-WIDTH", "-Wno-UNUSED",
  ]

  /// Builds the library of a design, or finds it.
  ///
  /// - Throws: `ToolError` when a tool is missing, too old or fails, or a source cannot be read.
  package func build(_ design: CosimDesign, variant: Variant = .plain) throws -> Built {
    let start = DispatchTime.now().uptimeNanoseconds
    let version = try runner.require(.verilator)
    let glue = Self.glue(for: design)
    var hash = "\(version)\n\(variant)\n\(effort)\n\(assertions)\n\(design.top)\n\(glue)\n"
    if effort == .fast { hash += "\(Self.processorFeatures())\n" }
    for source in design.sources {
      hash += "\(source) \(sha256(try read(design.folder.appendingPathComponent(source))))\n"
    }
    for file in HarnessLibrary.files { hash += "\(file.name) \(sha256(Data(file.bytes)))\n" }
    let key = String(sha256(Data(hash.utf8)).prefix(16))
    let home = design.folder.appendingPathComponent("sim")
    let folder = home.appendingPathComponent("\(variant.rawValue)-\(key)")
    let library = folder.appendingPathComponent("lib\(design.top).so")
    func built(_ cached: Bool) -> Built {
      Built(
        library: library, cached: cached,
        seconds: Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9,
        verilator: version.description)
    }
    if FileManager.default.fileExists(atPath: library.path) { return built(true) }

    try runner.require(.cxx)
    try runner.require(.make)
    try removeOld(variant, in: home)
    try makeFolder(folder)
    let runtime = try runtimeObjects(variant, version: version, home: home)
    try verilate(design, variant, into: folder)
    try writeHarness(into: folder)
    try AtomicFile.write(Data(glue.utf8), to: folder.appendingPathComponent("rnnc_glue.h"))
    let units = try writeUnits(in: folder)
    try writeMakefile(
      library: library.lastPathComponent, units: units, variant, runtime: runtime, in: folder)
    // Two jobs: more would need more memory than small machines have for the large units.
    try runner.run("make", ["-j2", "-s", "-f", "library.mk"], directory: folder)
    return built(false)
  }

  // MARK: - Steps

  /// What `-march=native` compiles for: a library for another processor is not found again.
  private static func processorFeatures() -> String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").first {
      $0.hasPrefix("flags") || $0.hasPrefix("Features")
    }.map(String.init) ?? ""
  }

  private func verilate(_ design: CosimDesign, _ variant: Variant, into folder: URL) throws {
    var arguments = [
      "--cc", "-O3", "--x-assign", "unique", "--x-initial", "unique", "--top-module", design.top,
      "--prefix", "V" + design.top, "-Mdir", folder.path, "--output-split", "20000",
      "--output-split-cfuncs", "2000",
    ]
    switch variant {
    case .plain: break
    case .waveform: arguments.append("--trace-fst")
    case .activity: arguments += ["--trace", "--trace-max-array", "1", "--no-trace-params"]
    }
    arguments += assertions ? ["--assert", "+define+RNNC_ASSERTIONS"] : ["--no-assert"]
    arguments += Self.warnings
    var folders: [String] = []
    for source in design.sources {
      let folder = source.split(separator: "/").dropLast().joined(separator: "/")
      if !folders.contains(folder) { folders.append(folder) }
    }
    arguments += folders.map { "-I" + $0 } + design.sources
    try runner.run("verilator", arguments, directory: design.folder)
  }

  /// Puts the generated files into few translation units: first what runs in every cycle, then the
  /// rest.
  private func writeUnits(in folder: URL) throws -> (fast: [String], slow: [String]) {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasPrefix("V") && $0.hasSuffix(".cpp") }.sorted()
    func isSlow(_ name: String) -> Bool {
      name.hasSuffix("__Slow.cpp") || name.hasSuffix("__Syms.cpp")
    }
    func write(_ files: [String], _ prefix: String) throws -> [String] {
      var units: [[String]] = []
      var size = 0
      for file in files {
        let path = folder.appendingPathComponent(file).path
        let bytes =
          (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        if units.isEmpty || size + bytes > Self.unitBytes {
          units.append([])
          size = 0
        }
        units[units.count - 1].append(file)
        size += bytes
      }
      return try units.enumerated().map { index, files in
        let text = files.map { "#include \"\($0)\"\n" }.joined()
        try AtomicFile.write(
          Data(text.utf8), to: folder.appendingPathComponent("\(prefix)\(index).cc"))
        return "\(prefix)\(index)"
      }
    }
    return (
      try write(names.filter { !isSlow($0) } + ["harness.cpp"], "fast"),
      try write(names.filter(isSlow), "slow")
    )
  }

  private func writeMakefile(
    library: String, units: (fast: [String], slow: [String]), _ variant: Variant,
    runtime: [URL], in folder: URL
  ) throws {
    let objects = (units.fast + units.slow).map { $0 + ".o" }.joined(separator: " ")
    let runtimeObjects = runtime.map { ToolRunner.quoted($0.path) }.joined(separator: " ")
    let link = "g++ -shared -Wl,-Bsymbolic -Wl,--wrap=fopen -o $@.part $^ \(runtimeObjects)"
    let libraries = "-lpthread" + (variant == .waveform ? " -lz" : "")
    let text = """
      FLAGS := \(try flags(variant).map(ToolRunner.quoted).joined(separator: " ")) -I.
      \(library): \(objects)
      \t\(link) \(libraries)
      \tmv $@.part $@
      fast%.o: fast%.cc
      \tg++ \(effort == .fast ? "-O3 -march=native" : "-O1") $(FLAGS) -c -o $@ $<
      slow%.o: slow%.cc
      \tg++ -O0 $(FLAGS) -c -o $@ $<

      """
    try AtomicFile.write(Data(text.utf8), to: folder.appendingPathComponent("library.mk"))
  }

  private func flags(_ variant: Variant) throws -> [String] {
    let include = try verilatorRoot() + "/include"
    return [
      "-std=gnu++17", "-fPIC", "-fno-gnu-unique", "-fvisibility=hidden", "-w",
      "-DVERILATOR=1", "-DVM_COVERAGE=0", "-DVM_SC=0", "-DVM_TRACE=\(variant == .plain ? 0 : 1)",
      "-DVM_TRACE_FST=\(variant == .waveform ? 1 : 0)",
      "-DVM_TRACE_VCD=\(variant == .activity ? 1 : 0)", "-DRNNC_WRAP_FOPEN",
      "-DVL_USER_FATAL", "-DVL_USER_FINISH", "-DVL_USER_STOP",
      "-DVL_USER_WARN", "-include", "print.h",
    ] + (variant == .waveform ? ["-DRNNC_TRACE"] : variant == .activity ? ["-DRNNC_ACTIVITY"] : [])
      + ["-I" + include, "-I" + include + "/vltstd"]
  }

  /// The objects of Verilator's own runtime, built once for all designs that share the folder.
  private func runtimeObjects(_ variant: Variant, version: ToolVersion, home: URL) throws -> [URL] {
    var names = ["verilated", "verilated_threads"]
    if variant == .waveform { names.append("verilated_fst_c") }
    if variant == .activity { names.append("verilated_vcd_c") }
    let folder = (runtimeFolder ?? home)
      .appendingPathComponent("runtime-\(variant.rawValue)-\(version)")
    try makeFolder(folder)
    let objects = names.map { folder.appendingPathComponent($0 + ".o") }
    if objects.allSatisfy({ FileManager.default.fileExists(atPath: $0.path) }) { return objects }
    try writeHarness(into: folder)
    let include = try verilatorRoot() + "/include"
    // A name of its own for each build: several of them, in one process or in two, may fill the same folder.
    let mine = UUID().uuidString
    let text = """
      FLAGS := -O1 \(try flags(variant).map(ToolRunner.quoted).joined(separator: " ")) -I.
      all: \(names.map { $0 + ".o" }.joined(separator: " "))
      %.o: \(include)/%.cpp
      \tg++ $(FLAGS) -c -o $@.\(mine) $<
      \tmv $@.\(mine) $@

      """
    let makefile = folder.appendingPathComponent("runtime-\(mine).mk")
    try AtomicFile.write(Data(text.utf8), to: makefile)
    try runner.run("make", ["-j2", "-s", "-f", makefile.lastPathComponent], directory: folder)
    try? FileManager.default.removeItem(at: makefile)
    return objects
  }

  private func verilatorRoot() throws -> String {
    try runner.run("verilator", ["--getenv", "VERILATOR_ROOT"]).standardOutput
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  // MARK: - Files

  /// The names and widths of a design's ports for the fixed text of the harness.
  package static func glue(for design: CosimDesign) -> String {
    let model = "V" + design.top
    let probes = design.probes.enumerated().map { index, probe in
      // Verilator writes a double underscore of the source as an escape in C++ names.
      let port = probe.port.replacingOccurrences(of: "__", with: "___05F")
      return " P(\(index), \(port), \(probe.dataWords))"
    }
    return """
      #include "\(model).h"
      #define RNNC_MODEL \(model)
      #define RNNC_INPUT_BYTES \(design.input.beatBytes)
      #define RNNC_OUTPUT_BYTES \(design.output.beatBytes)
      #define RNNC_STREAMS \(design.streams)
      #define RNNC_CONTROL \(design.hasControl ? 1 : 0)
      #define RNNC_LANES_BUSY(model) \(design.countsBusyLanes ? "(model).lanes_busy_o" : "0")
      #define RNNC_PROBE_COUNT \(design.probes.count)
      #define RNNC_PROBE_WORDS \(design.probes.reduce(0) { $0 + $1.dataWords })
      #define RNNC_PROBES(P)\(probes.joined())

      """
  }

  private func read(_ file: URL) throws -> Data {
    do {
      return try Data(contentsOf: file)
    } catch {
      throw ToolError(
        .file, "cannot read \(file.path): \(error.localizedDescription)",
        hint: "compile the model again into this build folder")
    }
  }

  private func writeHarness(into folder: URL) throws {
    for file in HarnessLibrary.files {
      try AtomicFile.write(Data(file.bytes), to: folder.appendingPathComponent(file.name))
    }
  }

  private func makeFolder(_ folder: URL) throws {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw ToolError(
        .file, "cannot make the folder \(folder.path): \(error.localizedDescription)",
        hint: "give a build folder that you may write")
    }
  }

  private func removeOld(_ variant: Variant, in home: URL) throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: home.path)) ?? []
    for name in names.sorted() where name.hasPrefix(variant.rawValue + "-") {
      try? FileManager.default.removeItem(at: home.appendingPathComponent(name))
    }
  }
}

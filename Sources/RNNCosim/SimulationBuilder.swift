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
    /// SHA-256 of the library's bytes.
    package var digest: String
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
    let key = sha256(Data(hash.utf8))
    let home = design.folder.appendingPathComponent("sim")
    let name = "\(variant.rawValue)-\(key.prefix(16))"
    let folder = home.appendingPathComponent(name)
    let library = folder.appendingPathComponent("lib\(design.top).so")
    func built(_ digest: String, cached: Bool) -> Built {
      Built(
        library: library, digest: digest, cached: cached,
        seconds: Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9,
        verilator: version.description)
    }
    let digests = BuiltDigests(environment: runner.environment)
    if let found = digests.read(library, key: key) { return built(found.digest, cached: true) }

    try runner.require(.cxx)
    AtomicFile.sweep(home)
    // A script answers, and takes as long as a small design.
    let include = try includeFolder()
    let digest = try AtomicFile.writeFolder(at: folder) { staging in
      let work = staging.appendingPathComponent("work")
      let runtime = try runtimeObjects(
        variant, version: version, include: include, home: home, into: work)
      try verilate(design, variant, into: work)
      try writeHarness(into: work)
      try AtomicFile.write(glue, to: work.appendingPathComponent("rnnc_glue.h"))
      let units = try writeUnits(in: work)
      try compile(units, variant, include: include, in: work)
      let made = work.appendingPathComponent(library.lastPathComponent)
      try link((units.fast + units.slow).map { $0 + ".o" } + runtime, variant, to: made)
      let data = try output(made, of: "g++")
      try AtomicFile.write(data, to: staging.appendingPathComponent(made.lastPathComponent))
      try FileManager.default.removeItem(at: work)
      return sha256(data)
    }
    digests.record(digest, key: key)
    removeOld(variant, except: name, in: home)
    return built(digest, cached: false)
  }

  /// True for the name of a folder in `sim` that holds what was compiled.
  package static func isOwn(_ name: String) -> Bool {
    Variant.allCases.contains { variant in
      if name.hasPrefix("runtime-\(variant.rawValue)-") { return true }
      guard name.hasPrefix("\(variant.rawValue)-") else { return false }
      let key = name.dropFirst(variant.rawValue.count + 1)
      return key.count == 16 && key.allSatisfy { "0123456789abcdef".contains($0) }
    }
  }

  /// Lets the libraries of an older build of a design serve a new one, as far as they still fit.
  package static func keepLibraries(of old: URL, in new: URL) {
    let manager = FileManager.default
    for name in ((try? manager.contentsOfDirectory(atPath: old.path)) ?? []).sorted()
    where isOwn(name) {
      let folder = new.appendingPathComponent(name)
      for file
        in (try? manager.contentsOfDirectory(
          at: old.appendingPathComponent(name), includingPropertiesForKeys: [.isRegularFileKey]))
        ?? []
      where ["so", "o"].contains(file.pathExtension)
        && (try? file.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true
      {
        try? manager.createDirectory(at: folder, withIntermediateDirectories: true)
        // They are replaced and never changed, so that a second name serves as well as a copy.
        try? manager.linkItem(at: file, to: folder.appendingPathComponent(file.lastPathComponent))
      }
    }
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
    // Verilator is a script that hands its arguments to a shell; where the build lies must not matter to it.
    let relative =
      "sim/\(folder.deletingLastPathComponent().lastPathComponent)/\(folder.lastPathComponent)"
    var arguments = [
      "--cc", "-O3", "--x-assign", "unique", "--x-initial", "unique", "--top-module", design.top,
      "--prefix", "V" + design.top, "-Mdir", relative, "--output-split", "20000",
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
    guard !names.isEmpty else {
      throw ToolError(
        .toolFailed, "verilator ended without a fault and generated no C++ files",
        hint: "reinstall it: \(Tool.verilator.installCommand)")
    }
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

  /// Compiles the units, two at a time: more would need more memory than small machines have for the large ones.
  ///
  /// No shell and no make: the names of folders are nothing but names.
  private func compile(
    _ units: (fast: [String], slow: [String]), _ variant: Variant, include: String, in folder: URL
  ) throws {
    let flags = flags(variant, include: include)
    let fast = effort == .fast ? ["-O3", "-march=native"] : ["-O1"]
    try inPairs(
      units.fast.map { ($0 + ".cc", fast + flags) }
        + units.slow.map { ($0 + ".cc", ["-O0"] + flags) },
      in: folder)
  }

  /// Compiles source files with their flags to objects of the same names.
  private func inPairs(_ jobs: [(source: String, flags: [String])], in folder: URL) throws {
    let queue = JobQueue(count: jobs.count) { k in
      let (source, flags) = jobs[k]
      let object = ((source as NSString).lastPathComponent as NSString).deletingPathExtension
      // Pipes leave nothing in /tmp if it is killed.
      try runner.run(
        "g++", flags + ["-I.", "-pipe", "-c", "-o", object + ".o", source], directory: folder)
    }
    try queue.run(workers: 2)
  }

  private func link(_ objects: [String], _ variant: Variant, to library: URL) throws {
    try runner.run(
      "g++",
      ["-shared", "-Wl,-Bsymbolic", "-Wl,--wrap=fopen", "-o", library.lastPathComponent] + objects
        + ["-lpthread"] + (variant == .waveform ? ["-lz"] : []),
      directory: library.deletingLastPathComponent())
  }

  /// What a tool that ended well should have written.
  private func output(_ file: URL, of tool: String) throws -> Data {
    guard let data = try? Data(contentsOf: file), !data.isEmpty else {
      throw ToolError(
        .toolFailed, "\(tool) ended without a fault and wrote nothing to \(file.lastPathComponent)",
        hint: "reinstall it, or look at what stands for it in PATH")
    }
    return data
  }

  private func flags(_ variant: Variant, include: String) -> [String] {
    [
      "-std=gnu++17", "-fPIC", "-fno-gnu-unique", "-fvisibility=hidden", "-w",
      "-DVERILATOR=1", "-DVM_COVERAGE=0", "-DVM_SC=0", "-DVM_TRACE=\(variant == .plain ? 0 : 1)",
      "-DVM_TRACE_FST=\(variant == .waveform ? 1 : 0)",
      "-DVM_TRACE_VCD=\(variant == .activity ? 1 : 0)", "-DRNNC_WRAP_FOPEN",
      "-DVL_USER_FATAL", "-DVL_USER_FINISH", "-DVL_USER_STOP",
      "-DVL_USER_WARN", "-include", "print.h",
    ] + (variant == .waveform ? ["-DRNNC_TRACE"] : variant == .activity ? ["-DRNNC_ACTIVITY"] : [])
      + ["-I" + include, "-I" + include + "/vltstd"]
  }

  /// Puts the objects of Verilator's own runtime into a folder; they are built once for all designs that share
  /// `runtimeFolder`.
  ///
  /// - Returns: their names.
  private func runtimeObjects(
    _ variant: Variant, version: ToolVersion, include: String, home: URL, into work: URL
  ) throws -> [String] {
    var names = ["verilated", "verilated_threads"]
    if variant == .waveform { names.append("verilated_fst_c") }
    if variant == .activity { names.append("verilated_vcd_c") }
    let kept = (runtimeFolder ?? home)
      .appendingPathComponent("runtime-\(variant.rawValue)-\(version)")
    let flags = ["-O1"] + flags(variant, include: include)
    let digests = BuiltDigests(environment: runner.environment)
    var missing: [String] = []
    func key(_ name: String) -> String {
      let harness = HarnessLibrary.files.map { "\($0.name) \(sha256(Data($0.bytes)))" }
      return sha256(Data(([name, "\(version)"] + flags + harness).joined(separator: "\n").utf8))
    }
    try writeHarness(into: work)
    for name in names {
      if let found = digests.read(kept.appendingPathComponent(name + ".o"), key: key(name)) {
        try AtomicFile.write(found.data, to: work.appendingPathComponent(name + ".o"))
      } else {
        missing.append(name)
      }
    }
    if !missing.isEmpty { AtomicFile.sweep(kept) }
    try inPairs(missing.map { ("\(include)/\($0).cpp", flags) }, in: work)
    for name in missing {
      let data = try output(work.appendingPathComponent(name + ".o"), of: "g++")
      try AtomicFile.write(data, to: kept.appendingPathComponent(name + ".o"))
      digests.record(sha256(data), key: key(name))
    }
    return names.map { $0 + ".o" }
  }

  /// The folder of Verilator's own sources.
  ///
  /// - Throws: `ToolError` naming what Verilator answered, if it is not such a folder.
  private func includeFolder() throws -> String {
    let root = try runner.run("verilator", ["--getenv", "VERILATOR_ROOT"]).standardOutput
      .trimmingCharacters(in: .whitespacesAndNewlines)
    let include = root + "/include"
    guard root.hasPrefix("/"), FileManager.default.fileExists(atPath: include + "/verilated.cpp")
    else {
      throw ToolError(
        .toolFailed,
        "`verilator --getenv VERILATOR_ROOT` answered \"\(root.prefix(200))\", where no include/verilated.cpp is",
        hint: "reinstall it: \(Tool.verilator.installCommand)")
    }
    return include
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

  private func removeOld(_ variant: Variant, except name: String, in home: URL) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: home.path)) ?? []
    for other in names.sorted()
    where other != name && other.hasPrefix(variant.rawValue + "-") && Self.isOwn(other) {
      try? FileManager.default.removeItem(at: home.appendingPathComponent(other))
    }
  }
}

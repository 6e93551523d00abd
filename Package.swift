// swift-tools-version: 6.1
import PackageDescription

// The layer of each target is authoritative: a target may import only targets of a strictly lower
// layer. `ArchitectureTests` checks the arrows in the sources against this table.

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

extension Target {
  static func layer(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [],
    resources: [Resource] = []
  ) -> Target {
    .target(
      name: name, dependencies: dependencies, exclude: exclude, resources: resources,
      swiftSettings: strict,
      linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))])
  }
  static func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
  ) -> Target {
    .testTarget(
      name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
  }
}

let package = Package(
  name: "rnnc",
  products: [.executable(name: "rnnc", targets: ["rnnc"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
  ],
  targets: [
    // MARK: System libraries
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CDNNL", providers: [.apt(["libdnnl-dev"])]),
    .systemLibrary(
      name: "CHDF5", pkgConfig: "hdf5-serial", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CLAPACK", providers: [.apt(["libblis-serial-dev", "liblapacke-dev"])]),
    .systemLibrary(name: "CZ3", pkgConfig: "z3", providers: [.apt(["libz3-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),

    // MARK: C: inner loops that need instruction sets beyond the baseline, chosen at run time
    .target(name: "CRNNKernels"),

    // MARK: C: calls of Linux that Swift does not show
    .target(name: "CRNNSystem"),

    // MARK: C: a library that damaged files crash, in a process of its own
    .target(name: "CHDF5Reader", dependencies: ["CHDF5"]),

    // MARK: Layer 0: no project imports
    .layer("RNNBilinear"),
    .layer("RNNFixedPoint"),
    .target(
      name: "RNNHarness", path: "hw-sim/lib", sources: ["HarnessLibrary.swift"],
      resources: [
        .embedInCode("activity.h"), .embedInCode("bench.cpp"), .embedInCode("harness.cpp"),
        .embedInCode("print.h"), .embedInCode("test_design.py"),
      ],
      swiftSettings: strict),
    .target(
      name: "RNNRTL", path: "rtl", exclude: ["README.md"],
      resources: [
        .embedInCode("rnnc_assert.svh"),
        .embedInCode("rnnc_axil.sv"),
        .embedInCode("rnnc_block_walk.sv"),
        .embedInCode("rnnc_collect.sv"),
        .embedInCode("rnnc_control.sv"),
        .embedInCode("rnnc_delay.sv"),
        .embedInCode("rnnc_lane.sv"),
        .embedInCode("rnnc_mul.sv"),
        .embedInCode("rnnc_normalize.sv"),
        .embedInCode("rnnc_pwl.sv"),
        .embedInCode("rnnc_ram_sdp.sv"),
        .embedInCode("rnnc_requantize.sv"),
        .embedInCode("rnnc_rom.sv"),
        .embedInCode("rnnc_round_sat.sv"),
        .embedInCode("rnnc_seq_control.sv"),
        .embedInCode("rnnc_seq_execute.sv"),
        .embedInCode("rnnc_seq_issue.sv"),
        .embedInCode("rnnc_seq_table.sv"),
        .embedInCode("rnnc_sequential.sv"),
        .embedInCode("rnnc_state_ram.sv"),
      ],
      swiftSettings: strict),
    .layer("RNNSolver", ["CZ3"]),
    .layer(
      "RNNSupport", ["CCrypto", "CRNNSystem", "CZlib"],
      resources: [
        .embedInCode("Devices/ice40up5k.json"), .embedInCode("Devices/lfe5u_25f.json"),
        .embedInCode("Devices/lfe5u_85f.json"), .embedInCode("Devices/xc7a100t.json"),
        .embedInCode("Devices/xc7vx690t.json"), .embedInCode("Devices/xc7z020.json"),
        .embedInCode("Devices/xcku060.json"),
      ]),

    // MARK: Layer 1: data structures
    .layer("RNNGraph", ["CRNNKernels", "RNNBilinear", "RNNFixedPoint", "RNNSupport"]),
    .layer("RNNTensor", ["CDNNL", "CLAPACK", "CRNNKernels", "RNNFixedPoint"]),
    .layer("RNNVerilog"),

    // MARK: Layer 2: X in, X out
    .layer(
      "RNNInterchange",
      ["CHDF5Reader", "RNNBilinear", "RNNFixedPoint", "RNNGraph", "RNNSupport"]),
    .layer("RNNLearning", ["RNNFixedPoint", "RNNGraph", "RNNSupport", "RNNTensor"]),
    .layer("RNNPasses", ["RNNFixedPoint", "RNNGraph"]),
    .layer("RNNReference", ["CRNNKernels", "RNNBilinear", "RNNFixedPoint", "RNNGraph"]),

    // MARK: Layer 3: crossings
    .layer(
      "RNNImport",
      [
        "RNNGraph", "RNNInterchange", "RNNSupport",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: [
        "ONNX/Generated/README.md", "TensorFlow/Generated/README.md",
        "TensorFlow/Generated/graph.proto",
      ]),
    .layer("RNNQuantize", ["RNNFixedPoint", "RNNGraph", "RNNSupport"]),
    .layer(
      "RNNCodegen",
      [
        "RNNBilinear", "RNNFixedPoint", "RNNGraph", "RNNPasses", "RNNRTL", "RNNSupport",
        "RNNVerilog",
      ]),

    // MARK: Layer 4: evidence about a build; these never import each other
    .layer(
      "RNNCosim",
      ["RNNCodegen", "RNNFixedPoint", "RNNGraph", "RNNHarness", "RNNReference", "RNNSupport"]),
    .layer("RNNEstimate", ["RNNSupport"]),
    .layer("RNNProof", ["RNNBilinear", "RNNCodegen", "RNNGraph", "RNNSolver", "RNNSupport"]),
    .layer("RNNSynthesis", ["RNNCodegen", "RNNGraph", "RNNSupport", "RNNVerilog"]),

    // MARK: Layer 5: what stages record, and how it is shown
    .layer(
      "RNNReport",
      [
        "RNNCodegen", "RNNCosim", "RNNEstimate", "RNNFixedPoint", "RNNGraph", "RNNInterchange",
        "RNNLearning", "RNNQuantize", "RNNSupport",
      ]),

    // MARK: Layer 6: plans and runs the stages
    .layer(
      "RNNDriver",
      [
        "RNNBilinear", "RNNCodegen", "RNNCosim", "RNNEstimate", "RNNFixedPoint", "RNNGraph",
        "RNNImport", "RNNInterchange", "RNNLearning", "RNNQuantize", "RNNReference", "RNNReport",
        "RNNSupport", "RNNSynthesis", "RNNTensor",
      ]),

    // MARK: Layer 7: published experiments run again; the product does not need them
    .layer(
      "RNNLab",
      [
        "RNNCodegen", "RNNCosim", "RNNDriver", "RNNFixedPoint", "RNNGraph", "RNNImport",
        "RNNInterchange", "RNNLearning", "RNNQuantize", "RNNReference", "RNNReport", "RNNSupport",
      ]),

    // MARK: Layer 8: arguments, printing, exit codes
    .executableTarget(
      name: "rnnc",
      dependencies: [
        "RNNBilinear", "RNNCodegen", "RNNDriver", "RNNGraph", "RNNLab", "RNNLearning",
        "RNNReport", "RNNSupport", "RNNTensor",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    // MARK: Benchmarks
    .executableTarget(
      name: "bench-train", dependencies: ["RNNGraph", "RNNLearning", "RNNSupport", "RNNTensor"],
      path: "Benchmarks/bench-train", swiftSettings: strict),
    .executableTarget(
      name: "bench-ernn",
      dependencies: [
        "RNNBilinear", "RNNCodegen", "RNNCosim", "RNNGraph", "RNNProof", "RNNQuantize",
        "RNNReference", "RNNSolver", "RNNSupport", "RNNSynthesis",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks/bench-ernn", swiftSettings: strict),

    // MARK: Tests
    .target(
      name: "_RNNTestSupport", dependencies: ["RNNSupport"], path: "Tests/_RNNTestSupport",
      swiftSettings: strict),
    .tests("ArchitectureTests", ["RNNSupport", "_RNNTestSupport"]),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "rnnc", "RNNBilinear", "RNNCodegen", "RNNDriver", "RNNGraph", "RNNImport", "RNNInterchange",
        "RNNLearning", "RNNReport", "RNNSupport", "_RNNTestSupport",
      ],
      exclude: ["Golden"], swiftSettings: strict),
    .tests("RNNBilinearTests", ["RNNBilinear", "RNNSupport"]),
    .tests(
      "RNNCodegenTests",
      [
        "RNNBilinear", "RNNCodegen", "RNNGraph", "RNNQuantize", "RNNSupport", "_RNNTestSupport",
      ], exclude: ["Golden"]),
    .testTarget(
      name: "RNNCosimTests",
      dependencies: [
        "RNNBilinear", "RNNCodegen", "RNNCosim", "RNNEstimate", "RNNFixedPoint", "RNNGraph",
        "RNNQuantize", "RNNReference", "RNNSupport", "_RNNTestSupport",
      ], exclude: ["Fixtures"], swiftSettings: strict),
    .tests(
      "RNNDriverTests",
      [
        "RNNCodegen", "RNNDriver", "RNNGraph", "RNNInterchange", "RNNLearning", "RNNSupport",
        "_RNNTestSupport",
      ]),
    .tests("RNNEstimateTests", ["RNNEstimate", "RNNSupport"]),
    .tests("RNNFixedPointTests", ["RNNFixedPoint"]),
    .tests("RNNGraphTests", ["RNNFixedPoint", "RNNGraph", "RNNSupport"]),
    .testTarget(
      name: "RNNImportTests",
      dependencies: [
        "RNNCodegen", "RNNDriver", "RNNFixedPoint", "RNNGraph", "RNNImport", "RNNInterchange",
        "RNNQuantize", "RNNReference", "RNNSupport", "_RNNTestSupport",
      ], exclude: ["Fixtures", "make_tensorflow.py", "make_vectors.py"], swiftSettings: strict),
    .tests(
      "RNNInterchangeTests",
      [
        "RNNBilinear", "RNNFixedPoint", "RNNGraph", "RNNInterchange", "RNNSupport",
        "_RNNTestSupport",
      ]),
    .tests(
      "RNNLabTests",
      [
        "RNNDriver", "RNNGraph", "RNNLab", "RNNLearning", "RNNQuantize", "RNNReport", "RNNSupport",
        "_RNNTestSupport",
      ]),
    .tests(
      "RNNLearningTests",
      [
        "RNNFixedPoint", "RNNGraph", "RNNLearning", "RNNSupport", "RNNTensor", "_RNNTestSupport",
      ]),
    .tests(
      "RNNProofTests",
      ["RNNCodegen", "RNNGraph", "RNNProof", "RNNQuantize", "RNNSolver", "RNNSupport"]),
    .tests(
      "RNNQuantizeTests",
      [
        "RNNFixedPoint", "RNNGraph", "RNNLearning", "RNNQuantize", "RNNReference", "RNNSupport",
      ]),
    .tests(
      "RNNRTLTests",
      ["RNNFixedPoint", "RNNGraph", "RNNRTL", "RNNSupport", "RNNVerilog", "_RNNTestSupport"]),
    .tests("RNNReferenceTests", ["RNNFixedPoint", "RNNGraph", "RNNReference", "RNNSupport"]),
    .tests(
      "RNNReportTests", ["RNNCodegen", "RNNEstimate", "RNNQuantize", "RNNReport", "RNNSupport"]),
    .tests("RNNSolverTests", ["RNNSolver"]),
    .tests("RNNSupportTests", ["RNNSupport", "_RNNTestSupport"]),
    .tests(
      "RNNSynthesisTests",
      [
        "RNNCodegen", "RNNQuantize", "RNNSupport", "RNNSynthesis", "_RNNTestSupport",
      ]),
    .tests("RNNTensorTests", ["RNNSupport", "RNNTensor"]),
    .tests("RNNVerilogTests", ["RNNSupport", "RNNVerilog", "_RNNTestSupport"]),
  ]
)

// MARK: Fuzzing
// `make fuzz` instruments the readers of files and nothing else, so the package then consists of them alone.
if Context.environment["RNNC_FUZZ"] != nil {
  var readers: Set = ["RNNImport", "RNNInterchange", "RNNSupport"]
  var pending = Array(readers)
  while let name = pending.popLast() {
    for case .byNameItem(let next, _) in package.targets.first(where: { $0.name == name })?
      .dependencies ?? []
    where readers.insert(next).inserted { pending.append(next) }
  }
  package.products = []
  package.targets =
    package.targets.filter { readers.contains($0.name) } + [
      .systemLibrary(name: "CFuzzer", path: "Tests/Fuzz/CFuzzer"),
      .executableTarget(
        name: "fuzz", dependencies: ["CFuzzer", "RNNImport", "RNNInterchange", "RNNSupport"],
        path: "Tests/Fuzz/Driver", swiftSettings: strict),
    ]
}

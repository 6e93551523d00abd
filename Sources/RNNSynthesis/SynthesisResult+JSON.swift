package import RNNSupport

extension SynthesisResult {
  /// The whole result; the same inputs and tools give the same bytes.
  package var json: JSONValue {
    .object([
      "formatVersion": 1, "design": .string(design), "device": .string(device.name),
      "yosys": .string(yosysVersion), "command": .string(family.command),
      "hierarchical": .bool(family.isHierarchical), "fits": .bool(fits),
      "weightsInBlockRAM": .bool(weightsAreInBlockRAM),
      "resources": .array(
        rows.map { row in
          .object([
            "resource": .string(row.resource), "estimate": .double(row.estimate),
            "yosys": .double(row.measured), "ratio": row.ratio.map(Self.rounded) ?? .null,
            "available": .double(row.available),
          ])
        }),
      "remarks": .array(remarks.map { .string($0) }),
      "modules": .array(
        modules.map { module in
          .object([
            "name": .string(module.name), "instances": .int(module.instances),
            "usageOfOne": Self.json(module.usage),
          ])
        }),
      "cells": .object(cells.map { .init($0.type, .int($0.count)) }),
      "cyclesPerFrame": .int(cyclesPerFrame),
      "placement": placement.map(json) ?? .null,
    ])
  }

  private func json(_ placement: Placement) -> JSONValue {
    let report = placement.report
    return .object([
      "tool": .string(placement.tool), "version": .string(placement.version),
      "target": .string(placement.target), "seed": .int(placement.seed),
      "wantedMegahertz": .double(placement.wantedMegahertz),
      "megahertz": Self.rounded(report.megahertz),
      "framesPerSecond": Self.rounded(report.megahertz * 1e6 / Double(cyclesPerFrame)),
      "serializer": Self.json(serializer), "bitstream": .string(placement.bitstream),
      "utilisation": .array(
        report.utilisation.map {
          .object([
            "part": .string($0.part), "used": .int($0.used), "available": .int($0.available),
          ])
        }),
      "criticalPath": .object([
        "cellNanoseconds": Self.rounded(report.delays.logic),
        "wireNanoseconds": Self.rounded(report.delays.routing),
        "units": .array(placement.units.map { .string($0) }),
        "pieces": .array(
          report.criticalPath.map {
            .object([
              "kind": .string($0.kind), "nanoseconds": Self.rounded($0.nanoseconds),
              "cell": .string($0.cell), "net": $0.net.map { .string($0) } ?? .null,
            ])
          }),
      ]),
    ])
  }

  private static func json(_ usage: ResourceUsage) -> JSONValue {
    .object([
      "multipliers": .int(usage.multipliers), "blockRAMs": .double(usage.blockRAMs),
      "luts": .int(usage.luts), "flipFlops": .int(usage.flipFlops),
    ])
  }

  private static func rounded(_ value: Double) -> JSONValue {
    .double((value * 1e3).rounded() / 1e3)
  }
}

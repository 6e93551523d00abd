import Foundation
import RNNEstimate
import RNNSupport
import Testing

/// A lane of three multipliers and a small control unit; every figure below is worked out by hand.
func exampleCounts() -> DesignCounts {
  DesignCounts(
    units: [
      UnitCounts(
        name: "lanes", multipliers: 3, multiplierWidths: MultiplierWidths(15, 13),
        multiplicationsPerFrame: 20,
        memories: [
          MemoryCounts(
            name: "weights", width: 45, depth: 7, count: 1, kind: .block, readsPerFrame: 7,
            writesPerFrame: 0),
          MemoryCounts(
            name: "state", width: 12, depth: 5, count: 2, kind: .distributed, readsPerFrame: 5,
            writesPerFrame: 4),
        ], registerBits: 40, adderBits: 0, lutEstimate: 0, scope: ["u_lane_"]),
      UnitCounts(
        name: "control",
        memories: [
          MemoryCounts(
            name: "table", width: 10, depth: 130, count: 1, kind: .rom, readsPerFrame: 6,
            writesPerFrame: 0)
        ], registerBits: 8, adderBits: 4, lutEstimate: 6, scope: ["u_core", "u_lanes_done"]),
    ], cyclesPerFrame: 10, latencyCycles: 14, usefulMultiplicationsPerFrame: 18,
    denseEquivalentOperationsPerFrame: 500)
}

func exampleActivity() -> ActivityRecord {
  ActivityRecord(
    design: "example", windowCycles: 30, windowFrames: 2, stimulus: "two frames",
    scopes: [
      .init(path: "top", registerBits: 5, registerToggles: 10, netBits: 5, netToggles: 0),
      .init(path: "top.u_core", registerBits: 10, registerToggles: 40, netBits: 20, netToggles: 60),
      .init(
        path: "top.u_core.u_lane_0.u_mac", registerBits: 50, registerToggles: 300, netBits: 0,
        netToggles: 0),
      .init(
        path: "top.u_core.u_lanes_done", registerBits: 0, registerToggles: 0, netBits: 10,
        netToggles: 30),
    ])
}

@Suite struct EnergyEstimateTests {
  @Test func everyEventIsCountedAndPricedOnce() throws {
    let device = try DeviceDescription.named("XCKU060")
    let estimate = EnergyEstimate(
      counts: exampleCounts(), device: device, activity: exampleActivity(),
      requiredFramesPerSecond: 100)
    let lanes = estimate.units[0]
    let control = estimate.units[1]
    func check(_ band: Band, _ expected: Double, _ what: Comment) {
      #expect(abs(band.value - expected) < 1e-9 * max(1, expected), what)
      #expect(band.low <= band.value && band.value <= band.high, what)
    }
    // 20 products in 3 x 10 block cycles.
    check(lanes.picojoules(on: .multipliers), 20 * 3.94 + 10 * 0.4, "multipliers")
    // 45 bits in two half blocks of 22.5 bits: one block at 45 of 72 bits; fixed share one half.
    check(
      lanes.picojoules(on: .blockRAM), 7 * 42.5 * (0.5 + 0.5 * 45 / 72) + 3 * 3.0, "block RAM")
    // In the three other cycles it would be accessed instead of idle.
    check(lanes.savedByEnables, 3 * (42.5 * (0.5 + 0.5 * 45 / 72) - 3.0), "enables")
    // 12 bits x 32 words / 48 bits = 8 LUTs a copy.
    check(lanes.picojoules(on: .lutMemory), 9 * 8 * 0.356, "LUT memory")
    // 300 toggles / 50 bits / 2 frames = 3 toggles per bit and frame.
    check(lanes.picojoules(on: .registers), 0.037 * (40 * 3 + 5 * 12 * 0.5), "registers")
    check(
      lanes.picojoules(on: .wiring),
      0.255 * (20 * 13 * 0.5 + 7 * 45 * 0.5 + 5 * 12 * 0.5 + 40 * 3), "wiring")
    // 24 read register bits of the LUT memories beside the 40.
    check(lanes.picojoules(on: .clock), (40 + 24) * 10 * 0.0274, "clock")
    check(lanes.picojoules(on: .logic), 0, "logic")
    check(lanes.idlePicojoulesPerCycle, 64 * 0.0274 + 3 * 0.4 + 1 * 3, "idle")
    // Control owns u_core, but not the lane in it, and u_lanes_done: registers 40/10/2 = 2,
    // nets (60 + 30)/(20 + 10)/2 = 1.5. `top` belongs to no unit.
    check(
      control.picojoules(on: .registers), 0.037 * (8 * 2 + 6 * 10 * 0.5), "control registers")
    check(control.picojoules(on: .logic), 6 * 1.5 * 1.4 * 0.27, "control logic")
    check(control.picojoules(on: .lutMemory), 6 * 10 * 3 * 0.27 * 0.5, "table")
    check(
      control.picojoules(on: .wiring), 0.255 * (6 * 10 * 0.5 + 8 * 2 + 6 * 1.5 * 1.4),
      "control wiring")
    // The parts are the whole.
    let parts = EnergyPart.allCases.map { estimate.picojoules(on: $0) }.total
    check(estimate.peak.activeMicrojoules, parts.value * 1e-6, "sum")
  }

  @Test func operatingPointsFollowFromRateAndClock() throws {
    let device = try DeviceDescription.named("XCKU060")
    let estimate = EnergyEstimate(
      counts: exampleCounts(), device: device, activity: nil, requiredFramesPerSecond: 100,
      clockMegahertz: 50)
    #expect(estimate.peak.framesPerSecond == 5e6)
    #expect(abs(estimate.peak.staticMicrojoules.value - 0.939 * 0.2) < 1e-12)
    let running = estimate.required[0]
    let stopped = estimate.required[1]
    #expect(running.clocking == .running && stopped.clocking == .stopped)
    let idle = estimate.units.map(\.idlePicojoulesPerCycle).total.value
    #expect(abs(running.idleMicrojoules.value - idle * (500_000 - 10) * 1e-6) < 1e-9)
    #expect(stopped.idleMicrojoules == .zero)
    #expect(stopped.activeMicrojoules == estimate.peak.activeMicrojoules)
    #expect(abs(stopped.staticMicrojoules.value - 9390) < 1e-9)
    #expect(
      abs(running.watts.value - 100e-6 * running.totalMicrojoules.value) < 1e-12)
    // At the peak rate itself there is no idle cycle; above it there is no answer.
    let tight = EnergyEstimate(
      counts: exampleCounts(), device: device, activity: nil, requiredFramesPerSecond: 5e6,
      clockMegahertz: 50)
    #expect(tight.required[0].idleMicrojoules.value == 0)
    let late = EnergyEstimate(
      counts: exampleCounts(), device: device, activity: nil, requiredFramesPerSecond: 5e6 + 1,
      clockMegahertz: 50)
    #expect(late.required.isEmpty)
  }

  @Test func withoutSimulationTheDefaultRateWidensTheBand() throws {
    let device = try DeviceDescription.named("XCKU060")
    let estimate = EnergyEstimate(
      counts: exampleCounts(), device: device, activity: nil, requiredFramesPerSecond: 100)
    #expect(estimate.units.allSatisfy { $0.activity == .assumed })
    let registers = estimate.units[0].picojoules(on: .registers)
    #expect(abs(registers.value - 0.037 * (40 * 10 * 0.125 + 60 * 0.5)) < 1e-12)
    #expect(abs(registers.high - 0.1 * (40 * 10 * 0.3 + 60 * 0.55)) < 1e-12)
  }

  @Test func unitsThatTheSimulationDoesNotKnowTakeTheMean() {
    var counts = exampleCounts()
    counts.units[0].scope = ["nowhere"]
    let activity = ActivityByUnit(counts: counts, record: exampleActivity())
    // The lane's scope now belongs to `u_core` around it.
    #expect(activity.units[0].origin == .designMean)
    #expect(activity.units[1].origin == .simulated)
    #expect(abs(activity.units[0].registerTogglesPerBit.value - 340.0 / 60 / 2) < 1e-12)
    #expect(abs(activity.units[0].netTogglesPerBit.value - 1.5) < 1e-12)
    #expect(abs((activity.matchedShare ?? 0) - 430.0 / 440) < 1e-12)
  }

  @Test(arguments: DeviceDescription.known.map(\.name))
  func bandsAreOrderedAndFiniteOnEveryDevice(name: String) throws {
    let device = try DeviceDescription.named(name)
    for activity in [nil, exampleActivity()] {
      let estimate = EnergyEstimate(
        counts: exampleCounts(), device: device, activity: activity, requiredFramesPerSecond: 100)
      let points = [estimate.peak] + estimate.required
      #expect(points.count == 3)
      for point in points {
        for band in [
          point.activeMicrojoules, point.idleMicrojoules, point.staticMicrojoules,
          point.totalMicrojoules, point.watts,
        ] {
          #expect(band.low.isFinite && band.high.isFinite && band.low >= 0)
          #expect(band.low <= band.value && band.value <= band.high)
        }
      }
      for item in estimate.units.flatMap(\.items) {
        #expect(item.eventsPerFrame > 0)
        #expect(device.energy.all.contains { $0.key == item.coefficient })
      }
    }
  }
}

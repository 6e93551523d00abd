internal import Foundation
internal import RNNSupport

extension SmallestDesign {
  /// Why no design reaches the bar, and what would: the fastest design, the clock, the device.
  ///
  /// Searches again, so it takes several times as long as the search that found nothing.
  func failure() throws -> DiagnosticsEmitted {
    for part in bar.parts {
      let alone = SmallestDesign(space, device: device, bar: part)
      if bar.parts.count > 1, try alone.search() != nil { continue }
      return try alone.failureOfOnePart()
    }
    let found = try bar.parts.compactMap {
      try SmallestDesign(space, device: device, bar: $0).fastest()
    }
    let texts = found.map { design in
      "\(rate(design.sustainedCyclesPerFrame)) frames/s with \(microseconds(Double(design.counts.latencyCycles))) microseconds"
    }
    return error(
      "framesPerSecond",
      "the rate and the latency can each be reached\(onDevice), but by no design together: the fastest has \(texts[0]), the quickest \(texts[1])",
      fix: "raise the clock, or ask for less of one of the two")
  }

  private var asksForRate: Bool { bar.framesPerSecond != nil }
  private var path: String { asksForRate ? "framesPerSecond" : "latency" }
  private var onDevice: String { device.map { " on \($0.name)" } ?? "" }

  private func failureOfOnePart() throws -> DiagnosticsEmitted {
    guard let fastest = try fastest() else {
      // Not even the smallest design fits: that error names the resource.
      let smallest = try Design(
        space.graph,
        options: space.options(
          .init(
            lanes: space.options.lanes.count ?? 1, groups: space.options.lanes.groups,
            step: space.options.lanes.step)))
      if let device { try smallest.requireFit(in: device) }
      return error(path, "no design agrees with the other options", fix: "leave them out")
    }
    let cycles = measure(fastest)
    let found = asksForRate ? "\(rate(cycles)) frames/s" : "\(microseconds(cycles)) microseconds"
    let wanted: String
    let clock: Double
    if let rate = bar.framesPerSecond {
      wanted = "no design reaches \(number(rate)) frames/s"
      clock = rate * cycles / 1e6
    } else {
      wanted = "no design has a latency of \(number(bar.latencyMicroseconds ?? 0)) microseconds"
      clock = cycles / (bar.latencyMicroseconds ?? 1)
    }
    var remedies = ["raise the clock to \(number((clock * 10).rounded(.up) / 10)) MHz"]
    let cause: String
    if let device, let larger = try search(mustFit: false) {
      let short = device.fit(of: larger.counts).filter { !$0.fits }.map {
        "\(number($0.used)) \($0.resource) of \(number($0.available))"
      }
      cause = "the smallest that does needs \(short.joined(separator: " and "))"
      if let other = try smallestDevice(otherThan: device) {
        remedies.append(
          "take \(other.name), the known device with the fewest multipliers that does")
      }
    } else {
      cause = "more hardware does not help: \(bottleneck(of: fastest)) is what takes so long"
    }
    remedies.append(asksForRate ? "ask for at most \(found)" : "allow \(found)")
    return error(
      path,
      """
      \(wanted)\(onDevice) at \(number(bar.clockMegahertz)) MHz: the fastest has \(found) (\(number(cycles)) cycles), and \
      \(cause)
      """, fix: remedies.joined(separator: ", or "))
  }

  /// What sets the pace of a design that no larger one beats.
  private func bottleneck(of design: Design) -> String {
    let timing = design.frameTiming
    if asksForRate {
      if !bar.allows(cyclesPerFrame: Double(timing.inputBeats)) {
        return "the input of \(timing.inputBeats) beats a frame (--input-beat)"
      }
      if !bar.allows(cyclesPerFrame: Double(timing.outputBeats + 1)) {
        return "the output of \(timing.outputBeats) beats a frame (--output-beat)"
      }
      return design.interface.streams == 1
        ? "the recurrence of one stream, which frames of others could fill (--streams),"
        : "the longest unit of the schedule"
    }
    return "the chain of products and pipelines from input to output"
  }

  /// The known device with the fewest multipliers on which a design reaches the bar.
  private func smallestDevice(otherThan device: DeviceDescription) throws -> DeviceDescription? {
    let known = DeviceDescription.known.enumerated().sorted {
      ($0.element.multiplier.count, $0.offset) < ($1.element.multiplier.count, $1.offset)
    }.map(\.element)
    for other in known where other.name != device.name {
      // Its fabric says how many registers a design has.
      var options = space.options
      options.device = other.name
      let space = try MappingSpace(space.graph, options: options)
      if try SmallestDesign(space, device: other, bar: bar).search() != nil { return other }
    }
    return nil
  }

  // MARK: - The fastest design

  private func measure(_ design: Design) -> Double {
    asksForRate ? design.sustainedCyclesPerFrame : Double(design.counts.latencyCycles)
  }

  /// The design that fits with the fewest cycles of what the bar asks for; nil if none fits.
  func fastest() throws -> Design? {
    let candidates = try self.candidates(mustFit: true).map { candidate in
      let (point, columns) = (candidate.point, candidate.columns)
      return (
        candidate: candidate,
        bound: asksForRate
          ? space.leastInterval(point, columns: columns)
          : space.leastLatency(point, columns: columns)
      )
    }
    var best: (design: Design, cycles: Double)?
    for (candidate, bound) in candidates.enumerated().sorted(by: {
      ($0.element.bound, $0.offset) < ($1.element.bound, $1.offset)
    }).map(\.element) {
      if let best, Double(bound) >= best.cycles { break }
      let designs = try designs(candidate) { least, latency in
        best.map { Double(asksForRate ? least : latency) < $0.cycles } ?? true
      }
      for design in designs where fits(design) {
        let cycles = measure(design)
        if cycles < best?.cycles ?? .infinity { best = (design, cycles) }
      }
    }
    return best?.design
  }

  // MARK: - Words

  private func rate(_ cycles: Double) -> Int { Int(saturating: bar.rate(cycles)) }
  private func microseconds(_ cycles: Double) -> String {
    number((cycles / bar.clockMegahertz * 1000).rounded(.up) / 1000)
  }
  private func number(_ value: Double) -> String {
    Figures.short(value, 3)
  }

  private func error(_ path: String, _ message: String, fix: String) -> DiagnosticsEmitted {
    DiagnosticsEmitted(
      Diagnostic(stage: "compile", path: "options.\(path)", message: message, fix: fix))
  }
}

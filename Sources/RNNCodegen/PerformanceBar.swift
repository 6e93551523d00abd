/// What a design must reach at the clock that is asked for.
struct PerformanceBar: Hashable {
  /// Frames a second at least, of all streams together; nil asks for none.
  var framesPerSecond: Double?
  /// Microseconds from the first input beat of a frame to its last output beat at most; nil allows any.
  var latencyMicroseconds: Double?
  var clockMegahertz: Double

  /// - Returns: nil if the options ask for neither a rate nor a latency.
  init?(_ options: CompileOptions) {
    guard options.framesPerSecond != nil || options.latencyMicroseconds != nil else { return nil }
    framesPerSecond = options.framesPerSecond
    latencyMicroseconds = options.latencyMicroseconds
    clockMegahertz = options.clockMegahertz
  }

  /// Frames a second, one every so many cycles.
  func rate(_ cyclesPerFrame: Double) -> Double { clockMegahertz * 1e6 / cyclesPerFrame }
  func microseconds(_ cycles: Int) -> Double { Double(cycles) / clockMegahertz }

  func allows(cyclesPerFrame cycles: Double) -> Bool {
    framesPerSecond.map { rate(cycles) >= $0 } ?? true
  }
  func allows(latencyCycles cycles: Int) -> Bool {
    latencyMicroseconds.map { microseconds(cycles) <= $0 } ?? true
  }

  /// The rate and the latency, each alone.
  var parts: [PerformanceBar] {
    var (rate, latency) = (self, self)
    rate.latencyMicroseconds = nil
    latency.framesPerSecond = nil
    return (framesPerSecond == nil ? [] : [rate]) + (latencyMicroseconds == nil ? [] : [latency])
  }
}

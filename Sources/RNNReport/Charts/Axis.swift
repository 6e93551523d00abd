internal import Foundation
internal import RNNSupport

/// Maps values to positions on a chart and picks round tick values.
struct Axis: Hashable, Sendable {
  enum Scale: Hashable, Sendable { case linear, logarithmic }
  let scale: Scale
  /// Ends of the axis; always apart, and above zero on a logarithmic axis.
  let low: Double
  let high: Double
  /// Positions of the two ends in pixels.
  let from: Double
  let to: Double

  /// An axis that shows all finite values.
  ///
  /// One value, or equal ones, get room around them. On a logarithmic axis values that are not positive are left
  /// out, and the ends go out to 1, 2 or 5 times a power of ten. Without any value the axis runs from 0 (or 0.1) to 1.
  init(
    _ scale: Scale, over values: [Double], including: [Double] = [], from: Double, to: Double,
    padding: Double = 0
  ) {
    let usable = (values + including).filter { $0.isFinite && (scale == .linear || $0 > 0) }
    var low = usable.min() ?? (scale == .linear ? 0 : 0.1)
    var high = usable.max() ?? 1
    switch scale {
    case .linear:
      if high - low <= 1e-12 * max(1, abs(high)) {
        let room = abs(high) > 0 ? abs(high) / 2 : 1
        if including.contains(low) { high += room } else { (low, high) = (low - room, high + room) }
      }
      let room = (high - low) * padding
      if !including.contains(low) { low -= room }
      if !including.contains(high) { high += room }
    case .logarithmic:
      low = Axis.round(low, up: false)
      high = Axis.round(high, up: true)
      if high <= low * 1.001 { (low, high) = (low / 2, high * 2) }
    }
    self.scale = scale
    self.low = low
    self.high = high
    self.from = from
    self.to = to
  }

  /// The next 1, 2 or 5 times a power of ten, at or beyond a positive value.
  private static func round(_ value: Double, up: Bool) -> Double {
    let power = pow(10, (log10(value) + (up ? -1e-9 : 1e-9)).rounded(.down))
    let steps = [1, 2, 5, 10].map { $0 * power }
    return up
      ? steps.first { $0 >= value * 0.999_999 } ?? value
      : steps.last { $0 <= value * 1.000_001 } ?? value
  }

  /// The position of a value; values outside go to the nearer end.
  func position(_ value: Double) -> Double {
    let share: Double
    switch scale {
    case .linear: share = (value - low) / (high - low)
    case .logarithmic:
      share = (log10(max(value, low)) - log10(low)) / (log10(high) - log10(low))
    }
    return from + min(1, max(0, share)) * (to - from)
  }

  /// Round values inside the axis, about `count` of them on a linear axis, one a decade on the other.
  func ticks(_ count: Int = 5) -> [Double] {
    switch scale {
    case .linear:
      let rough = (high - low) / Double(max(1, count))
      let power = pow(10, log10(rough).rounded(.down))
      let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? rough
      let first = (low / step - 1e-9).rounded(.up)
      let last = (high / step + 1e-9).rounded(.down)
      guard first <= last, last - first < 1000 else { return [low, high] }
      return stride(from: first, through: last, by: 1).map { $0 * step }
    case .logarithmic:
      let first = Int(saturating: (log10(low) + 1e-9).rounded(.down))
      let last = Int(saturating: (log10(high) + 1e-9).rounded(.down))
      let stride = max(1, (last - first + 6) / 7)
      let steps: [Double] = last - first < 2 ? [1, 2, 5] : [1]
      return Swift.stride(from: first, through: last, by: stride).flatMap { decade in
        steps.map { $0 * pow(10, Double(decade)) }
      }.filter { $0 >= low * 0.999 && $0 <= high * 1.001 }
    }
  }

  /// The text of a tick, with as many decimals as the step between ticks needs.
  func label(_ tick: Double, among ticks: [Double]) -> String {
    guard scale == .linear else {
      return tick >= 0.000_1 && tick < 1e6
        ? Figures.text(tick, digits: 1)
        : String(format: "1e%d", Int(saturating: log10(tick).rounded()))
    }
    guard ticks.count > 1 else { return Figures.text(tick) }
    let step = abs(ticks[1] - ticks[0])
    let decimals = max(0, min(9, Int(saturating: (-log10(step) + 1e-9).rounded(.up))))
    if abs(tick) >= 1e9 { return String(format: "%.3g", tick) }
    if decimals == 0 { return Figures.text(Int(saturating: tick.rounded())) }
    let text = String(format: "%.\(decimals)f", tick)
    return text.allSatisfy({ "-0.".contains($0) }) ? "0" : text
  }
}

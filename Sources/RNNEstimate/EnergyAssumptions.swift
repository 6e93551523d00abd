package import RNNSupport

/// What the energy model assumes besides the coefficients of a device.
///
/// All are of kind `assumed`: no published figure was found. They are listed with every estimate.
package enum EnergyAssumptions {
  /// Toggles per bit and cycle where no simulation counted them.
  package static let toggleRate = BandedValue(
    0.125, low: 0.03, high: 0.3, kind: .assumed,
    source: "vendor tools' default of 12.5 percent; used only where no simulation counted toggles")

  /// Share of the bits of a word that change between two words in succession.
  package static let dataToggleShare = BandedValue(
    0.5, low: 0.25, high: 0.55, kind: .assumed,
    source: "independent random words change half their bits; correlated words fewer")

  /// Toggles of a combinational net within a cycle over those that remain when it has settled.
  package static let glitchFactor = BandedValue(
    1.4, low: 1, high: 3, kind: .assumed,
    source: "the simulation samples settled values once a cycle, so it sees no glitches; "
      + "pipelined logic of one or two adders between registers has few")

  /// Every assumption with its key and unit, in a fixed order.
  package static let all: [(key: String, unit: String, figure: BandedValue)] = [
    ("toggleRate", "toggles per bit and cycle", toggleRate),
    ("dataToggleShare", "share of a word's bits", dataToggleShare),
    ("glitchFactor", "factor on combinational toggles", glitchFactor),
  ]
}

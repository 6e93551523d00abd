package import RNNSupport

/// How audio becomes feature vectors; every key of `frontEnd` in `model.json` and `experiment.json`.
package struct FrontEndConfiguration: Hashable, Sendable {
  /// Samples per second of the audio.
  package var sampleRate: Int
  /// Length of a frame's window in ms; a whole number of samples.
  package var windowMilliseconds: Double
  /// Distance of two frames in ms; a whole number of samples.
  package var hopMilliseconds: Double
  /// Points of the Fourier transform: a power of two, at least the window.
  package var fftSize: Int
  /// Triangular filters between the two frequencies.
  package var melBands: Int
  /// Lower edge of the first filter in Hz.
  package var minFrequency: Double
  /// Upper edge of the last filter in Hz, at most half the sample rate.
  package var maxFrequency: Double
  /// a of y[n] = x[n] - a x[n - 1]; 0 for none.
  package var preEmphasis: Double
  /// The least power whose logarithm is taken; full-scale audio has power about 1 per bin.
  package var logFloor: Double
  /// Cepstral coefficients kept after a DCT of the log-mel bands; 0 leaves the bands themselves.
  package var cepstra: Int
  /// 0: none; 1: first differences over time appended; 2: second differences too.
  package var deltas: Int
  /// Subtracts the mean over the utterance from every band or cepstrum.
  ///
  /// It needs the whole utterance before the first frame, so it does not suit a stream.
  package var utteranceMean: Bool

  package init(
    sampleRate: Int = 8000, windowMilliseconds: Double = 25, hopMilliseconds: Double = 10,
    fftSize: Int = 256, melBands: Int = 24, minFrequency: Double = 100,
    maxFrequency: Double = 4000, preEmphasis: Double = 0.97, logFloor: Double = 1e-6,
    cepstra: Int = 0, deltas: Int = 0, utteranceMean: Bool = false
  ) {
    self.sampleRate = sampleRate
    self.windowMilliseconds = windowMilliseconds
    self.hopMilliseconds = hopMilliseconds
    self.fftSize = fftSize
    self.melBands = melBands
    self.minFrequency = minFrequency
    self.maxFrequency = maxFrequency
    self.preEmphasis = preEmphasis
    self.logFloor = logFloor
    self.cepstra = cepstra
    self.deltas = deltas
    self.utteranceMean = utteranceMean
  }

  /// Samples per window; meaningful for a valid configuration.
  package var windowSamples: Int {
    Int(saturating: (windowMilliseconds * Double(sampleRate) / 1000).rounded())
  }
  /// Samples between two frames; meaningful for a valid configuration.
  package var hopSamples: Int {
    Int(saturating: (hopMilliseconds * Double(sampleRate) / 1000).rounded())
  }
  /// Features per frame.
  package var featureCount: Int { (cepstra > 0 ? cepstra : melBands) * (1 + deltas) }
  /// Frames per second.
  package var frameRate: Double { Double(sampleRate) / Double(hopSamples) }

  /// Appends one error per impossible value; `path` is the place of the configuration in its file.
  package func validate(path: String, into sink: inout DiagnosticSink) {
    let before = sink.diagnostics.count
    func check(_ holds: Bool, _ key: String, _ message: String, _ fix: String) {
      if !holds { sink.error("\(path)/\(key)", message, fix: fix) }
    }
    check(
      (1000...768_000).contains(sampleRate), "sampleRate",
      "a rate of \(sampleRate) Hz is impossible",
      "use 1000 to 768000")
    for (key, ms) in [
      ("windowMilliseconds", windowMilliseconds), ("hopMilliseconds", hopMilliseconds),
    ] {
      let samples = ms * Double(sampleRate) / 1000
      check(
        ms > 0 && ms <= 1000 && abs(samples - samples.rounded()) < 1e-9 && samples.rounded() >= 1,
        key, "\(ms) ms at \(sampleRate) Hz are \(samples) samples",
        "use at most 1000 ms that make a whole number of samples")
    }
    check(
      fftSize >= 4 && fftSize <= 65536 && fftSize.nonzeroBitCount == 1, "fftSize",
      "\(fftSize) points are not supported", "use a power of two from 4 to 65536")
    check(
      (1...1024).contains(melBands), "melBands", "\(melBands) bands are not supported",
      "use 1 to 1024")
    check(
      minFrequency >= 0 && minFrequency < maxFrequency, "minFrequency",
      "\(minFrequency) Hz is not between 0 and maxFrequency = \(maxFrequency) Hz",
      "use a smaller value")
    check(
      maxFrequency <= Double(sampleRate) / 2, "maxFrequency",
      "\(maxFrequency) Hz exceeds half the sample rate", "use at most \(Double(sampleRate) / 2)")
    check(
      preEmphasis >= 0 && preEmphasis < 1, "preEmphasis", "\(preEmphasis) is outside [0, 1)",
      "use 0 for none or 0.97")
    check(
      logFloor > 0 && logFloor < 1, "logFloor", "\(logFloor) is outside (0, 1)", "use 1e-6")
    check(
      (0...max(0, melBands)).contains(cepstra), "cepstra",
      "\(cepstra) cepstra cannot be made of \(melBands) bands", "use 0 to \(melBands)")
    check((0...2).contains(deltas), "deltas", "order \(deltas) is not supported", "use 0, 1 or 2")
    if sink.diagnostics.count > before { return }
    check(
      windowSamples <= fftSize, "fftSize",
      "\(fftSize) points are fewer than the \(windowSamples) samples of the window",
      "use a greater power of two")
    let empty = LogMelFrontEnd.filters(self).firstIndex { $0.weights.isEmpty }
    if let empty {
      check(
        false, "melBands", "band \(empty) of \(melBands) lies between two points of the transform",
        "use fewer bands or a greater fftSize")
    }
  }
}

/// The mean and standard deviation of every feature, measured once over the training data.
package struct FeatureNormalisation: Hashable, Sendable {
  package var mean: [Double]
  /// Positive; 1 for a feature that never changes.
  package var deviation: [Double]
  package init(mean: [Double], deviation: [Double]) {
    self.mean = mean
    self.deviation = deviation
  }

  /// Measures unnormalised sequences, each row-major `[frames][features]`; there must be a frame.
  package init(fitting sequences: [[Float]], features: Int) {
    let frames = sequences.reduce(0) { $0 + $1.count / features }
    precondition(frames > 0, "normalisation needs at least one frame")
    var mean = [Double](repeating: 0, count: features)
    for sequence in sequences {
      for (i, x) in sequence.enumerated() { mean[i % features] += Double(x) }
    }
    for f in 0..<features { mean[f] /= Double(frames) }
    var variance = [Double](repeating: 0, count: features)
    for sequence in sequences {
      for (i, x) in sequence.enumerated() {
        let d = Double(x) - mean[i % features]
        variance[i % features] += d * d
      }
    }
    self.mean = mean
    deviation = variance.map { v in
      let s = (v / Double(frames)).squareRoot()
      return s > 1e-8 ? s : 1
    }
  }

  /// (x - mean) / deviation, in place, for a row-major `[frames][features]`.
  package func apply(to sequence: inout [Float]) {
    let scale = deviation.map { 1 / $0 }
    let features = mean.count
    for i in sequence.indices {
      let f = i % features
      sequence[i] = Float((Double(sequence[i]) - mean[f]) * scale[f])
    }
  }
}

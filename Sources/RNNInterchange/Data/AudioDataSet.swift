package import Foundation
internal import RNNSupport

/// A list of labelled audio files, split into training and test data.
package struct AudioDataSet: Hashable, Sendable {
  /// What a recording is for.
  package enum Split: String, Hashable, Sendable, CaseIterable { case train, test }
  /// One recording.
  package struct Item: Hashable, Sendable {
    package var url: URL
    /// An index into `classes`.
    package var label: Int
    package var split: Split
    package init(url: URL, label: Int, split: Split) {
      self.url = url
      self.label = label
      self.split = split
    }
  }
  package var classes: [String]
  /// In an order that depends on names only.
  package var items: [Item]
  package init(classes: [String], items: [Item]) {
    self.classes = classes
    self.items = items
  }
  /// The recordings of one part, in the order of the list.
  package func items(_ split: Split) -> [Item] { items.filter { $0.split == split } }

  /// Lists a folder of `{digit}_{speaker}_{index}.wav` (Free Spoken Digit Dataset), by digit, speaker, index.
  ///
  /// - Parameter testIndicesBelow: recordings with a smaller index are test data; the data set's rule is 5.
  /// - Throws: `ToolError` if the folder cannot be read; `DiagnosticsEmitted` if a WAV file has another name,
  ///   or if there is no training or no test file.
  package static func spokenDigits(folder: URL, testIndicesBelow: Int = 5) throws -> AudioDataSet {
    var sink = DiagnosticSink(stage: "data")
    var found: [(digit: Int, speaker: String, index: Int, url: URL)] = []
    for name in try names(in: folder) where name.lowercased().hasSuffix(".wav") {
      let parts = name.dropLast(4).split(separator: "_", omittingEmptySubsequences: false)
      guard parts.count == 3, let digit = Int(parts[0]), (0...9).contains(digit), !parts[1].isEmpty,
        let index = Int(parts[2]), index >= 0
      else {
        sink.error(
          folder.appendingPathComponent(name).path,
          "the name is not {digit}_{speaker}_{index}.wav",
          fix: "rename the file, move it away, or list the data in a manifest")
        continue
      }
      found.append((digit, String(parts[1]), index, folder.appendingPathComponent(name)))
    }
    found.sort { ($0.digit, $0.speaker, $0.index) < ($1.digit, $1.speaker, $1.index) }
    let items = found.map {
      Item(url: $0.url, label: $0.digit, split: $0.index < testIndicesBelow ? .test : .train)
    }
    let set = AudioDataSet(classes: (0...9).map(String.init), items: items)
    set.checkSplits(path: folder.path, into: &sink)
    try sink.throwIfErrors()
    return set
  }

  /// Reads a manifest: tab-separated lines `path label split`, paths relative to the manifest.
  ///
  /// The first line is the header `path<TAB>label<TAB>split`. Classes are the labels in sorted order.
  ///
  /// - Throws: `ToolError` if the file cannot be read; `DiagnosticsEmitted` with every bad line.
  package static func manifest(_ url: URL) throws -> AudioDataSet {
    var sink = DiagnosticSink(stage: "data")
    let folder = url.deletingLastPathComponent()
    guard let text = String(data: try AtomicFile.read(url), encoding: .utf8) else {
      sink.error(url.path, "it is not UTF-8 text", fix: "save it as UTF-8")
      throw DiagnosticsEmitted(sink.diagnostics)
    }
    var rows: [(path: String, label: String, split: Split)] = []
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (i, line) in lines.enumerated() {
      if line.isEmpty { continue }
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      let place = "\(url.path):\(i + 1)"
      if i == 0 {
        if cells != ["path", "label", "split"] {
          sink.error(
            place, "the header is \"\(line)\"", fix: "start with path, label, split between tabs")
        }
        continue
      }
      guard cells.count == 3, !cells[0].isEmpty, !cells[1].isEmpty else {
        sink.error(
          place, "\(cells.count) cells instead of path, label, split", fix: "separate with tabs")
        continue
      }
      guard let split = Split(rawValue: cells[2]) else {
        sink.error(place, "split \"\(cells[2])\" is unknown", fix: "write train or test")
        continue
      }
      rows.append((cells[0], cells[1], split))
    }
    let classes = Set(rows.map(\.label)).sorted()
    let items = rows.map { row in
      Item(
        url: URL(fileURLWithPath: row.path, relativeTo: folder).absoluteURL,
        label: classes.firstIndex(of: row.label) ?? 0, split: row.split)
    }
    let set = AudioDataSet(classes: classes, items: items)
    if sink.diagnostics.isEmpty { set.checkSplits(path: url.path, into: &sink) }
    try sink.throwIfErrors()
    return set
  }

  private func checkSplits(path: String, into sink: inout DiagnosticSink) {
    if items.isEmpty {
      sink.error(path, "there are no WAV files", fix: "give the folder that holds the recordings")
      return
    }
    for split in Split.allCases where !items.contains(where: { $0.split == split }) {
      sink.error(
        path, "no file belongs to the \(split.rawValue) data", fix: "add files or change the split")
    }
  }
  private static func names(in folder: URL) throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    } catch {
      let exists = FileManager.default.fileExists(atPath: folder.path)
      throw ToolError(
        .file,
        "cannot list \(folder.path): \(exists ? "no readable folder" : "no such folder")",
        hint: "check the path of the data")
    }
  }

  /// Reads the audio of one split and computes its features, on all cores; the result does not depend on them.
  ///
  /// - Throws: `DiagnosticsEmitted` with a finding for every bad file.
  package func load(_ split: Split, frontEnd: LogMelFrontEnd) throws -> LabelledSequences {
    let chosen = items(split)
    let results = concurrentMap(chosen) { item in
      Result {
        let wave = try WaveFile.read(item.url, sampleRate: frontEnd.configuration.sampleRate)
        return try frontEnd.features(wave.samples, path: item.url.path)
      }
    }
    var findings: [Diagnostic] = []
    var sequences: [[Float]] = []
    for result in results {
      switch result {
      case .success(let features): sequences.append(features)
      case .failure(let error as DiagnosticsEmitted): findings += error.diagnostics
      case .failure(let error): throw error
      }
    }
    if !findings.isEmpty { throw DiagnosticsEmitted(findings) }
    return LabelledSequences(
      featureCount: frontEnd.featureCount, sequences: sequences, labels: chosen.map(\.label),
      names: chosen.map(\.url.lastPathComponent), classes: classes)
  }
}

/// Maps on all cores; results are in the order of the elements.
func concurrentMap<T: Sendable, R: Sendable>(_ elements: [T], _ transform: @Sendable (T) -> R)
  -> [R]
{
  let slots = ResultSlots<R>(count: elements.count)
  DispatchQueue.concurrentPerform(iterations: elements.count) { i in
    slots[i] = transform(elements[i])
  }
  return slots.all
}

/// One slot per element; concurrent calls write different slots, so no lock is needed.
private final class ResultSlots<R: Sendable>: @unchecked Sendable {
  private let buffer: UnsafeMutableBufferPointer<R?>
  init(count: Int) {
    buffer = .allocate(capacity: count)
    buffer.initialize(repeating: nil)
  }
  deinit {
    buffer.deinitialize()
    buffer.deallocate()
  }
  subscript(i: Int) -> R? {
    get { buffer[i] }
    set { buffer[i] = newValue }
  }
  var all: [R] { buffer.compactMap { $0 } }
}

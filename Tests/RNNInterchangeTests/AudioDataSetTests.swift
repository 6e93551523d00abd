import Foundation
import RNNInterchange
import RNNSupport
import Testing
import _RNNTestSupport

@Suite struct AudioDataSetTests {
  static let folder = packageRoot.appendingPathComponent("Examples/digits/recordings")
  static let tone = WaveFile(
    sampleRate: 8000, samples: (0..<400).map { sin(Float($0) * 0.3) / 2 }
  ).data

  @Test func theExampleFollowsTheRuleOfTheDataSet() throws {
    let set = try AudioDataSet.spokenDigits(folder: Self.folder)
    #expect(set.classes == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])
    #expect(set.items(.train).count == 720)
    #expect(set.items(.test).count == 120)
    for item in set.items {
      let parts = item.url.deletingPathExtension().lastPathComponent.split(separator: "_")
      #expect(String(item.label) == parts[0])
      #expect((item.split == .test) == (Int(parts[2])! < 5))
    }
    for label in 0..<10 {
      #expect(set.items(.train).filter { $0.label == label }.count == 72)
    }
  }

  @Test func orderAndFeaturesDependOnNamesOnly() throws {
    try withTemporaryFolder { folder in
      // Created out of order; 10 follows 9 by number, not by text.
      for name in ["1_b_10", "1_b_9", "0_z_5", "1_a_4", "0_z_0"] {
        try AtomicFile.write(Self.tone, to: folder.appendingPathComponent("\(name).wav"))
      }
      let set = try AudioDataSet.spokenDigits(folder: folder)
      #expect(
        set.items.map { $0.url.deletingPathExtension().lastPathComponent }
          == ["0_z_0", "0_z_5", "1_a_4", "1_b_9", "1_b_10"])
      let frontEnd = try LogMelFrontEnd(FrontEndConfiguration())
      let train = try set.load(.train, frontEnd: frontEnd)
      #expect(train.names == ["0_z_5.wav", "1_b_9.wav", "1_b_10.wav"])
      #expect(train.labels == [0, 1, 1])
      #expect(train.sequences.map(\.count) == [72, 72, 72])
      #expect(try set.load(.train, frontEnd: frontEnd).sequences == train.sequences)
    }
  }

  @Test func everyBadFileIsReported() throws {
    try withTemporaryFolder { folder in
      for name in ["0_z_5", "1_b_9", "0_z_0"] {
        try AtomicFile.write(Self.tone, to: folder.appendingPathComponent("\(name).wav"))
      }
      try AtomicFile.write(Self.tone.prefix(60), to: folder.appendingPathComponent("1_b_9.wav"))
      try AtomicFile.write("x", to: folder.appendingPathComponent("0_z_5.wav"))
      let set = try AudioDataSet.spokenDigits(folder: folder)
      let text = errorText {
        try set.load(.train, frontEnd: LogMelFrontEnd(FrontEndConfiguration()))
      }
      #expect(text.split(separator: "\n").count == 2)
      #expect(text.contains("1_b_9.wav: truncated") && text.contains("0_z_5.wav: not a WAV"))

      try AtomicFile.write(Self.tone, to: folder.appendingPathComponent("seven.wav"))
      expectDiagnostic("seven.wav", "{digit}_{speaker}_{index}.wav") {
        try AudioDataSet.spokenDigits(folder: folder)
      }
    }
    try withTemporaryFolder { folder in
      expectDiagnostic("there are no WAV files") { try AudioDataSet.spokenDigits(folder: folder) }
      try AtomicFile.write(Self.tone, to: folder.appendingPathComponent("0_z_5.wav"))
      expectDiagnostic("no file belongs to the test data") {
        try AudioDataSet.spokenDigits(folder: folder)
      }
      let none = folder.appendingPathComponent("none")
      #expect(errorText { try AudioDataSet.spokenDigits(folder: none) }.contains("no such folder"))
    }
  }

  @Test func manifestsNameFilesLabelsAndSplits() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("data.tsv")
      try AtomicFile.write(
        "path\tlabel\tsplit\r\nb.wav\tyes\ttrain\r\nsub/a.wav\tno\ttest\r\n", to: url)
      let set = try AudioDataSet.manifest(url)
      #expect(set.classes == ["no", "yes"])
      #expect(set.items.map(\.label) == [1, 0])
      #expect(set.items.map(\.split) == [.train, .test])
      #expect(set.items[1].url.path == folder.appendingPathComponent("sub/a.wav").path)
      for (text, message) in [
        ("file\tlabel\n", "data.tsv:1: the header is"),
        ("path\tlabel\tsplit\nb.wav\tyes\n", "data.tsv:2: 2 cells"),
        ("path\tlabel\tsplit\nb.wav\tyes\tdev\n", "data.tsv:2: split \"dev\" is unknown"),
        ("path\tlabel\tsplit\nb.wav\tyes\ttest\n", "no file belongs to the train data"),
      ] {
        try AtomicFile.write(text, to: url)
        expectDiagnostic(message) { try AudioDataSet.manifest(url) }
      }
    }
  }
}

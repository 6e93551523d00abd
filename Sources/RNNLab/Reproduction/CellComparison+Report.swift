internal import RNNLearning
internal import RNNReport
internal import RNNSupport

extension CellComparison {
  /// The training loss of every epoch, averaged over the seeds.
  func curves(_ runs: [[Run]], name: String, title: String, caption: String)
    -> ReproductionReport.Picture
  {
    ReproductionReport.Picture(
      name: name, caption: caption,
      chart: LineChart(
        title: title, x: "epoch", y: "training cross entropy, nats",
        series: variants.indices.map { v in
          LineChart.Series(
            variants[v].label,
            (0..<(runs[v].first?.curve.count ?? 0)).map { e in
              (x: Double(e + 1), y: Statistics.mean(runs[v].map { $0.curve[e].loss }))
            }, group: v)
        }))
  }

  /// A row a variant: weights, the epochs below a threshold and the final accuracy of every seed, and their mean.
  func table(_ runs: [[Run]], title: String, threshold: Double) -> ReproductionReport.Table {
    ReproductionReport.Table(
      title: title,
      columns: [
        "cell", "weights", "epochs to loss < \(threshold)", "test accuracy, %", "mean, %",
      ],
      rows: variants.indices.map { v in
        [
          variants[v].label, "\(variants[v].network.storedCount)",
          runs[v].map { $0.epoch(below: threshold).map { "\($0)" } ?? "never" }
            .joined(separator: ", "),
          runs[v].map { Figures.fixed(100 * $0.test.metric, 1) }.joined(separator: ", "),
          Figures.fixed(100 * runs[v].meanAccuracy, 1),
        ]
      })
  }

  func json(_ runs: [[Run]]) -> [JSONValue] {
    variants.indices.flatMap { v in
      runs[v].map { run in
        .object([
          "task": .string(name), "cell": .string(variants[v].label),
          "seed": .int(Int(run.seed)), "testAccuracy": .double(run.test.metric),
          "testLoss": .double(run.test.loss),
          "trainingLoss": .array(run.curve.map { .double($0.loss) }),
        ])
      }
    }
  }
}

/// The first epoch below a threshold as text: a median may lie between two epochs.
func epochText(_ epoch: Double?) -> String {
  guard let epoch else { return "never" }
  return epoch == epoch.rounded() ? epoch.compactText : Figures.fixed(epoch, 1)
}

/// How many seeds, in words of a sentence.
func seedText(_ count: Int) -> String { count == 1 ? "one seed" : "\(count) seeds" }

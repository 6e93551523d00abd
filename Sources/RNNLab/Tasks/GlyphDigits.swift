internal import Foundation
package import RNNLearning
internal import RNNSupport

/// Digits of a 5 x 7 font, turned, stretched and moved at random, with noise: 12 x 12 pixels in 0...1.
///
/// A stand-in for MNIST that needs no download and trains in a minute. Read pixel by pixel, an image is a
/// sequence of 144 steps of one feature, row by row (`raster`) or in one fixed random order (`permuted`);
/// read row by row (`rows`), one of 12 steps of 12 features.
package struct GlyphDigits: Sendable {
  /// The order in which the pixels of an image are read.
  package enum Order: String, Sendable, CaseIterable {
    case raster, permuted, rows
  }
  package static let side = 12
  package let training: SequenceSet
  package let test: SequenceSet

  /// Draws the images; equal seeds give the same images in every order.
  package init(order: Order, training: Int = 2000, test: Int = 1000, seed: UInt64 = 12345) {
    let root = SplitMix64(seed: seed)
    var places = Array(0..<Self.side * Self.side)
    if order == .permuted {
      var generator = root.fork("permutation")
      generator.shuffle(&places)
    }
    func set(_ name: String, _ count: Int) -> SequenceSet {
      var generator = root.fork(name)
      var sequences: [[Float]] = []
      var labels: [Int] = []
      for _ in 0..<count {
        let digit = generator.below(10)
        let image = Self.image(digit, &generator)
        sequences.append(places.map { image[$0] })
        labels.append(digit)
      }
      return SequenceSet(
        features: order == .rows ? Self.side : 1, sequences: sequences, labels: labels)
    }
    self.training = set("training", training)
    self.test = set("test", test)
  }

  /// One picture of a digit, row by row.
  static func image(_ digit: Int, _ generator: inout SplitMix64) -> [Float] {
    let glyph = font[digit].map { row in row.map { $0 == "#" ? 1.0 : 0 } }
    func ink(_ row: Int, _ column: Int) -> Double {
      glyph.indices.contains(row) && glyph[row].indices.contains(column) ? glyph[row][column] : 0
    }
    let angle = generator.uniform(-0.1, 0.1)
    let shear = generator.uniform(-0.1, 0.1)
    let (wide, high) = (generator.uniform(1.3, 1.5), generator.uniform(1.3, 1.5))
    let (moveX, moveY) = (generator.uniform(-0.5, 0.5), generator.uniform(-0.5, 0.5))
    let (c, s) = (cos(angle), sin(angle))
    let middle = Double(side - 1) / 2
    var image: [Float] = []
    for y in 0..<side {
      for x in 0..<side {
        let (dx, dy) = (Double(x) - middle - moveX, Double(y) - middle - moveY)
        // Backwards from the picture into the font: turn, shear, stretch.
        let (turnedX, turnedY) = (c * dx + s * dy, c * dy - s * dx)
        let column = (turnedX + shear * turnedY) / wide + 2
        let row = turnedY / high + 3
        let (left, top) = (column.rounded(.down), row.rounded(.down))
        let (fx, fy) = (column - left, row - top)
        let (i, j) = (Int(top), Int(left))
        let value =
          (1 - fy) * ((1 - fx) * ink(i, j) + fx * ink(i, j + 1))
          + fy * ((1 - fx) * ink(i + 1, j) + fx * ink(i + 1, j + 1))
        image.append(Float(min(1, max(0, value + generator.uniform(-0.1, 0.1)))))
      }
    }
    return image
  }

  private static let font: [[String]] = [
    [".###.", "#...#", "#..##", "#.#.#", "##..#", "#...#", ".###."],
    ["..#..", ".##..", "..#..", "..#..", "..#..", "..#..", ".###."],
    [".###.", "#...#", "....#", "...#.", "..#..", ".#...", "#####"],
    ["#####", "...#.", "..#..", "...#.", "....#", "#...#", ".###."],
    ["...#.", "..##.", ".#.#.", "#..#.", "#####", "...#.", "...#."],
    ["#####", "#....", "####.", "....#", "....#", "#...#", ".###."],
    ["..##.", ".#...", "#....", "####.", "#...#", "#...#", ".###."],
    ["#####", "....#", "...#.", "..#..", ".#...", ".#...", ".#..."],
    [".###.", "#...#", "#...#", ".###.", "#...#", "#...#", ".###."],
    [".###.", "#...#", "#...#", ".####", "....#", "...#.", ".##.."],
  ]
}

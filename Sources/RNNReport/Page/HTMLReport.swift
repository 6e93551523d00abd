internal import RNNEstimate
internal import RNNSupport

/// The report of a build as one HTML page without scripts and without references to other files.
///
/// The same model gives the same bytes. Pictures come first, their numbers follow as tables.
package struct HTMLReport: Sendable {
  package let model: ReportModel
  /// What every page begins with.
  package static let beginning = "<!DOCTYPE html>"

  package init(_ model: ReportModel) { self.model = model }

  /// The page's text, which is also well-formed XML.
  package var html: String {
    let sections: [Markup?] = [
      headline, accuracy, learning, residuals, cycles, energy, resources, formats, activations,
      cosim, provenance,
    ]
    let main: [Markup] =
      [
        .element(
          "header", [:],
          [
            .element("h1", text: model.title),
            .element("p", ["class": "lead"], text: model.summary),
          ])
      ] + sections.compactMap { $0 } + [footer]
    let page = Markup.element(
      "html", ["lang": "en"],
      [
        .element(
          "head", [:],
          [
            .element("meta", ["charset": "utf-8"]),
            .element(
              "meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
            .element("title", text: model.title),
            .element("style", text: ReportStyle.css),
          ]),
        .element("body", [:], [.element("main", [:], main)]),
      ])
    return Self.beginning + "\n" + page.html + "\n"
  }

  // MARK: Building blocks

  func section(_ title: String, _ children: [Markup]) -> Markup {
    .element("section", [:], [.element("h2", text: title)] + children)
  }

  func paragraph(_ text: String, _ style: String = "note") -> Markup {
    .element("p", ["class": style], text: text)
  }

  /// One block a network, side by side where there is room.
  func pair(_ make: (NetworkReport) -> [Markup]) -> Markup {
    .element(
      "div", ["class": "pair"],
      model.networks.map { network in
        .element(
          "div", ["class": "column"], [.element("h3", text: network.name)] + make(network))
      })
  }

  func figure(_ picture: Markup, caption: String, wide: Bool = false) -> Markup {
    .element(
      "figure", [:],
      [
        .element("div", ["class": wide ? "scroll wide" : "scroll"], [picture]),
        .element("figcaption", text: caption),
      ])
  }

  /// A table; columns in `words` are text, all others are figures and go to the right.
  func table(_ header: [String], _ rows: [[String]], words: Set<Int> = [0]) -> Markup {
    func cell(_ name: String, _ column: Int, _ text: String) -> Markup {
      let style = !words.contains(column) ? "num" : text.count > 60 ? "long" : ""
      return style.isEmpty
        ? .element(name, text: text) : .element(name, ["class": style], text: text)
    }
    return .element(
      "div", ["class": "scroll"],
      [
        .element(
          "table", [:],
          [
            .element(
              "thead", [:],
              [.element("tr", [:], header.enumerated().map { cell("th", $0.offset, $0.element) })]),
            .element(
              "tbody", [:],
              rows.map { row in
                .element(
                  "tr", [:],
                  row.enumerated().map { cell($0.offset == 0 ? "th" : "td", $0.offset, $0.element) }
                )
              }),
          ])
      ])
  }

  func details(_ summary: String, _ children: [Markup]) -> Markup {
    .element("details", [:], [.element("summary", text: summary)] + children)
  }

  /// A legend of coloured boxes with a number or a short text in each.
  func keys(_ entries: [(mark: String, colour: String, text: String)]) -> Markup {
    .element(
      "ul", ["class": "keys"],
      entries.map { entry in
        .element(
          "li", [:],
          [
            .element(
              "span",
              [
                "class": "swatch",
                "style": "background:\(entry.colour);color:\(Palette.inkOn(entry.colour))",
              ], text: entry.mark),
            .text(entry.text),
          ])
      })
  }

  /// A legend of marks.
  func marks(_ entries: [(index: Int, colour: String, text: String)]) -> Markup {
    .element(
      "ul", ["class": "keys"],
      entries.map { entry in
        var canvas = Canvas(width: 16, height: 16, title: entry.text)
        Mark.draw(entry.index, x: 8, y: 8, colour: entry.colour, on: &canvas)
        return .element("li", [:], [canvas.markup, .text(entry.text)])
      })
  }

  let estimateLabel = Markup.element("span", ["class": "estimate"], text: "ESTIMATE")

  /// Colours and numbers of the units of one network; the same unit has the same colour in each network.
  func styles(_ network: NetworkReport) -> UnitStyles {
    let all = model.networks.flatMap { unitNames($0) }
    return UnitStyles(unitNames(network), among: all)
  }

  private func unitNames(_ network: NetworkReport) -> [String] {
    (network.energy?.counts.units.map(\.name) ?? []) + (network.design?.timeline.map(\.row) ?? [])
  }

  private var footer: Markup {
    .element(
      "footer", [:],
      [
        paragraph(
          "Accuracy and mismatches are counted. Cycles are counted in simulation of the emitted Verilog. "
            + "Clock rates of devices without place and route are assumptions. Energy and resources are "
            + "estimates for the chip alone; their method is in docs/evidence/energy-method.md.")
      ])
  }
}

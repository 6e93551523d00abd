/// A node of an HTML page: an element or a text.
///
/// Building pages from nodes keeps tags balanced and texts escaped. The print is also well-formed XML.
package indirect enum Markup: Hashable, Sendable {
  /// A name and its value, which is escaped when it is printed.
  package struct Attribute: Hashable, Sendable {
    package var name: String
    package var value: String
  }
  case element(String, [Attribute], [Markup])
  case text(String)
  /// Nodes without an element around them.
  case group([Markup])

  /// An element with attributes in the order given.
  package static func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ children: [Markup] = []
  ) -> Markup {
    .element(name, attributes.map { Attribute(name: $0.key, value: $0.value) }, children)
  }

  /// An element that holds one text.
  package static func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: String
  ) -> Markup {
    .element(name, attributes, [.text(text)])
  }

  /// The text of the page; block elements start on a line of their own.
  package var html: String {
    var out = ""
    write(into: &out)
    return out
  }

  private static let ownLine: Set<String> = [
    "body", "div", "figcaption", "figure", "g", "h1", "h2", "h3", "head", "header", "html", "main",
    "meta", "p", "section", "style", "svg", "table", "tbody", "thead", "tr", "ul", "li",
    "details", "footer",
  ]

  private func write(into out: inout String) {
    switch self {
    case .text(let text): Markup.escape(text, into: &out)
    case .group(let children): for child in children { child.write(into: &out) }
    case .element(let name, let attributes, let children):
      if Markup.ownLine.contains(name), let last = out.last, last != "\n" { out += "\n" }
      out += "<" + name
      for attribute in attributes {
        out += " \(attribute.name)=\""
        Markup.escape(attribute.value, into: &out)
        out += "\""
      }
      if children.isEmpty && !Markup.needsEnd.contains(name) {
        out += "/>"
        return
      }
      out += ">"
      if name == "style" {
        for case .text(let css) in children { out += css }
      } else {
        for child in children { child.write(into: &out) }
      }
      out += "</\(name)>"
    }
  }

  /// Elements that always get an end tag, because HTML reads `<div/>` as a start tag.
  private static let needsEnd: Set<String> = [
    "div", "td", "th", "p", "span", "section", "table", "tbody", "title", "svg", "g", "text", "ul",
    "figure",
  ]

  private static func escape(_ text: String, into out: inout String) {
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case let s where s.value < 0x20 && s != "\n" && s != "\t": out += " "
      default: out.unicodeScalars.append(scalar)
      }
    }
  }
}

import Foundation
import RNNBilinear
import RNNGraph
import RNNSupport

/// A network on a device, with the cycles a frame to reach with one stream and with several.
struct Row {
  var name: String
  var cell: String
  var inputs: Int
  var units: Int
  var options: [CellConfiguration.Entry]
  /// The block size of all matrices, 1 for dense.
  var block: Int
  var transform: BlockTransform
  var device: String
  /// The clock in MHz that rates are printed for and that the placer works toward.
  var clock: Double
  /// Nil for what the compiler chooses.
  var lanes: Int?
  /// Products over multipliers of the device: no schedule has fewer cycles a frame.
  var floor: Int?
  /// Cycles a frame of the published design at 200 MHz with streams interleaved; nil if it has none.
  var published: Int?
  var wanted: Int?
  var wantedInterleaved: Int?

  /// Reads a list of rows.
  ///
  /// - Throws: `DiagnosticsEmitted` naming the row and the member that is missing or has a wrong value.
  static func read(_ path: String) throws -> [Row] {
    let json = try JSONValue(parsing: AtomicFile.read(URL(fileURLWithPath: path)))
    guard case .array(let rows) = json else { throw fault(path, "is no list of networks") }
    return try rows.enumerated().map { try Row($0.element, path: "\(path)[\($0.offset)]") }
  }

  private init(_ json: JSONValue, path: String) throws {
    func value<T>(_ name: String, _ get: (JSONValue) -> T?) throws -> T {
      guard let member = json[name], let value = get(member) else {
        throw Self.fault("\(path).\(name)", "is missing or has a wrong value")
      }
      return value
    }
    func text(_ json: JSONValue) -> String? { if case .string(let s) = json { s } else { nil } }
    func number(_ json: JSONValue) -> Int? { if case .int(let n) = json { n } else { nil } }
    func optional(_ name: String) throws -> Int? {
      try value(name) { json -> Int?? in
        json == .null ? .some(nil) : number(json).map(Optional.some)
      }
    }
    name = try value("name", text)
    cell = try value("cell", text)
    inputs = try value("inputs", number)
    units = try value("units", number)
    block = try value("block", number)
    device = try value("device", text)
    transform = try value("transform") { text($0).flatMap(BlockTransform.init) }
    clock = Double(try value("clock", number))
    lanes = try optional("lanes")
    floor = try optional("floor")
    published = try optional("published")
    wanted = try optional("wanted")
    wantedInterleaved = try optional("wantedInterleaved")
    options = try value("options") { json -> [CellConfiguration.Entry]? in
      guard case .object(let members) = json else { return nil }
      var entries: [CellConfiguration.Entry] = []
      for member in members {
        switch member.value {
        case .bool(let value): entries.append(.init(member.key, .bool(value)))
        case .int(let value): entries.append(.init(member.key, .int(value)))
        case .string(let value): entries.append(.init(member.key, .choice(value)))
        case .null, .double, .array, .object: return nil
        }
      }
      return entries
    }
  }

  private static func fault(_ path: String, _ message: String) -> DiagnosticsEmitted {
    DiagnosticsEmitted(
      Diagnostic(
        stage: "bench-ernn", path: path, message: message,
        fix: "see Examples/e-rnn/networks.json"))
  }
}

import RNNVerilog
import Testing

@Suite struct VerilogCheckerTests {
  /// A module without faults that has one of everything; the tests break it in one place.
  static func module() -> VerilogModule {
    var m = VerilogModule("checked", doc: "One of everything.")
    m.parameters = [VerilogParameter("InitFile", .string("words.mem"))]
    m.input("clk_i")
    m.input("sel_i", .bits(2))
    m.input("s_i", .signed(8))
    m.input("u_i", .bits(8))
    m.output("y_o", .signed(8))
    m.output("z_o", .bits(10))
    m.declare("word_q", .signed(8))
    m.memory("words", .signed(8), depth: 4)
    m.items.append(.readMemory(.name("InitFile"), memory: "words"))
    m.always([.set("word_q", .word("words", at: "sel_i"))])
    m.comb([
      .set("y_o", "word_q"),
      .switchCase(
        "sel_i", [VerilogCase([.lit(0, width: 2), .lit(1, width: 2)], [.set("y_o", "s_i")])],
        otherwise: []),
    ])
    m.assign(.slice("z_o", high: 7, low: 0), "u_i")
    m.assign(.slice("z_o", high: 9, low: 8), .slice("u_i", 1, 0))
    return m
  }

  @Test func aCleanModuleHasNoIssue() {
    #expect(Self.module().issues() == [])
  }

  /// A value assigned to a new output of eight bits, and a part of the one issue that it raises.
  struct Fault: Sendable {
    var value: VerilogExpression
    var expected: String
    init(_ value: VerilogExpression, _ expected: String) {
      self.value = value
      self.expected = expected
    }
  }
  /// One statement each: the type checker needs minutes for one literal with all of them.
  static var faults: [Fault] {
    let s: VerilogExpression = "s_i"
    let u: VerilogExpression = "u_i"
    let sel: VerilogExpression = "sel_i"
    var faults: [Fault] = []
    faults.append(Fault(s + u, "signed 8 bit, u_i is unsigned 8 bit, they must agree"))
    faults.append(Fault(s * u, "they must agree"))
    faults.append(Fault(s.isLess(than: "u_i").resized(8), "they must agree"))
    faults.append(Fault(.mux("u_i", "s_i", "s_i"), "condition u_i has 8 bits"))
    faults.append(Fault(.mux(.one, "s_i", "u_i"), "s_i is signed 8 bit, u_i is unsigned 8 bit"))
    faults.append(
      Fault(VerilogExpression.slice("s_i", 7, 0).arithmeticShiftedRight("sel_i"), "use >>"))
    faults.append(
      Fault(VerilogExpression.concat(["s_i"]).arithmeticShiftedRight("sel_i"), "use >>"))
    faults.append(Fault(s >> sel, "use >>>"))
    faults.append(Fault(s << s, "the amount must be unsigned"))
    faults.append(Fault(s + .signedLit(1, width: 7), "they must agree"))
    faults.append(Fault("sel_i", "x_o takes 8 bits, sel_i has 2"))
    faults.append(Fault(.slice("u_i", 8, 1), "u_i[8:1] is outside of 8 bits"))
    faults.append(
      Fault(VerilogExpression.bit("u_i", at: "sel_i").resized(8), "it takes unsigned 3 bit"))
    faults.append(Fault(.word("words", at: "u_i"), "it takes unsigned 2 bit"))
    faults.append(Fault(.word("words", at: .lit(4, width: 3)), "words[4] is outside of 4"))
    faults.append(Fault(.literal(-129, .signed(8)), "-129 does not fit signed 8 bit"))
    faults.append(Fault(.literal(256, .bits(8)), "256 does not fit unsigned 8 bit"))
    faults.append(Fault(.literal(-1, .bits(8)), "-1 does not fit unsigned 8 bit"))
    faults.append(Fault(-u, "negates an unsigned value"))
    faults.append(Fault(.concat([!u, .zeros(7)]), "takes one bit, not 8"))
    faults.append(Fault("nothing", "nothing is not declared"))
    faults.append(Fault("words", "words is no value"))
    faults.append(Fault("InitFile", "InitFile is no value"))
    return faults
  }

  @Test(arguments: faults)
  func faultsOfExpressionsAreFound(_ fault: Fault) {
    var m = Self.module()
    m.output("x_o", .bits(8))
    m.assign("x_o", fault.value)
    let issues = m.issues()
    #expect(issues.count == 1, "\(issues)")
    #expect(issues.first?.contains(fault.expected) == true, "\(issues)")
    #expect(throws: VerilogError.self) { try m.text() }
  }

  @Test func faultsOfDeclarationsAndDriversAreFound() {
    func issues(_ change: (inout VerilogModule) -> Void) -> [String] {
      var m = Self.module()
      change(&m)
      return m.issues()
    }
    #expect(issues { $0.input("in") }.contains { $0.contains("in is not a legal name") })
    #expect(issues { $0.input("s_i") }.contains { $0.contains("s_i is declared twice") })
    #expect(issues { $0.input("e_i") } == ["e_i is never read"])
    #expect(issues { $0.declare("n") }.contains("n[0] has no driver"))
    #expect(issues { $0.assign("s_i", "u_i") }.contains { $0.contains("cannot be assigned") })
    #expect(issues { $0.assign("y_o", "s_i") } == ["y_o[0] has two drivers"])
    #expect(
      issues { $0.assign(.slice("z_o", high: 8, low: 8), .zero) } == ["z_o[8] has two drivers"])
    #expect(issues { $0.items.removeLast() } == ["z_o[8] has no driver"])
    #expect(
      issues { $0.comb([.set(.element("words", index: "sel_i"), "s_i")]) }
        .contains { $0.contains("outside a clocked process") })
    #expect(
      issues {
        $0.output("x_o", .bits(2))
        $0.comb([
          .switchCase(
            "sel_i",
            [VerilogCase([.lit(1, width: 2)], []), VerilogCase([.lit(1, width: 2)], [])],
            otherwise: [.set("x_o", "sel_i")])
        ])
      }.contains { $0.contains("label 2'd1 occurs twice") })
    #expect(issues { $0.sink("spare", ["u_i"]) }.contains { $0.contains("starts with unused_") })
    #expect(
      issues { $0.items.insert(.assign("y_o", "late_q"), at: 0) }.contains {
        $0.contains("late_q is not declared")
      })
  }

  @Test func faultsOfInstancesAreFound() throws {
    var child = VerilogModule("child", doc: "A child.")
    child.input("a_i", .bits(4))
    child.output("b_o", .bits(4))
    child.assign("b_o", "a_i")
    var interfaces = VerilogInterfaces()
    interfaces.add(child)
    func issues(_ connections: [VerilogInstance.Connection]) -> [String] {
      var m = VerilogModule("parent", doc: "A parent.")
      m.input("a_i", .bits(4))
      m.output("b_o", .bits(4))
      m.instance("child", "u_child", connections)
      return m.issues(interfaces: interfaces)
    }
    #expect(issues([.input("a_i", "a_i"), .output("b_o", "b_o")]) == [])
    #expect(
      issues([.input("a_i", .slice("a_i", 2, 0)), .output("b_o", "b_o")])
        == ["instance u_child: port a_i has 4 bits, its connection 3"])
    #expect(
      issues([.output("b_o", "b_o")]).contains("instance u_child: not connected: a_i"))
    #expect(
      issues([.input("a_i", "a_i"), .input("c_i", "a_i"), .output("b_o", "b_o")])
        == ["instance u_child: child has no port c_i"])
    #expect(
      issues([.input("a_i", "a_i"), .input("b_o", "a_i")])
        .contains("instance u_child: port b_o is an output"))
    var m = VerilogModule("parent", doc: "A parent.")
    m.input("a_i")
    m.instance("stranger", "u_stranger", [.input("a_i", "a_i")])
    #expect(m.issues().contains("instance u_stranger: module stranger is not known"))
  }

  @Test func namesBecomeLegalOnceAndStayDistinct() {
    #expect(VerilogNames.legal("hidden state") == "hidden_state")
    #expect(VerilogNames.legal("layer.0/weight") == "layer_0_weight")
    #expect(VerilogNames.legal("2nd") == "n2nd")
    for keyword in ["input", "module", "lambda", "operator", "func", "Module", "", "__", "größe"] {
      #expect(VerilogNames.isLegal(VerilogNames.legal(keyword)), "\(keyword)")
    }
    #expect(!VerilogNames.isLegal("namespace"))
    #expect(!VerilogNames.isLegal("a__b"))
    var scope = VerilogNameScope(reserved: ["clk_i"])
    let names = ["clk_i", "a-b", "a.b", "A_B", "input", "a_b_2", "a_b"].map { scope.claim($0) }
    #expect(Set(names.map { $0.lowercased() }).count == names.count)
    #expect(names.allSatisfy(VerilogNames.isLegal))
    #expect(names[1] == "a_b")
  }
}

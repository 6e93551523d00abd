/// Legal names: what is a name in SystemVerilog and a keyword in none of the languages of a bench.
package enum VerilogNames {
  /// The legal name nearest to a wish, a pure function.
  ///
  /// Characters outside `A-Z a-z 0-9 _` become `_`, a leading digit gets `n` before it, a keyword of
  /// SystemVerilog, C++, Python or Swift gets `_` after it, and an empty wish becomes `unnamed`.
  package static func legal(_ wish: String) -> String {
    var name = String(
      wish.unicodeScalars.map { scalar -> Character in
        isLetter(scalar) || isDigit(scalar) || scalar == "_" ? Character(scalar) : "_"
      })
    // Two underscores are reserved in C++, and Verilator escapes them.
    while let range = name.firstRange(of: "__") { name.replaceSubrange(range, with: "_") }
    if name.isEmpty || name == "_" { name = "unnamed" }
    if let first = name.unicodeScalars.first, !isLetter(first) {
      name = "n" + name
    }
    return keywords.contains(name) || keywords.contains(name.lowercased()) ? name + "_" : name
  }

  /// Whether a name may be printed as it is.
  package static func isLegal(_ name: String) -> Bool {
    guard let first = name.unicodeScalars.first, isLetter(first) else { return false }
    guard name.unicodeScalars.allSatisfy({ isLetter($0) || isDigit($0) || $0 == "_" }) else {
      return false
    }
    return !keywords.contains(name) && name.firstRange(of: "__") == nil
  }

  private static func isLetter(_ s: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(s) || ("A"..."Z").contains(s)
  }
  private static func isDigit(_ s: Unicode.Scalar) -> Bool { ("0"..."9").contains(s) }

  /// The union of the keywords; membership only, so its order never reaches a file.
  package static let keywords: Set<String> = Set(
    (systemVerilog + " " + cPlusPlus + " " + python + " " + swift)
      .split(whereSeparator: \.isWhitespace).map(String.init))

  /// IEEE 1800-2017, table B.1.
  private static let systemVerilog = """
    accept_on alias always always_comb always_ff always_latch and assert assign assume automatic
    before begin bind bins binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle
    checker class clocking cmos config const constraint context continue cover covergroup coverpoint
    cross deassign default defparam design disable dist do edge else end endcase endchecker endclass
    endclocking endconfig endfunction endgenerate endgroup endinterface endmodule endpackage
    endprimitive endprogram endproperty endsequence endspecify endtable endtask enum event eventually
    expect export extends extern final first_match for force foreach forever fork forkjoin function
    generate genvar global highz0 highz1 if iff ifnone ignore_bins illegal_bins implements implies
    import incdir include initial inout input inside instance int integer interconnect interface
    intersect join join_any join_none large let liblist library local localparam logic longint
    macromodule matches medium modport module nand negedge nettype new nexttime nmos nor
    noshowcancelled not notif0 notif1 null or output package packed parameter pmos posedge primitive
    priority program property protected pull0 pull1 pulldown pullup pulsestyle_ondetect
    pulsestyle_onevent pure rand randc randcase randsequence rcmos real realtime ref reg reject_on
    release repeat restrict return rnmos rpmos rtran rtranif0 rtranif1 s_always s_eventually
    s_nexttime s_until s_until_with scalared sequence shortint shortreal showcancelled signed small
    soft solve specify specparam static string strong strong0 strong1 struct super supply0 supply1
    sync_accept_on sync_reject_on table tagged task this throughout time timeprecision timeunit tran
    tranif0 tranif1 tri tri0 tri1 triand trior trireg type typedef union unique unique0 unsigned
    until until_with untyped use uwire var vectored virtual void wait wait_order wand weak weak0
    weak1 while wildcard wire with within wor xnor xor
    """
  private static let cPlusPlus = """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t
    char32_t class compl concept const consteval constexpr constinit const_cast continue co_await
    co_return co_yield decltype default delete do double dynamic_cast else enum explicit export
    extern false float for friend goto if inline int long mutable namespace new noexcept not not_eq
    nullptr operator or or_eq private protected public register reinterpret_cast requires return
    short signed sizeof static static_assert static_cast struct switch template this thread_local
    throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t while
    xor xor_eq main
    """
  private static let python = """
    False None True and as assert async await break class continue def del elif else except finally
    for from global if import in is lambda nonlocal not or pass raise return try while with yield
    """
  private static let swift = """
    actor any as associatedtype await break case catch class continue default defer deinit do else
    enum extension fallthrough false fileprivate for func guard if import in indirect init inout
    internal is let nil operator package precedencegroup private protocol public repeat rethrows
    return self Self some static struct subscript super switch throw throws true try typealias var
    where while
    """
}

/// Hands out distinct legal names within one module or one folder.
///
/// Every name that comes from a user passes through here exactly once; the printer never renames.
package struct VerilogNameScope: Sendable {
  private var taken: Set<String> = []
  package init(reserved: [String] = []) { taken = Set(reserved.map { $0.lowercased() }) }

  /// The legal form of a wish; a number is appended if it is taken (letter case does not count).
  package mutating func claim(_ wish: String) -> String {
    let base = VerilogNames.legal(wish)
    var name = base
    var n = 2
    while !taken.insert(name.lowercased()).inserted {
      name = "\(base)_\(n)".replacing("__", with: "_")
      n += 1
    }
    return name
  }
}

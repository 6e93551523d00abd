/// The C++ sources that turn a Verilated design into a library with a C interface.
///
/// They are embedded, so that the program works wherever it is moved.
package enum HarnessLibrary {
  /// The bench that is written next to a design, in C++.
  package static var benchSource: [UInt8] { PackageResources.bench_cpp }
  /// The same for cocotb.
  package static var benchPython: [UInt8] { PackageResources.test_design_py }

  /// File names and bytes; the order is fixed.
  package static var files: [(name: String, bytes: [UInt8])] {
    [
      ("activity.h", PackageResources.activity_h),
      ("harness.cpp", PackageResources.harness_cpp),
      ("print.h", PackageResources.print_h),
    ]
  }
}

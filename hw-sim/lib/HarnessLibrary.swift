/// The C++ sources that turn a Verilated design into a library with a C interface.
///
/// They are embedded, so that the program works wherever it is moved.
package enum HarnessLibrary {
  /// File names and bytes; the order is fixed.
  package static var files: [(name: String, bytes: [UInt8])] {
    [
      ("activity.h", PackageResources.activity_h),
      ("harness.cpp", PackageResources.harness_cpp),
      ("print.h", PackageResources.print_h),
    ]
  }
}

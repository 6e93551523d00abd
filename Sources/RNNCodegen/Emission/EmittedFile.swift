/// One file of a build, relative to the build folder.
package struct EmittedFile: Hashable, Sendable {
  package var path: String
  package var text: String
  package init(path: String, text: String) {
    self.path = path
    self.text = text
  }
}

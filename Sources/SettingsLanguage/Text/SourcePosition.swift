// Where something stands in the configuration text.

/// A place in a configuration file. Lines and columns count from 1; a column is one Unicode scalar.
package struct SourcePosition: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The path as it was given to the server or built from an `include`.
    package var file: String
    package var line: Int
    package var column: Int

    package init(file: String, line: Int = 1, column: Int = 1) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `file:line:column`, the form that editors and terminals turn into a link.
    package var description: String { "\(file):\(line):\(column)" }

    package static func < (a: SourcePosition, b: SourcePosition) -> Bool {
        (a.file, a.line, a.column) < (b.file, b.line, b.column)
    }
}

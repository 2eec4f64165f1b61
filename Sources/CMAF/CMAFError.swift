// What is thrown when bytes are not the ISO media they should be.

/// Bytes that are not ISO media as Weir understands it: where and why.
package struct CMAFError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        /// The bytes end before a box does: more bytes may mend it.
        case truncated
        /// A length or field contradicts another one or the standard.
        case malformed
        /// Correct media, but of a kind that Weir does not take.
        case unsupported
        /// The bytes could not be read from where they are.
        case unreadable
    }

    package var code: Code
    /// Bytes from the start of what was parsed (of the file, for a file).
    package var offset: Int
    /// One sentence without the offset.
    package var reason: String

    package init(_ code: Code, at offset: Int, _ reason: String) {
        self.code = code
        self.offset = offset
        self.reason = reason
    }

    package var description: String { "\(reason) (\(code.rawValue) at byte \(offset))" }
}

// What the archive says when it cannot do what was asked.

/// A refusal or a fault of the archive, with what to do about it.
package struct ArchiveError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        /// The stream's name cannot be a directory's.
        case unsuitableName
        /// No stream of this name was recorded here.
        case unknownStream
        /// The index contradicts itself: rebuild it.
        case damagedIndex
        /// A row without its bytes, or bytes that are not those of the digest.
        case damagedMedia
        /// Another process has the store open for writing.
        case inUse
        /// The store was closed.
        case closed
        /// A file or directory could not be read or written.
        case disk
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

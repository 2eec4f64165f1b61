// Why the server could not start, in a sentence for the operator.

/// A reason not to start. The message names what is wrong and what to do.
package struct LaunchError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}

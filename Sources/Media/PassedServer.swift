// A server that media went through on its way here.

/// One life of one server that media has passed: what keeps servers that take media from one another from going in a circle.
///
/// Told apart by `instance` alone: two machines may have the same name by mistake, and a server that was restarted has none of its
/// former media.
package struct PassedServer: Sendable, CustomStringConvertible {
    /// Drawn at random when the process starts.
    package var instance: UInt64
    /// For people.
    package var name: String

    package init(instance: UInt64, name: String) {
        self.instance = instance
        self.name = name
    }

    package var description: String { name }
}

extension PassedServer: Hashable {
    package static func == (a: PassedServer, b: PassedServer) -> Bool { a.instance == b.instance }
    package func hash(into hasher: inout Hasher) { hasher.combine(instance) }
}

// What reading the configuration again has done.

/// `POST /config/reload`.
package struct ReloadFacts: Hashable, Sendable, Codable {
    /// What changed, one line each.
    package var changes: [String]
    /// Warnings, and directives that this version does not have, which the settings before did not have; with their places.
    package var notices: [String]

    package init(changes: [String], notices: [String]) {
        self.changes = changes
        self.notices = notices
    }
}

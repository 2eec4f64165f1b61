// How much an event matters, for filters and for eyes.

package enum EventLevel: String, Hashable, Sendable, Codable, CaseIterable {
    case info
    /// Something is not as it should be; the server goes on.
    case warning
    /// Media is missing, or will not be recorded.
    case error

    /// The level of a kind of event; `info` for kinds that are not listed.
    package init(of event: String) {
        self =
            switch event {
            case "stream_unplaced", "isolated", "recording_failed", "archive_write_dropped", "archive_index_failed":
                .error
            case "peer_lost", "peer_mismatch", "clock_differs", "replication_failed", "stream_given_up", "paused",
                "media_lost", "input_lost",
                "timeline_restarted", "archive_overlap", "archive_damaged_file", "archive_bytes_missing",
                "archive_retention_failed", "archive_journal_damaged":
                .warning
            default: .info
            }
    }
}

// What a verification finds: bytes and rows that are not what they were.
package import Media

/// One thing that is wrong in a store.
package struct ArchiveFinding: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A segment's bytes are not those that were recorded.
        case media
        /// A row of the index has not all of its bytes.
        case missing
        /// The box behind a segment is damaged.
        case trailer
        /// The beginning of a run's file is damaged.
        case header
        /// Between the segments lies what is no freed part, or behind them what the index does not know.
        case structure
        /// The journal is damaged, or does not say what the index says.
        case journal
        /// A run's file that the index does not know.
        case unindexed
        /// The index contradicts itself.
        case index
    }

    package var kind: Kind
    package var stream: String
    /// Below the root.
    package var path: String
    /// Of the segment, where one is meant.
    package var start: MediaTime?
    package var reason: String

    package init(_ kind: Kind, stream: String, path: String, start: MediaTime? = nil, reason: String) {
        self.kind = kind
        self.stream = stream
        self.path = path
        self.start = start
        self.reason = reason
    }
}

/// How far a long work is.
package struct ArchiveProgress: Hashable, Sendable {
    package var done: Int64
    package var total: Int64
    /// What is being looked at.
    package var path: String
    package init(done: Int64, total: Int64, path: String) {
        self.done = done
        self.total = total
        self.path = path
    }
}

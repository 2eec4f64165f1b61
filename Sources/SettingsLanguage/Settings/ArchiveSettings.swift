// The `dvr` line of a stream, and named stores.

/// How a stream is recorded.
package struct ArchiveSettings: Hashable, Sendable {
    package enum Location: Hashable, Sendable {
        /// A directory on this server.
        case path(String)
        /// `@name`: the root of a `dvr name { root …; }` block.
        case store(String)
    }

    /// When written chunks and their index rows are forced to the disk.
    package enum Sync: Hashable, Sendable {
        /// Together, this often. 0.1 s to 1 h.
        case every(Duration)
        /// Left to the kernel: a power cut may cost what it has not written yet.
        case off
    }

    package var location: Location
    /// What is older is deleted; nil keeps it.
    package var age: Duration?
    /// Bytes that the stream's archive may have; the oldest go first.
    package var bytes: Int64?
    /// Percent of the whole disk that may be in use, 1–100.
    package var diskShare: Int?
    /// Fetch from the other servers what this archive lacks.
    package var replicates: Bool
    /// Port of the other servers for archive requests; nil is the port of the input or peer.
    package var replicationPort: Int?
    /// Bytes per second for fetching; nil is unlimited.
    package var replicationSpeed: Int64?
    package var sync: Sync

    package static let defaultSync = Sync.every(.seconds(5))

    package init(
        location: Location, age: Duration? = nil, bytes: Int64? = nil, diskShare: Int? = nil, replicates: Bool = false,
        replicationPort: Int? = nil, replicationSpeed: Int64? = nil, sync: Sync = Self.defaultSync
    ) {
        self.location = location
        self.age = age
        self.bytes = bytes
        self.diskShare = diskShare
        self.replicates = replicates
        self.replicationPort = replicationPort
        self.replicationSpeed = replicationSpeed
        self.sync = sync
    }
}

/// `dvr NAME { root PATH; }`: a place for archives, named by `dvr @NAME`.
package struct ArchiveStore: Hashable, Sendable {
    package var name: String
    package var root: String
    package init(name: String, root: String) {
        self.name = name
        self.root = root
    }
}

/// `vod NAME { storage PATH; }` or `file NAME { path PATH; }`: where `file://NAME/…` is looked up.
package struct FileRoot: Hashable, Sendable {
    package var name: String
    package var path: String
    package init(name: String, path: String) {
        self.name = name
        self.path = path
    }
}

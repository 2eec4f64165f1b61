// What the replicators of all streams share: archives, connections, threads, clocks, and who is told.
import Archive
import Media
import NIOPosix
import PeerLink

/// What a replicator needs of the server around it.
struct ReplicationTools: Sendable {
    var archives: ArchiveKeeper
    var client: ArchiveClient
    /// Index and digests are read on these.
    var threads: NIOThreadPool
    /// Orders under way on the whole server.
    var slots: FetchSlots
    var utc: @Sendable () -> MediaTime
    var uptime: @Sendable () -> Duration
    var happened: @Sendable (_ stream: String, ReplicationEvent) -> Void
    var notice: @Sendable (_ stream: String, _ peer: String, _ text: String) -> Void
}

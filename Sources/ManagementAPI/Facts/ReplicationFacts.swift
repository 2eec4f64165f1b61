// How the API shows the replication of a stream's archive.

/// `replication` of a stream whose `dvr` line has `replicate`.
package struct ReplicationFacts: Hashable, Sendable, Codable {
    /// How the archive stands to that of one other server.
    package struct Peer: Hashable, Sendable, Codable {
        package var peer: String
        /// `unknown`, `in_sync`, `catching_up`, `diverged` or `unreachable`.
        package var state: String
        /// Seconds and bytes of media that are still to be fetched.
        package var remaining: Double
        package var remainingBytes: Int64
        /// Since the server's start.
        package var fetched: Double
        package var fetchedBytes: Int64
        package var fetchedSegments: Int64
        package var refusedSegments: Int64
        /// Bytes per second over the last ten seconds.
        package var rate: Int64
        /// Seconds to the end at this rate.
        package var timeToGo: Double?
        package var lastError: String?
        /// When both were last found equal, ms since the epoch.
        package var inSyncAt: Int64?
        /// How far its clock is ahead of ours, in milliseconds.
        package var clockDifference: Int64?

        package init(
            peer: String, state: String, remaining: Double, remainingBytes: Int64, fetched: Double,
            fetchedBytes: Int64, fetchedSegments: Int64, refusedSegments: Int64, rate: Int64, timeToGo: Double?,
            lastError: String?, inSyncAt: Int64?, clockDifference: Int64? = nil
        ) {
            self.peer = peer
            self.state = state
            self.remaining = remaining
            self.remainingBytes = remainingBytes
            self.fetched = fetched
            self.fetchedBytes = fetchedBytes
            self.fetchedSegments = fetchedSegments
            self.refusedSegments = refusedSegments
            self.rate = rate
            self.timeToGo = timeToGo
            self.lastError = lastError
            self.inSyncAt = inSyncAt
            self.clockDifference = clockDifference
        }

        enum CodingKeys: String, CodingKey {
            case peer, state, remaining, fetched, rate
            case remainingBytes = "remaining_bytes"
            case fetchedBytes = "fetched_bytes"
            case fetchedSegments = "fetched_segments"
            case refusedSegments = "refused_segments"
            case timeToGo = "time_to_go"
            case lastError = "last_error"
            case inSyncAt = "in_sync_at"
            case clockDifference = "clock_difference"
        }
    }

    /// `normal`, `emergency` or `recovery`.
    package var mode: String
    /// Milliseconds since the epoch.
    package var since: Int64
    package var reason: String
    package var peers: [Peer]

    package init(mode: String, since: Int64, reason: String, peers: [Peer]) {
        self.mode = mode
        self.since = since
        self.reason = reason
        self.peers = peers
    }
}

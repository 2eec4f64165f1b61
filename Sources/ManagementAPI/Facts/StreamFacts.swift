// How the API shows a stream: configuration that matters, state, inputs and tracks.

/// One stream in `GET /streams` and `GET /streams/{name}`.
package struct StreamFacts: Hashable, Sendable, Codable {
    package var name: String
    package var title: String
    package var inputs: [InputFacts]
    package var stats: StreamStats
    /// Where the cluster wants the stream and why; absent for a stream that is not `cluster_ingest`.
    package var cluster: PlacementFacts?
    /// How its archive stands to those of other servers; absent for a stream without `replicate`.
    package var replication: ReplicationFacts?
    /// The newest events of the stream; only in the answer for a single stream.
    package var lastEvents: [ServerEvent]?

    package init(
        name: String, title: String, inputs: [InputFacts], stats: StreamStats, cluster: PlacementFacts? = nil,
        lastEvents: [ServerEvent]? = nil
    ) {
        self.name = name
        self.title = title
        self.inputs = inputs
        self.stats = stats
        self.cluster = cluster
        self.lastEvents = lastEvents
    }

    enum CodingKeys: String, CodingKey {
        case name, title, inputs, stats, cluster, replication
        case lastEvents = "last_events"
    }
}

/// The state of a stream now.
package struct StreamStats: Hashable, Sendable, Codable {
    package enum Status: String, Hashable, Sendable, Codable {
        /// Media comes in.
        case running
        /// Waiting for an input, or for another server.
        case waiting
        /// No input works.
        case error
    }

    package var status: Status
    package var alive: Bool
    /// Of the media that goes out, kbit/s over the live window.
    package var bitrate: Int
    /// Hosts that capture the stream.
    package var runningOn: [String]
    /// URL of the input that plays, secrets hidden.
    package var activeInput: String?
    package var tracks: [TrackFacts]
    package var viewers: Int
    /// Start of the newest and end of the oldest media in the live window, ms since the epoch.
    package var firstTime: Int64?
    package var lastTime: Int64?
    package var inputSwitches: Int
    /// Seconds on the best input, on others, without media.
    package var secondsOnPrimary: Double
    package var secondsOnOthers: Double
    package var secondsWithoutData: Double
    package var windowBytes: Int
    /// Recording: seconds of media in the archive; nil when the stream is not recorded.
    package var archiveSeconds: Double?
    /// Replication: percent of the media of all servers that is here, and whether something is being fetched; nil when the
    /// stream is not replicated.
    package var dvrReplication: Double?
    package var dvrReplicationRunning: Bool?
    /// Why the stream is as it is, one sentence.
    package var reason: String

    package init(
        status: Status, alive: Bool, bitrate: Int, runningOn: [String], activeInput: String?, tracks: [TrackFacts],
        viewers: Int, firstTime: Int64?, lastTime: Int64?, inputSwitches: Int, secondsOnPrimary: Double,
        secondsOnOthers: Double, secondsWithoutData: Double, windowBytes: Int, archiveSeconds: Double? = nil,
        reason: String
    ) {
        self.status = status
        self.alive = alive
        self.bitrate = bitrate
        self.runningOn = runningOn
        self.activeInput = activeInput
        self.tracks = tracks
        self.viewers = viewers
        self.firstTime = firstTime
        self.lastTime = lastTime
        self.inputSwitches = inputSwitches
        self.secondsOnPrimary = secondsOnPrimary
        self.secondsOnOthers = secondsOnOthers
        self.secondsWithoutData = secondsWithoutData
        self.windowBytes = windowBytes
        self.archiveSeconds = archiveSeconds
        self.reason = reason
    }

    enum CodingKeys: String, CodingKey {
        case status, alive, bitrate, tracks, viewers, reason
        case runningOn = "running_on"
        case activeInput = "active_input"
        case firstTime = "first_time"
        case lastTime = "last_time"
        case inputSwitches = "input_switches"
        case secondsOnPrimary = "seconds_on_primary"
        case secondsOnOthers = "seconds_on_others"
        case secondsWithoutData = "seconds_without_data"
        case windowBytes = "window_bytes"
        case archiveSeconds = "archive_seconds"
        case dvrReplication = "dvr_replication"
        case dvrReplicationRunning = "dvr_replication_running"
    }
}

/// One track of a stream.
package struct TrackFacts: Hashable, Sendable, Codable {
    package var id: Int
    /// `video`, `audio` or `data`.
    package var content: String
    /// Short name such as `H.264 1280×720`.
    package var title: String
    /// RFC 6381 codec string, where players know one.
    package var codec: String?
    package var width: Int?
    package var height: Int?
    package var language: String?

    package init(
        id: Int, content: String, title: String, codec: String?, width: Int?, height: Int?, language: String?
    ) {
        self.id = id
        self.content = content
        self.title = title
        self.codec = codec
        self.width = width
        self.height = height
        self.language = language
    }
}

/// Where a `cluster_ingest` stream belongs.
package struct PlacementFacts: Hashable, Sendable, Codable {
    package struct Move: Hashable, Sendable, Codable {
        /// Milliseconds since the epoch.
        package var time: Int64
        package var from: String?
        package var to: String?
        /// Of the claim that it was.
        package var epoch: UInt64
        package var reason: String
        package init(time: Int64, from: String?, to: String?, epoch: UInt64, reason: String) {
            self.time = time
            self.from = from
            self.to = to
            self.epoch = epoch
            self.reason = reason
        }
    }

    /// The peer that should capture the stream.
    package var owner: String?
    package var epoch: UInt64
    /// Milliseconds since the epoch.
    package var since: Int64?
    package var reason: String
    package var moves: [Move]

    package init(owner: String?, epoch: UInt64, since: Int64?, reason: String, moves: [Move]) {
        self.owner = owner
        self.epoch = epoch
        self.since = since
        self.reason = reason
        self.moves = moves
    }
}

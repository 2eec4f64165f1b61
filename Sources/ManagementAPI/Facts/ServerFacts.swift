// How the API shows the server itself, its viewers and its peers.

/// `GET /config/stats`: the server as a whole.
package struct ServerFacts: Hashable, Sendable, Codable {
    package var hostname: String
    package var version: String
    /// Identifies this run of the server.
    package var instanceID: String
    /// Seconds.
    package var uptime: Double
    /// Milliseconds since the epoch, for the client to compare with.
    package var now: Int64
    /// Percent of one core, over the last seconds.
    package var cpu: Double
    /// Resident bytes.
    package var memory: UInt64
    package var streams: Int
    package var streamsAlive: Int
    package var clients: Int
    /// kbit/s of all inputs, and of all answers to viewers.
    package var inputKbit: Int
    package var outputKbit: Int

    package init(
        hostname: String, version: String, instanceID: String, uptime: Double, now: Int64, cpu: Double, memory: UInt64,
        streams: Int, streamsAlive: Int, clients: Int, inputKbit: Int, outputKbit: Int
    ) {
        self.hostname = hostname
        self.version = version
        self.instanceID = instanceID
        self.uptime = uptime
        self.now = now
        self.cpu = cpu
        self.memory = memory
        self.streams = streams
        self.streamsAlive = streamsAlive
        self.clients = clients
        self.inputKbit = inputKbit
        self.outputKbit = outputKbit
    }

    enum CodingKeys: String, CodingKey {
        case hostname, version, uptime, now, cpu, memory, streams, clients
        case instanceID = "instance_id"
        case streamsAlive = "streams_alive"
        case inputKbit = "input_kbit"
        case outputKbit = "output_kbit"
    }
}

/// One viewer in `GET /sessions`.
package struct SessionFacts: Hashable, Sendable, Codable {
    package var id: String
    package var name: String
    /// `hls`, `mpegts`, `mse` …
    package var proto: String
    package var ip: String
    package var userAgent: String?
    /// Milliseconds since the epoch.
    package var openedAt: Int64
    package var bytes: UInt64
    /// Times the viewer was too slow and was moved on to a later key frame.
    package var skips: UInt64

    package init(
        id: String, name: String, proto: String, ip: String, userAgent: String?, openedAt: Int64, bytes: UInt64,
        skips: UInt64
    ) {
        self.id = id
        self.name = name
        self.proto = proto
        self.ip = ip
        self.userAgent = userAgent
        self.openedAt = openedAt
        self.bytes = bytes
        self.skips = skips
    }

    enum CodingKeys: String, CodingKey {
        case id, name, proto, ip, bytes, skips
        case userAgent = "user_agent"
        case openedAt = "opened_at"
    }
}

/// One server of the group in `GET /cluster/peers`.
package struct PeerFacts: Hashable, Sendable, Codable {
    package var hostname: String
    /// This server itself.
    package var isSelf: Bool
    /// `alive`, `dead`, `other_key`, `other_version`, `other_streams` …
    package var state: String
    /// What is wrong, one sentence.
    package var error: String?
    package var apiURL: String
    package var publicPayloadURL: String?
    /// Milliseconds.
    package var fetchTimeout: Int
    package var staleTimeout: Int
    /// Milliseconds since the last answer; nil when there was none yet.
    package var lastHeard: Int?
    /// Milliseconds.
    package var roundTrip: Double?
    /// How far the peer's clock is ahead of ours, in milliseconds.
    package var clockDifference: Double?
    /// Peers that this one hears.
    package var hears: [String]
    package var stats: ServerFacts?

    package init(
        hostname: String, isSelf: Bool, state: String, error: String?, apiURL: String, publicPayloadURL: String?,
        fetchTimeout: Int, staleTimeout: Int, lastHeard: Int?, roundTrip: Double?, clockDifference: Double?,
        hears: [String], stats: ServerFacts?
    ) {
        self.hostname = hostname
        self.isSelf = isSelf
        self.state = state
        self.error = error
        self.apiURL = apiURL
        self.publicPayloadURL = publicPayloadURL
        self.fetchTimeout = fetchTimeout
        self.staleTimeout = staleTimeout
        self.lastHeard = lastHeard
        self.roundTrip = roundTrip
        self.clockDifference = clockDifference
        self.hears = hears
        self.stats = stats
    }

    enum CodingKeys: String, CodingKey {
        case hostname, state, error, hears, stats
        case isSelf = "is_self"
        case apiURL = "api_url"
        case publicPayloadURL = "public_payload_url"
        case fetchTimeout = "fetch_timeout"
        case staleTimeout = "stale_timeout"
        case lastHeard = "last_heard"
        case roundTrip = "round_trip"
        case clockDifference = "clock_difference"
    }
}

/// Answer of `GET /config`.
package struct ConfigFacts: Hashable, Sendable, Codable {
    /// The file that the server runs with.
    package var path: String?
    /// The settings in force, printed, secrets hidden.
    package var text: String
    /// Warnings and directives that this version does not have.
    package var notices: [String]
    package init(path: String?, text: String, notices: [String]) {
        self.path = path
        self.text = text
        self.notices = notices
    }
}

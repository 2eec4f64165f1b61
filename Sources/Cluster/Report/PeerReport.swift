// What a server tells another that polls it.

/// How busy a server is. Shown, not used for placement.
package struct PeerLoad: Hashable, Sendable, Codable {
    /// Percent of one processor, as the server itself shows it.
    package var cpuPercent: Int
    package var memoryBytes: Int64
    package var clients: Int
    package var inputKbps: Int
    package var outputKbps: Int
    /// Configured, and with media now; all streams of the server, not only those of the group.
    package var streams: Int
    package var streamsAlive: Int
    package var uptimeSeconds: Int
    package init(
        cpuPercent: Int = 0, memoryBytes: Int64 = 0, clients: Int = 0, inputKbps: Int = 0, outputKbps: Int = 0,
        streams: Int = 0, streamsAlive: Int = 0, uptimeSeconds: Int = 0
    ) {
        self.cpuPercent = cpuPercent
        self.memoryBytes = memoryBytes
        self.clients = clients
        self.inputKbps = inputKbps
        self.outputKbps = outputKbps
        self.streams = streams
        self.streamsAlive = streamsAlive
        self.uptimeSeconds = uptimeSeconds
    }
}

/// How far the asker's knowledge of the answerer goes.
package struct KnownVersion: Hashable, Sendable, Codable {
    package var instance: InstanceID
    package var version: UInt64
    package init(instance: InstanceID, version: UInt64) {
        self.instance = instance
        self.version = version
    }
    /// Nothing: send everything.
    package static let nothing = KnownVersion(instance: InstanceID(0), version: 0)
}

/// A report: everything small as it is, and of the streams what changed since the version that the asker has.
package struct PeerReport: Hashable, Sendable, Codable {
    /// A peer that the reporter hears, itself or through another.
    package struct Heard: Hashable, Sendable, Codable {
        package var peer: PeerID
        package var instance: InstanceID
        /// Milliseconds since the last proof of its life.
        package var age: Int64
        /// It gives its streams away; left out when it does not.
        package var isDraining: Bool?
        /// The peer by which the reporter knows of it, once it does not answer the reporter itself. Nil: it does.
        package var through: PeerID? = nil
    }
    /// The reporter would capture this stream and asks the holder of `epoch` to let go.
    package struct Ready: Hashable, Sendable, Codable {
        package var stream: StreamName
        package var epoch: Epoch
    }
    package struct Entry: Hashable, Sendable, Codable {
        package var stream: StreamName
        package var record: StreamRecord
    }

    /// A stream that the reporter runs outside of the group's rules: without `cluster_ingest`.
    package struct Local: Hashable, Sendable, Codable {
        package var stream: StreamName
        package var hasMedia: Bool
        /// It was reported before and is there no more.
        package var isGone: Bool
        private enum CodingKeys: String, CodingKey {
            case stream = "n"
            case hasMedia = "a"
            case isGone = "g"
        }
    }

    /// Raised when servers of different versions would misunderstand each other.
    package static let currentProtocol = 1

    package var protocolVersion: Int
    package var sender: PeerID
    package var instance: InstanceID
    package var software: String
    package var fingerprint: UInt64
    /// UTC milliseconds when the report was written.
    package var wall: Int64
    /// Milliseconds that the answer was held back, waiting for a change.
    package var held: Int64
    /// The version that these records lead to.
    package var version: UInt64
    /// The records are what changed after this version; 0: these are all streams that the reporter knows.
    package var since: UInt64
    package var isDraining: Bool
    /// Not yet through its first round of polls: it does not claim anything yet.
    package var isJoining: Bool
    package var load: PeerLoad
    package var heard: [Heard]
    package var ready: [Ready]
    package var records: [Entry]
    /// As `records`: what changed, or everything. Nil: nothing to say.
    package var locals: [Local]?
}

// What a server tells others of its streams and of what happened there.

/// A stream that a server of the group captures, in `GET /cluster/peers/{server}/streams`.
package struct CaptureFacts: Hashable, Sendable, Codable {
    package var name: String
    /// kbit/s
    package var bitrate: Int
    /// Of this server alone.
    package var viewers: Int
    package var activeInput: String?
    /// Position of the active input, from 0.
    package var input: Int?
    package var inputs: Int
    package var hasVideo: Bool

    package init(_ facts: StreamFacts) {
        name = facts.name
        bitrate = facts.stats.bitrate
        viewers = facts.stats.viewers
        activeInput = facts.stats.activeInput
        input = facts.inputs.firstIndex { $0.state == "playing" }
        inputs = facts.inputs.count
        hasVideo = facts.stats.tracks.contains { $0.content == "video" }
    }

    enum CodingKeys: String, CodingKey {
        case name, bitrate, viewers, input, inputs
        case activeInput = "active_input"
        case hasVideo = "has_video"
    }
}

/// What happened on one server of the group, in `GET /cluster/peers/{server}/events`.
package struct ServerEvents: Hashable, Sendable, Codable {
    /// Newest first.
    package var events: [ServerEvent]
    /// The newest event that the server has, whether it is in the answer or not: `after` of the next question.
    package var last: String

    /// - Parameter after: `last` of an earlier answer. Throws a problem when it is none.
    package init(of log: EventLog, limit: Int, stream: String?, after: String?) throws(Problem) {
        let position = try EventRoutes.position(after, in: log) ?? 0
        // In this order an event that comes in between is told twice, not never.
        let newest = log.newest(limit: 1).first?.id ?? 0
        last = "\(log.life)-\(newest)"
        events = log.newest(limit: limit, stream: stream, after: position)
    }
}

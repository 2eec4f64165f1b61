// The target of a request for a live session, made and read.
import Media

/// What a request for a live session says in its path and query.
package struct LiveRequest: Hashable, Sendable {
    /// A receiver follows so many redirects: the server that it asks knows the owner, and the owner may change meanwhile.
    package static let redirectsMax = 3

    /// The stream's name at the sender.
    package var stream: String
    /// The name of the stream that asks.
    package var asking: String
    /// The life of the asking server.
    package var instance: UInt64
    package var redirects: Int
    /// Only the timeline is wanted, no media.
    package var wantsTimelineOnly: Bool

    package init(
        stream: String, asking: String, instance: UInt64, redirects: Int = 0, wantsTimelineOnly: Bool = false
    ) {
        self.stream = stream
        self.asking = asking
        self.instance = instance
        self.redirects = redirects
        self.wantsTimelineOnly = wantsTimelineOnly
    }

    /// Path and query as they are sent and signed.
    package var target: String {
        let name = M4FPath.encoded(asking).split(separator: "/", omittingEmptySubsequences: false)
            .joined(separator: "%2f")
        let count = (wantsTimelineOnly ? "&only=timeline" : "") + (redirects > 0 ? "&redirects=\(redirects)" : "")
        return "\(M4FPath.live)\(M4FPath.encoded(stream))?instance=\(String(instance, radix: 16))&for=\(name)\(count)"
    }

    /// Nil when `target` is not for a live session or says something that cannot be.
    package init?(target: String) {
        guard target.hasPrefix(M4FPath.live), target.utf8.count <= 8 << 10 else { return nil }
        let rest = target.dropFirst(M4FPath.live.count)
        let mark = rest.firstIndex(of: "?") ?? rest.endIndex
        guard let stream = PercentEncoding.decoded(rest[..<mark]), !stream.isEmpty else { return nil }
        var values: [Substring: String] = [:]
        for item in rest[mark...].dropFirst().split(separator: "&") {
            guard let equals = item.firstIndex(of: "=") else { continue }
            values[item[..<equals]] = PercentEncoding.decoded(item[item.index(after: equals)...])
        }
        guard let instance = values["instance"].flatMap({ UInt64($0, radix: 16) }) else { return nil }
        self.init(
            stream: stream, asking: values["for"] ?? stream, instance: instance,
            wantsTimelineOnly: values["only"] == "timeline")
        if let text = values["redirects"] {
            guard let count = Int(text), (0...Self.redirectsMax).contains(count) else { return nil }
            redirects = count
        }
    }

    /// The same question to the server that is redirected to; nil when this was the last redirect.
    package var redirected: LiveRequest? {
        guard redirects < Self.redirectsMax else { return nil }
        var next = self
        next.redirects += 1
        return next
    }
}

// Where a viewer is sent when another server has the stream, and when such a walk must stop.

/// Builds the address on the other server: its base, then path and query as they were sent (docs/play.md: they go along),
/// then the number of redirects so far.
package enum Redirection {
    static let counterName = "redirects"

    /// A viewer is sent on twice at most: the server that it asks knows the owner, and once more when the owner changed
    /// meanwhile. A longer walk means that servers point at one another.
    static let redirectsMax = 2

    package enum Decision: Hashable {
        case location(String)
        case loop
    }

    /// - Parameter base: `http://host:port`, with a path or not; `host:port` takes `scheme`.
    package static func decide(base: String, scheme: String, target: RequestTarget) -> Decision {
        let count = QueryItems.value(of: counterName, in: target.query).map { Int($0) ?? Int.max } ?? 0
        guard (0..<redirectsMax).contains(count) else { return .loop }
        var location = base.contains("://") ? base : "\(scheme)://\(base)"
        while location.last == "/" { location.removeLast() }
        let kept = target.query.split(separator: "&").filter { !($0.hasPrefix("\(counterName)=")) }
        location += target.path + "?" + (kept + ["\(counterName)=\(count + 1)"]).joined(separator: "&")
        return .location(location)
    }
}

// m4f://, m4fs:// and m4s://: the chunks of another server's stream.
package import AsyncHTTPClient
package import Ingest
package import M4F
package import Media
internal import NIOConcurrencyHelpers
internal import NIOCore

/// The kinds by which servers take media from one another (`docs/m4f.md`). Ready chunks come out; nothing is muxed again.
package struct M4FInput: InputKind {
    package let schemes = M4FAddress.schemes

    private let client: HTTPClient
    private let identity: @Sendable () -> M4FIdentity
    private let clocks: M4FClocks

    /// - Parameters:
    ///   - client: one made with `configuration`; it is not shut down here.
    ///   - identity: this server, and its key of the moment.
    package init(client: HTTPClient, identity: @escaping @Sendable () -> M4FIdentity, clocks: M4FClocks) {
        self.client = client
        self.identity = identity
        self.clocks = clocks
    }

    /// Redirects are not followed by the client: each is signed, and so is the request that follows it.
    package static var configuration: HTTPClient.Configuration {
        var configuration = HTTPTransportStreamInput.configuration
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(5)
        // Archives are fetched piece by piece, each with a request of its own.
        configuration.connectionPool.idleTimeout = HTTPClient.Configuration.ConnectionPool().idleTimeout
        return configuration
    }

    package func open(
        _ request: InputRequest, url: InputURL, deliver: @escaping @Sendable (InputEvent) -> Void
    ) throws(InputFailure) -> any InputSession {
        let address = try Self.address(of: url)
        let identity = identity()
        guard let signature = identity.signature else {
            // A reload may bring the key, so it is worth trying again.
            throw InputFailure(code: .unreachable, message: "\(url): \(M4FIdentity.noKey)")
        }
        let question = LiveRequest(
            stream: address.stream, asking: request.stream, instance: identity.server.instance)
        let session = M4FSession(
            name: url.description, client: client, own: identity.server, signature: signature, clocks: clocks,
            deliver: deliver)
        session.ask(question, at: address.base)
        return session
    }

    package func askTimeline(
        _ request: InputRequest, url: InputURL, answer: @escaping @Sendable (TimelineAnchor?) -> Void
    ) -> (any InputSession)? {
        let identity = identity()
        // What is wrong with the URL is said when it is opened.
        guard let signature = identity.signature, let address = try? Self.address(of: url) else { return nil }
        let isAnswered = NIOLockedValueBox(false)
        let session = M4FSession(
            name: url.description, client: client, own: identity.server, signature: signature, clocks: clocks,
            deliver: { event in
                let told: TimelineAnchor?
                switch event {
                case .timeline(let anchor): told = anchor
                case .ended: told = nil
                case .tracks, .frames, .clockJump, .chunk, .notice: return
                }
                let isFirst = isAnswered.withLockedValue { isAnswered in
                    defer { isAnswered = true }
                    return !isAnswered
                }
                if isFirst { answer(told) }
            })
        session.ask(
            LiveRequest(
                stream: address.stream, asking: request.stream, instance: identity.server.instance,
                wantsTimelineOnly: true), at: address.base)
        return session
    }

    /// - Throws: `.misconfigured` for a URL without host or stream.
    package static func address(of url: InputURL) throws(InputFailure) -> M4FAddress {
        guard !url.host.isEmpty, let parts = url.pathParts, !parts.isEmpty else {
            throw InputFailure(
                code: .misconfigured,
                message: "\(url): names no stream of another server; write it like m4f://host:8080/name")
        }
        return M4FAddress(
            isSecure: url.scheme == "m4fs", host: url.host, port: url.port, stream: parts.joined(separator: "/"))
    }
}

/// The clocks that a session needs.
package struct M4FClocks: Sendable {
    /// Monotonic time since any origin.
    package var monotonic: @Sendable () -> Duration
    package var utc: @Sendable () -> MediaTime

    package init(monotonic: @escaping @Sendable () -> Duration, utc: @escaping @Sendable () -> MediaTime) {
        self.monotonic = monotonic
        self.utc = utc
    }
}

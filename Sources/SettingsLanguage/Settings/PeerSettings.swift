// The group of servers: peers and the directives that hold for all of them.

/// A server of the group.
package struct PeerSettings: Hashable, Sendable {
    package static let defaultPort = 80
    package static let defaultFetchTimeout = Duration.milliseconds(5000)
    /// Without `stale_timeout`, a peer is dead after so many fetch periods of silence.
    package static let defaultStaleFactor = 4

    /// The host name, by which `hostname`, `capture_at` and `balancer` mean this server. Compared without case.
    package var name: String
    /// Port of its HTTP listener.
    package var port: Int
    /// Where it is reached, if not at `name` and `port`.
    package var address: HostPort?
    /// Base of the URLs that viewers are sent to, if not `http://name:port`.
    package var publicURL: WebURL?
    /// Period of asking this peer for its report. 100 ms to 1 h.
    package var fetchTimeout: Duration
    /// Silence after which this peer is dead for us. At least twice `fetchTimeout`.
    package var staleTimeout: Duration
    /// Share of the streams relative to the other peers. 0 (takes none) to 1000; default 1.
    package var weight: Int
    /// Streams that this peer may capture at most; nil is unlimited.
    package var channelLimit: Int?

    package init(
        name: String, port: Int = Self.defaultPort, address: HostPort? = nil, publicURL: WebURL? = nil,
        fetchTimeout: Duration = Self.defaultFetchTimeout,
        staleTimeout: Duration = Self.defaultFetchTimeout * Self.defaultStaleFactor, weight: Int = 1,
        channelLimit: Int? = nil
    ) {
        self.name = name
        self.port = port
        self.address = address
        self.publicURL = publicURL
        self.fetchTimeout = fetchTimeout
        self.staleTimeout = staleTimeout
        self.weight = weight
        self.channelLimit = channelLimit
    }

    /// Host and port that the other servers connect to.
    package var contact: HostPort {
        HostPort(host: address?.host ?? name, port: address?.port ?? port)
    }

    /// Base of the URLs that viewers are redirected to, without a slash at its end.
    package var viewerURL: String {
        guard let publicURL else { return "http://\(contact)" }
        return publicURL.text.hasSuffix("/") ? String(publicURL.text.dropLast()) : publicURL.text
    }
}

extension ServerSettings {
    /// Base of the URLs that viewers who ask with https are redirected to: the peer's `public` URL, else its host with the port of
    /// this file's first `https` line, which the servers of a group have in common. Nil without either.
    package func secureViewerURL(of peer: PeerSettings) -> String? {
        guard peer.publicURL == nil else { return peer.viewerURL }
        return listeners.first { $0.tls != nil }.map { "https://\(HostPort(host: peer.contact.host, port: $0.port))" }
    }
}

/// When a stream returns to its returned owner.
package enum Failback: Hashable, Sendable {
    case immediate
    /// After the owner has been stable for this long. 1 s to one day.
    case delayed(Duration)
    /// It stays where it is until that server fails.
    case off

    package static let standard = Failback.delayed(.seconds(10))
}

/// How a stream changes its server.
package enum Handover: String, Hashable, Sendable, CaseIterable {
    /// The old server stops before the new one connects: for sources that allow one reader. The default.
    case breakBeforeMake = "break_before_make"
    case makeBeforeBreak = "make_before_break"
}

/// How a server answers for a stream that another one runs.
package enum ClusterServe: String, Hashable, Sendable, CaseIterable {
    /// With a redirect to that server. The default.
    case redirect
    /// With that server's segments, relayed.
    case proxy
}

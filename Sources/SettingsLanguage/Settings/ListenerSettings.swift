// `http` and `https`: where the server listens. And who may use the API.

/// A port that the server listens on.
package struct ListenerSettings: Hashable, Sendable {
    /// Files for TLS, in PEM.
    package struct TLS: Hashable, Sendable {
        package var certificate: String
        package var key: String
        package init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// The address to bind to; nil is all addresses.
    package var host: String?
    package var port: Int
    /// Nil for plain HTTP.
    package var tls: TLS?

    package init(host: String? = nil, port: Int, tls: TLS? = nil) {
        self.host = host
        self.port = port
        self.tls = tls
    }

    /// What a server without any listener in its file uses.
    package static let standard = ListenerSettings(port: 8080)

    /// `8080`, `127.0.0.1:8080` or `[::1]:8080`, the form of the directive and of `--listen`; nil when it is none.
    package init?(parsing text: String) {
        if let port = HostPort.port(text) {
            self.init(port: port)
        } else if text.hasPrefix("*:"), let port = HostPort.port(text.dropFirst(2)) {
            self.init(port: port)
        } else if let place = HostPort(parsing: text), let port = place.port {
            self.init(host: place.host, port: port)
        } else {
            return nil
        }
    }

    /// `host:port`, or the port alone for all addresses.
    package var place: String { host.map { HostPort(host: $0, port: port).description } ?? "\(port)" }

    /// Whether both cannot be open at once.
    package func collides(with other: ListenerSettings) -> Bool {
        port == other.port && (host == nil || other.host == nil || host == other.host)
    }
}

/// `edit_auth` and `view_auth`.
package struct Credentials: Hashable, Sendable {
    package var user: String
    package var password: Secret
    package init(user: String, password: Secret) {
        self.user = user
        self.password = password
    }
}

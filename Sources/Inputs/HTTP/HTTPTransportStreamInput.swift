// tshttp:// and tshttps://: an endless transport stream as the body of an HTTP answer.
package import AsyncHTTPClient
internal import FoundationEssentials
package import Ingest
internal import Media
internal import NIOCore
internal import NIOHTTP1
package import NIOSSL

/// The kinds `tshttp://` and `tshttps://`: HTTP/1.1 GET, redirects followed, certificates verified, user and password
/// of the URL sent as Basic authentication. The media is taken apart on the connection's event loop.
package struct HTTPTransportStreamInput: InputKind {
    package let schemes = ["tshttp", "tshttps"]

    private let client: HTTPClient
    private let makeParser: MediaParserFactory

    /// - `client`: one made with `configuration`; it is not shut down here.
    package init(client: HTTPClient, makeParser: @escaping MediaParserFactory) {
        self.client = client
        self.makeParser = makeParser
    }

    /// What endless answers need of a client: no bound on connections to one host, since each input keeps one for ever.
    package static var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .follow(max: 5, allowCycles: false),
            timeout: .init(connect: .seconds(10)))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 100_000
        configuration.connectionPool.retryConnectionEstablishment = false
        // A source may count its connections, and an endless answer leaves none that is worth keeping.
        configuration.connectionPool.idleTimeout = .zero
        configuration.http1_1ConnectionDebugInitializer = SourceConnection.watch
        configuration.tlsConfiguration = secured(.makeClientConfiguration())
        return configuration
    }

    /// A source that goes on sending and does not look for the end keeps a TLS connection open: it is told, and waited for no
    /// longer than this (RFC 8446 §6.1 asks for no answer).
    package static func secured(_ configuration: TLSConfiguration) -> TLSConfiguration {
        var configuration = configuration
        configuration.shutdownTimeout = .milliseconds(100)
        return configuration
    }

    package func open(
        _ request: InputRequest, url: InputURL, deliver: @escaping @Sendable (InputEvent) -> Void
    ) throws(InputFailure) -> any InputSession {
        let parser = try makeParser(request)
        let state = SessionState()
        let reader = HTTPMediaReader(name: url.description, parser: parser, state: state, deliver: deliver)
        let connection = SourceConnection()
        let task = client.execute(request: connection.marked(try httpRequest(for: url)), delegate: reader)
        task.futureResult.whenComplete { result in
            connection.forget()
            // The client tells its delegate of no failure while it follows redirects; only the task fails then.
            if case .failure(let error) = result { reader.didReceiveError(task: task, error) }
        }
        return HTTPSession(task: task, connection: connection, state: state)
    }

    private func httpRequest(for url: InputURL) throws(InputFailure) -> HTTPClient.Request {
        guard !url.host.isEmpty else {
            throw InputFailure(code: .misconfigured, message: "\(url): has no host")
        }
        var headers = HTTPHeaders([("User-Agent", "Weir"), ("Accept", "*/*")])
        if let userInfo = url.userInfo {
            let parts = userInfo.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let decoded = parts.compactMap { PercentEncoding.decoded($0) }
            guard decoded.count == parts.count else {
                throw InputFailure(code: .misconfigured, message: "\(url): user or password has a broken %xx")
            }
            // RFC 7617 §2: always with a colon.
            let credentials = decoded.joined(separator: ":") + (decoded.count == 1 ? ":" : "")
            headers.add(name: "Authorization", value: "Basic \(Data(credentials.utf8).base64EncodedString())")
        }
        let scheme = url.scheme == "tshttps" ? "https" : "http"
        let path = url.path.isEmpty ? "/" : url.path
        let query = url.query.map { "?\($0)" } ?? ""
        do {
            return try HTTPClient.Request(url: "\(scheme)://\(url.hostAndPort)\(path)\(query)", headers: headers)
        } catch {
            throw InputFailure(code: .misconfigured, message: "\(url): is not a URL that HTTP can ask for (\(error))")
        }
    }
}

/// The handle of an open tshttp:// input.
private final class HTTPSession: InputSession {
    private let task: HTTPClient.Task<Void>
    private let connection: SourceConnection
    private let state: SessionState

    init(task: HTTPClient.Task<Void>, connection: SourceConnection, state: SessionState) {
        self.task = task
        self.connection = connection
        self.state = state
    }

    var counters: InputCounters { state.counters }

    func stop(whenClosed closed: @escaping @Sendable () -> Void) {
        _ = state.stop()
        connection.end(task, whenClosed: closed)
    }
}

// What all connections share to answer other servers: who may ask, and where the streams are.
package import LiveStream
package import M4F
package import Media
internal import NIOConcurrencyHelpers
internal import NIOHTTP1

/// An answer other than a session: the text is the whole body.
struct M4FAnswer {
    var status: HTTPResponseStatus
    var text: String
    var headers: [(String, String)]

    init(_ status: HTTPResponseStatus, _ text: String, headers: [(String, String)] = []) {
        self.status = status
        self.text = text
        self.headers = headers
    }
}

/// One for a server; thread-safe.
package final class M4FService: Sendable {
    /// What becomes of a request.
    enum Decision {
        /// The stream runs here. `nonce` is that of the request, `to` who asked.
        case send(any ReadableStream, LiveRequest, to: PassedServer, nonce: String, M4FIdentity)
        case refuse(M4FAnswer)
    }

    private let directory: any StreamDirectory
    private let identity: @Sendable () -> M4FIdentity
    let sessions: SessionRegistry
    private let contact: @Sendable (_ peer: String) -> String?
    private let authentication = NIOLockedValueBox<PeerAuthentication?>(nil)
    let utc: @Sendable () -> MediaTime

    /// - Parameters:
    ///   - contact: `http://host:port` by which other servers reach a peer of the group.
    package init(
        directory: any StreamDirectory, sessions: SessionRegistry, identity: @escaping @Sendable () -> M4FIdentity,
        contact: @escaping @Sendable (_ peer: String) -> String?, utc: @escaping @Sendable () -> MediaTime
    ) {
        self.directory = directory
        self.sessions = sessions
        self.identity = identity
        self.contact = contact
        self.utc = utc
    }

    /// - Parameters:
    ///   - target: path and query as they were sent.
    ///   - isSecure: the connection is TLS.
    func decide(method: HTTPMethod, target: String, headers: HTTPHeaders, isSecure: Bool) -> Decision {
        let identity = identity()
        guard let signature = identity.signature else {
            return .refuse(M4FAnswer(.forbidden, M4FIdentity.noKey))
        }
        let nonce: String
        do throws(PeerRefusal) {
            nonce = try check(method: method, target: target, headers: headers, signature: signature)
        } catch {
            return .refuse(
                M4FAnswer(.unauthorized, "refused: \(error)", headers: [(SignatureHeader.refusal, error.word)]))
        }
        var answer: M4FAnswer
        if method != .GET {
            answer = .init(.methodNotAllowed, "This address takes GET only.", headers: [("Allow", "GET")])
        } else if let request = LiveRequest(target: target) {
            let receiver = PassedServer(
                instance: request.instance, name: headers.first(name: SignatureHeader.sender) ?? "")
            switch locate(request) {
            case .here(let stream): return .send(stream, request, to: receiver, nonce: nonce, identity)
            case .elsewhere(let base, let peer):
                answer = redirect(request, base: base, peer: peer, isSecure: isSecure)
            case .starting(let reason, let retryAfter):
                answer = .init(
                    .serviceUnavailable, "the stream '\(request.stream)' does not run at this moment: \(reason)",
                    headers: [("Retry-After", String(max(1, retryAfter)))])
            case .unknown:
                let also = request.asking == request.stream ? "" : ", nor '\(request.asking)'"
                answer = .init(
                    .notFound, "there is no stream '\(request.stream)' on \(identity.server)\(also)")
            }
        } else {
            answer = .init(.badRequest, "this is not how live media is asked for")
        }
        let code = signature.signAnswer(to: nonce, status: Int(answer.status.code), body: Array(answer.text.utf8))
        answer.headers.append((SignatureHeader.signature, code))
        return .refuse(answer)
    }

    private func check(
        method: HTTPMethod, target: String, headers: HTTPHeaders, signature: PeerSignature
    ) throws(PeerRefusal) -> String {
        let now = utc()
        return try authentication.withLockedValue { state -> Result<String, PeerRefusal> in
            Result { () throws(PeerRefusal) in
                var authentication = state ?? PeerAuthentication(signature: signature)
                // A reload may bring another key; what was seen stays seen.
                authentication.signature = signature
                defer { state = authentication }
                return try authentication.check(
                    method: method.rawValue, path: target, header: { headers.first(name: $0) }, at: now)
            }
        }.get()
    }

    /// The stream of the name that is asked for goes before that of the asker's own name.
    private func locate(_ request: LiveRequest) -> StreamLocation {
        let location = directory.locate(request.stream)
        guard case .unknown = location, request.asking != request.stream else { return location }
        return directory.locate(request.asking)
    }

    private func redirect(_ request: LiveRequest, base: String, peer: String, isSecure: Bool) -> M4FAnswer {
        guard let next = request.redirected else {
            return .init(
                .custom(code: 508, reasonPhrase: "Loop Detected"),
                "the servers send one another in a circle looking for '\(request.stream)'; this one believes it is on \(peer)"
            )
        }
        // Between servers, unless media must not travel in the clear: then the address for viewers, if that is https.
        let place = isSecure ? (base.hasPrefix("https://") ? base : nil) : contact(peer) ?? base
        guard let place else {
            return .init(
                .serviceUnavailable,
                "the stream '\(request.stream)' is on \(peer), of which no https address is known here: give it one with 'public'"
            )
        }
        let location = place + next.target
        return .init(.temporaryRedirect, location, headers: [("Location", location)])
    }
}

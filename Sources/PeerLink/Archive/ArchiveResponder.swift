// Answers other servers' requests for archives, whatever brings them here.
package import Archive
import M4F
package import Media
import NIOConcurrencyHelpers
package import NIOCore

/// What a server gives of its archives. Nil: it has no archive of the stream.
package protocol ArchiveSource: Sendable {
    /// Whether there is a stream of that name, recorded or not.
    func knows(_ stream: String) -> Bool
    /// - Returns: how long the stream is kept (nil for ever), and what is there.
    func summary(of stream: String, in range: TimeRange) async throws -> (keeps: MediaSpan?, ArchiveSummary)?
    func offers(of stream: String, in range: TimeRange) async throws -> [OfferedSegment]?
    /// The segment with just this digest, or nil when it is not there (any more).
    func segment(_ name: SegmentDigest, of stream: String) async throws -> ArchivePart?
}

/// The bytes of a segment, and what they need to be understood.
package struct ArchivePart: Sendable {
    package var tracks: UInt64
    package var initialization: ByteBuffer
    package var media: ByteBuffer
    package init(tracks: UInt64, initialization: ByteBuffer, media: ByteBuffer) {
        self.tracks = tracks
        self.initialization = initialization
        self.media = media
    }
}

/// An HTTP answer, without HTTP.
package enum ArchiveAnswer: Sendable {
    case whole(PeerResponse)
    case bulk(BulkAnswer)
}

/// Checks, reads and answers. May be used from any task.
package final class ArchiveResponder: Sendable {
    private let authentication: NIOLockedValueBox<PeerAuthentication?>
    private let places = NIOLockedValueBox(0)
    private let source: any ArchiveSource
    private let utc: @Sendable () -> MediaTime

    /// - Parameter key: nil refuses all.
    package init(key: String?, source: any ArchiveSource, utc: @escaping @Sendable () -> MediaTime) {
        authentication = NIOLockedValueBox(key.map { PeerAuthentication(key: $0) })
        self.source = source
        self.utc = utc
    }

    /// The key of a reload. What was seen stays seen.
    package func replaceKey(_ key: String?) {
        authentication.withLockedValue { authentication in
            guard let key else { return authentication = nil }
            if authentication == nil { authentication = PeerAuthentication(key: key) }
            authentication?.signature = PeerSignature(key: key)
        }
    }

    /// - Parameters:
    ///   - header: the value of a header by name, without regard to case.
    ///   - body: at most `ArchiveLimits.request` bytes.
    package func handle(header: (String) -> String?, body: ByteBuffer) async -> ArchiveAnswer {
        let bytes = Array(body.readableBytesView)
        let signature: PeerSignature
        let nonce: String
        switch check(header, bytes) {
        case .success(let found)?:
            signature = found.0
            nonce = found.1
        case .failure(let refusal)?: return Self.text(401, refusal: refusal.word, "refused: \(refusal)")
        case nil:
            return Self.text(
                401, refusal: "key", "refused: this server has no cluster_key, so nobody may have its archives")
        }
        let request: ArchiveRequest
        do { request = try ArchiveRequest(reading: body) } catch {
            return Self.text(400, refusal: "message", "\(error)")
        }
        do {
            return try await answer(request, signature, nonce)
        } catch {
            return Self.text(503, refusal: "archive", "the archive cannot be read: \(error)")
        }
    }

    private func check(
        _ header: (String) -> String?, _ body: [UInt8]
    ) -> Result<(PeerSignature, String), PeerRefusal>? {
        let now = utc()
        return authentication.withLockedValue { authentication in
            guard authentication != nil else { return nil }
            return Result { () throws(PeerRefusal) in
                guard
                    let nonce = try authentication?.check(
                        method: "POST", path: M4FPath.archive, header: header, body: body, at: now),
                    let signature = authentication?.signature
                else { throw .unsigned }
                return (signature, nonce)
            }
        }
    }

    private func answer(
        _ request: ArchiveRequest, _ signature: PeerSignature, _ nonce: String
    ) async throws -> ArchiveAnswer {
        func signed(_ bytes: ByteBuffer) -> ArchiveAnswer {
            let body = Array(bytes.readableBytesView)
            return .whole(
                PeerResponse(
                    status: 200,
                    headers: [
                        ("Content-Type", "application/octet-stream"), ("Cache-Control", "no-store"),
                        (SignatureHeader.signature, signature.signAnswer(to: nonce, status: 200, body: body)),
                    ], body: body))
        }
        let stream = request.stream
        switch request.question {
        case .digests(let range, let known):
            guard let (keeps, summary) = try await source.summary(of: stream, in: range) else {
                return unrecorded(stream)
            }
            let digests = Dictionary(known.map { ($0.number, $0.digest) }, uniquingKeysWith: { first, _ in first })
            return signed(
                ArchiveDigests(now: utc(), keeps: keeps, summary: summary.leavingOut(digests)).bytes)
        case .list(let range):
            guard let offers = try await source.offers(of: stream, in: range) else { return unrecorded(stream) }
            return signed(ArchiveList(segments: offers).bytes)
        case .fetch(let segments):
            guard let place = BulkPlace.take(in: places) else {
                return Self.text(503, refusal: "busy", "it gives its archives to too many at the moment")
            }
            return .bulk(BulkAnswer(segments, of: stream, from: source, place: place))
        }
    }

    /// Two words: whoever asks for a stream that is not there may mean the one of his own stream's name.
    private func unrecorded(_ stream: String) -> ArchiveAnswer {
        guard source.knows(stream) else {
            return Self.text(404, refusal: SignatureHeader.noStream, "there is no stream '\(stream)' there")
        }
        return Self.text(404, refusal: "stream", "the stream \(stream) is not recorded there at the moment")
    }

    private static func text(_ status: Int, refusal: String, _ text: String) -> ArchiveAnswer {
        .whole(
            PeerResponse(
                status: status,
                headers: [("Content-Type", "text/plain; charset=utf-8"), (SignatureHeader.refusal, refusal)],
                body: Array((text + "\n").utf8)))
    }
}

// tshttp:// against a server of our own: media, statuses, redirects, credentials, wrong bodies, no server.
import AsyncHTTPClient
import Foundation
import Ingest
import Inputs
import Media
import NIOHTTP1
import NIOSSL
import Testing

@Suite(.timeLimit(.minutes(10)))
struct HTTPTransportStreamInputTests {
    @Test func playsAnEndlessAnswer() async throws {
        let media = try await Self.media()
        let corrected = stride(from: 0, to: media.count, by: 188).flatMap {
            Array(media[$0..<$0 + 188]) + [UInt8](repeating: 9, count: 16)
        }
        try await probing([
            "/live": .body(media, pieceSize: 1000, ends: false),
            "/corrected": .body(corrected, pieceSize: 1000, ends: false),
            "/moved": .status(.found, headers: [("Location", "/live")]),
        ]) { open in
            for path in ["/live", "/corrected", "/moved"] {
                let (probe, session) = try open("tshttp://127.0.0.1:PORT\(path)")
                let gathered = await probe.gather { $0.frames(of: .video).count >= 40 }
                #expect(gathered.failure == nil)
                #expect(!gathered.isOutOfOrder)
                #expect(session.counters.bytes > 10_000)
                #expect(session.counters.tsLost == 0)
                session.stop()
            }
        }
    }

    @Test func theEndOfTheAnswerIsTheEnd() async throws {
        let media = try await Self.media()
        try await probing(["/live": .body(media, pieceSize: 5000, ends: true)]) { open in
            let (probe, _) = try open("tshttp://127.0.0.1:PORT/live")
            let gathered = await probe.gather { _ in false }
            // Two seconds at 25 fps, the last one included.
            #expect(gathered.frames(of: .video).count == 50)
            #expect(gathered.failure?.code == .ended)
            #expect(gathered.failure?.message.contains("\(media.count) bytes") == true, "\(gathered.failure as Any)")
        }
    }

    @Test func credentialsOfTheURLAreSent() async throws {
        let media = try await Self.media()
        try await probing(["/live": .ifAuthorized("Basic bWU6YUBi", media)]) { open in
            let (probe, session) = try open("tshttp://me:a%40b@127.0.0.1:PORT/live")
            #expect(await probe.gather { !$0.frames.isEmpty }.failure == nil)
            session.stop()
            let failure = await (try open("tshttp://me:wrong@127.0.0.1:PORT/live").probe).failure()
            #expect(failure?.message.contains("answered 401") == true)
            #expect(failure?.message.contains("wrong") == false, "\(failure as Any)")
        }
    }

    @Test func statusesAreSaid() async throws {
        try await probing([
            "/busy": .status(.serviceUnavailable), "/loop": .status(.found, headers: [("Location", "/loop")]),
        ]) { open in
            for (path, words) in [
                ("/busy", "answered 503 Service Unavailable"), ("/none", "answered 404"),
                ("/loop", "redirects without end"),
            ] {
                let failure = try #require(await (try open("tshttp://127.0.0.1:PORT\(path)").probe).failure())
                #expect(failure.code == .unreachable)
                #expect(failure.message.contains(words), "\(failure)")
            }
        }
    }

    @Test func aPageIsNoTransportStream() async throws {
        let page = Array(String(repeating: "<html>GGGG</html>\n", count: 500).utf8)
        try await probing(["/page": .body(page, pieceSize: 700, ends: false)]) { open in
            let failure = try #require(await (try open("tshttp://127.0.0.1:PORT/page").probe).failure())
            #expect(failure.code == .unsupportedMedia)
            #expect(failure.message.contains("not a transport stream"), "\(failure)")
        }
    }

    @Test func unreachableServers() async throws {
        try await probing([:]) { open in
            let port = Loopback.freePort()
            let refused = try #require(await (try open("tshttp://127.0.0.1:\(port)/").probe).failure())
            #expect(refused.code == .unreachable)
            #expect(
                refused.message.contains("Connection refused") && refused.message.contains("127.0.0.1"), "\(refused)")
            // TLS to a server that speaks none.
            let plain = try #require(await (try open("tshttps://127.0.0.1:PORT/").probe).failure())
            #expect(plain.code == .unreachable)
            #expect(throws: InputFailure.self) { try open("tshttp:///path") }
        }
    }

    @Test func tlsWithATrustedCertificate() async throws {
        let media = try await Self.media()
        let directory = try TemporaryDirectory()
        let certificate = try await SelfSignedCertificate(in: directory.path)
        let answers = ["/live": OriginAnswer.body(media, pieceSize: 1000, ends: false)]
        try await probing(answers, server: try certificate.server(), client: certificate.client) { open in
            let (probe, session) = try open("tshttps://127.0.0.1:PORT/live")
            let gathered = await probe.gather { $0.frames(of: .video).count >= 40 }
            #expect(gathered.failure == nil)
            #expect(session.counters.tsLost == 0)
            session.stop()
        }
        // The system's own roots do not know it.
        try await probing(answers, server: try certificate.server()) { open in
            let failure = try #require(await (try open("tshttps://127.0.0.1:PORT/live").probe).failure())
            #expect(failure.code == .unreachable)
            #expect(failure.message.lowercased().contains("certificate"), "\(failure)")
        }
    }

    /// The client's task ends before that. Also behind a redirect, and over TLS.
    @Test func whenItSaysThatItIsClosedItsConnectionIs() async throws {
        let media = try await Self.media()
        let directory = try TemporaryDirectory()
        let certificate = try await SelfSignedCertificate(in: directory.path)
        let answers = ["/live": OriginAnswer.body(media, pieceSize: 1000, ends: false)]
        let plain = try await HTTPOrigin(answers)
        let secure = try await HTTPOrigin(answers, tls: try certificate.server())
        let origins = [
            plain.port: "http://127.0.0.1:\(plain.port)/live", secure.port: "https://127.0.0.1:\(secure.port)/live",
        ]
        let moved = Dictionary(
            uniqueKeysWithValues: origins.map { ("/\($0)", OriginAnswer.status(.found, headers: [("Location", $1)])) })
        try await probing(moved, client: certificate.client) { open in
            for (port, address) in origins {
                for url in ["ts\(address)", "tshttp://127.0.0.1:PORT/\(port)"] {
                    let (probe, session) = try open(url)
                    #expect(await probe.gather { !$0.frames.isEmpty }.failure == nil)
                    #expect(Loopback.sockets(connectedTo: port) == 1)
                    await withCheckedContinuation { continuation in session.stop { continuation.resume() } }
                    #expect(Loopback.sockets(connectedTo: port) == 0)
                }
            }
            // One that is given up before it has asked anything.
            let (_, session) = try open("tshttp://127.0.0.1:\(plain.port)/live")
            await withCheckedContinuation { continuation in session.stop { continuation.resume() } }
        }
        try await plain.close()
        try await secure.close()
    }

    private static func media() async throws -> [UInt8] {
        let directory = try TemporaryDirectory()
        try await FFmpeg.make(FFmpeg.source(seconds: 2, options: "-f mpegts \(directory.path)/live.ts"))
        return Array(try Data(contentsOf: URL(fileURLWithPath: "\(directory.path)/live.ts")))
    }

    typealias Open = (String) throws -> (probe: EventProbe, session: any InputSession)

    /// Runs with a server, whose port stands for PORT in URLs, and a client; both are gone afterwards.
    private func probing(
        _ answers: [String: OriginAnswer], server: TLSConfiguration? = nil, client tls: TLSConfiguration? = nil,
        _ body: (Open) async throws -> Void
    ) async throws {
        let origin = try await HTTPOrigin(answers, tls: server)
        var configuration = HTTPTransportStreamInput.configuration
        if let tls { configuration.tlsConfiguration = HTTPTransportStreamInput.secured(tls) }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let inputs = StandardInputs([
            HTTPTransportStreamInput(
                client: client,
                makeParser: { request throws(InputFailure) in try TransportStreamParser(request) })
        ])
        let open: Open = { url in
            let probe = EventProbe()
            let url = url.replacing("PORT", with: "\(origin.port)")
            return (probe, try inputs.open(InputRequest(stream: "cam", url: url), deliver: probe.deliver))
        }
        let result: Result<Void, any Error>
        do { result = .success(try await body(open)) } catch { result = .failure(error) }
        try await client.shutdown()
        try await origin.close()
        try result.get()
    }
}

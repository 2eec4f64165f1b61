// Servers that poll one another over real connections: how soon news arrive, and what is said of those who do not fit.
import AsyncHTTPClient
import Cluster
import Foundation
import M4F
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import PeerLink

@Suite(.timeLimit(.minutes(5))) struct PollTests {
    @Test func newsAnswerAWaitingPollAtOnce() async throws {
        // Without the long poll nothing would be heard for ten minutes, which is more than this test may last.
        try await TestGroup.run([TestPeer(name: "a"), TestPeer(name: "b")], fetch: 600_000, stale: 2_400_000) { group in
            let a = try #require(group["a"])
            let b = try #require(group["b"])
            try await until { a.state(of: "b") == .alive && b.state(of: "a") == .alive }
            await b.service.setDraining(true)
            try await until { a.state(of: "b") == .draining }
            b.captures.setLocals([StreamName("alone"): true])
            try await until { a.service.place(of: StreamName("alone")) == .at(PeerID("b")) }
            await b.service.setDraining(false)
            try await until { a.state(of: "b") == .alive }
            #expect(a.service.place(of: StreamName("nowhere")) == .unknown)
            let peer = try #require(a.peer("b"))
            #expect(peer.software == "test" && peer.hears == [PeerID("a")])
            // When on its way the answer was written is not known: on a busy machine that may be seconds.
            let roundTrip = try #require(peer.roundTrip).milliseconds
            #expect(abs(try #require(peer.clockDifference)) < roundTrip + 1000)
        }
    }

    @Test func eachStreamIsCapturedOnce() async throws {
        let streams = (0..<30).map { "cam\($0)" }
        let peers = ["a", "b", "c"].map { TestPeer(name: $0, streams: streams) }
        try await TestGroup.run(peers) { group in
            try await until {
                let all = group.values.flatMap { $0.captures.captureStates().map(\.stream.text) }
                return all.count == 30 && Set(all).count == 30
            }
            for server in group.values {
                try await until { server.service.snapshot.streams.allSatisfy { $0.runningOn != nil } }
            }
        }
    }

    @Test func anotherKeyIsShownAsSuch() async throws {
        let peers = [TestPeer(name: "a"), TestPeer(name: "b", key: "efgh")]
        try await TestGroup.run(peers, stale: 600_000) { group in
            let a = try #require(group["a"])
            let b = try #require(group["b"])
            try await until { a.state(of: "b") == .otherKey && b.state(of: "a") == .otherKey }
            #expect(
                a.peer("b")?.detail.contains("cluster_key") == true, "\(a.peer("b")?.detail ?? "")")
            #expect(a.captures.events.contains { $0.kind == .peerMismatch && $0.peer == PeerID("b") })
            #expect((b.service.tally.refusals["key"] ?? 0) > 0)
            #expect((a.service.tally.peers[PeerID("b")]?.failures ?? 0) > 0)
        }
    }

    @Test func aClockThatIsFarOffIsRefusedInWords() async throws {
        let peers = [TestPeer(name: "a"), TestPeer(name: "b", clock: -90_000)]
        try await TestGroup.run(peers, stale: 600_000) { group in
            let a = try #require(group["a"])
            let words = "the clocks of the two servers differ by"
            try await until { a.peer("b")?.detail.contains(words) == true }
            #expect(a.peer("b")?.detail.contains("synchronise the clocks") == true)
            #expect((group["b"]?.service.tally.refusals["clock"] ?? 0) > 0)
        }
    }

    @Test func aClockThatIsOffByMoreThanASegmentIsShown() async throws {
        try await TestGroup.run([TestPeer(name: "a"), TestPeer(name: "b", clock: 20_000)]) { group in
            let a = try #require(group["a"])
            try await until { a.captures.events.contains { $0.kind == .clockDiffers } }
            // A machine that is busy may take it for dead in between.
            try await until {
                a.state(of: "b") == .alive && a.peer("b")?.detail.contains("ahead of this server's") == true
            }
            #expect((19_000...21_000).contains(a.peer("b")?.clockDifference ?? 0))
        }
    }

    @Test func anotherSetOfStreamsIsShownAndBothTakePart() async throws {
        let peers = [TestPeer(name: "a", streams: ["x", "y"]), TestPeer(name: "b", streams: ["x"])]
        try await TestGroup.run(peers) { group in
            let a = try #require(group["a"])
            try await until { a.state(of: "b") == .otherStreamSet && group["b"]?.state(of: "a") == .otherStreamSet }
            try await until { a.captures.captureStates().contains { $0.stream.text == "y" } }
            try await until { group["b"]?.service.place(of: StreamName("y")) == .at(PeerID("a")) }
        }
    }

    // MARK: Requests that a peer would not send

    /// A signed request as `PeerClient` makes it.
    private func request(
        to server: TestGroup.Server, _ message: PollMessage, nonce: String, time: Int64? = nil
    ) throws -> HTTPClientRequest {
        let body = try PollWire.encode(message)
        let signed = PeerSignature.Request(
            method: "POST", path: PollWire.path, sender: message.sender.text,
            time: time ?? Int64(Date().timeIntervalSince1970 * 1000), nonce: nonce)
        var request = HTTPClientRequest(url: "http://\(server.place)\(PollWire.path)")
        request.method = .POST
        request.headers = [
            SignatureHeader.sender: signed.sender, SignatureHeader.time: String(signed.time),
            SignatureHeader.nonce: nonce,
            SignatureHeader.signature: PeerSignature(key: server.key).sign(signed, body: body),
        ]
        request.body = .bytes(ByteBuffer(bytes: body))
        return request
    }

    private func send(_ request: HTTPClientRequest) async throws -> (status: Int, refusal: String?, text: String) {
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 1 << 20)
        return (Int(response.status.code), response.headers.first(name: SignatureHeader.refusal), String(buffer: body))
    }

    @Test func repeatedUnsignedAndForeignRequestsAreRefused() async throws {
        try await TestGroup.run([TestPeer(name: "a"), TestPeer(name: "b")]) { group in
            let a = try #require(group["a"])
            let message = PollMessage(sender: PeerID("b"), known: .nothing, hold: .zero)
            let once = try request(to: a, message, nonce: "0123456789abcdef0123")
            #expect(try await send(once).status == 200)
            let again = try await send(once)
            #expect(again.status == 401 && again.refusal == "replay", "\(again.text)")
            var unsigned = try request(to: a, message, nonce: "0123456789abcdef0124")
            unsigned.headers.remove(name: SignatureHeader.signature)
            #expect(try await send(unsigned).refusal == "unsigned")
            var changed = try request(to: a, message, nonce: "0123456789abcdef0125")
            changed.body = .bytes(ByteBuffer(string: "{\"protocolVersion\":1}"))
            #expect(try await send(changed).refusal == "key", "the body is signed")
            let old = try await send(
                try request(to: a, message, nonce: "0123456789abcdef0126", time: 1_700_000_000_000))
            #expect(old.refusal == "clock" && old.text.contains("behind"))
            let foreign = PollMessage(sender: PeerID("b"), known: .nothing, hold: .zero, protocolVersion: 2)
            let answer = try await send(try request(to: a, foreign, nonce: "0123456789abcdef0127"))
            #expect(answer.status == 409 && answer.refusal == "protocol=\(PeerReport.currentProtocol)")
            #expect(a.service.tally.refusals == ["replay": 1, "unsigned": 1, "key": 1, "clock": 1])
        }
    }

    @Test func anotherVersionOfTheProtocolIsNamed() async throws {
        let answers: [(String, PollFailure)] = [
            ("protocol=7", .otherProtocol(7)), ("key", .otherKey("words")), ("clock", .badAnswer("words")),
        ]
        for (refusal, failure) in answers {
            let server = try await PollServer.start { _, _ in
                PeerResponse(status: 409, headers: [(SignatureHeader.refusal, refusal)], body: Array("words".utf8))
            }
            let client = PeerClient(
                eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
                utc: { Int64(Date().timeIntervalSince1970 * 1000) })
            await #expect(throws: failure) {
                _ = try await client.poll(
                    PollMessage(sender: PeerID("a"), known: .nothing, hold: .zero), at: server.place,
                    signature: PeerSignature(key: "k"), timeout: .seconds(30))
            }
            try await client.shutdown()
            try await server.stop()
        }
    }

    @Test func theKeyNeverTravels() async throws {
        let key = "the key of this group"
        let seen = NIOLockedValueBox("")
        let server = try await PollServer.start { head, body in
            seen.withLockedValue { $0 = "\(head)\n\(String(decoding: body, as: UTF8.self))" }
            return PeerResponse(status: 401, headers: [(SignatureHeader.refusal, "key")], body: Array("words".utf8))
        }
        let client = PeerClient(
            eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            utc: { Int64(Date().timeIntervalSince1970 * 1000) })
        await #expect(throws: PollFailure.otherKey("words")) {
            _ = try await client.poll(
                PollMessage(sender: PeerID("a"), known: .nothing, hold: .zero), at: server.place,
                signature: PeerSignature(key: key), timeout: .seconds(30))
        }
        let said = seen.withLockedValue { $0 }
        #expect(said.contains(PollWire.path) && said.contains("protocolVersion"), "\(said)")
        for form in [key, Data(key.utf8).base64EncodedString(), "the%20key"] { #expect(!said.contains(form)) }
        try await client.shutdown()
        try await server.stop()
    }

    // MARK: Size and load

    @Test func aPollOfTwoThousandStreamsIsSmallWhenLittleChanged() async throws {
        let streams = (0..<2000).map { "region/city-\($0 % 50)/camera-\($0)" }
        let peers = ["a", "b"].map { TestPeer(name: $0, streams: streams) }
        try await TestGroup.run(peers, fetch: 500, stale: 10_000) { group in
            let a = try #require(group["a"])
            try await until { group.values.reduce(0) { $0 + $1.captures.captureStates().count } == 2000 }
            try await until { a.service.snapshot.streams.allSatisfy { $0.phase == .running } }
            let client = PeerClient(
                eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
                utc: { Int64(Date().timeIntervalSince1970 * 1000) })
            func poll(_ known: KnownVersion) async throws -> (report: PeerReport, bytes: Int) {
                var bytes = 0
                let report = try await client.poll(
                    PollMessage(sender: PeerID("b"), known: known, hold: .zero), at: a.place,
                    signature: PeerSignature(key: a.key), timeout: .seconds(30), received: { bytes = $0 })
                return (report, bytes)
            }
            let full = try await poll(.nothing)
            #expect(full.report.records.count == 2000)
            var known = KnownVersion(instance: full.report.instance, version: full.report.version)
            // The last of two thousand starts may still be news, and on a busy machine streams move.
            func isNews(_ report: PeerReport) -> Bool { !report.records.isEmpty || !report.ready.isEmpty }
            var nothing = try await poll(known)
            while isNews(nothing.report) {
                known.version = nothing.report.version
                nothing = try await poll(known)
            }
            #expect(nothing.bytes < 1500, "\(nothing.bytes)")
            var little = nothing
            var locals: [StreamName: Bool] = [:]
            repeat {
                known.version = little.report.version
                locals[StreamName("alone-\(locals.count)")] = true
                a.captures.setLocals(locals)
                repeat { little = try await poll(known) } while little.report.locals == nil
            } while isNews(little.report)
            #expect(little.report.locals?.count == 1)
            #expect(little.bytes < 1500, "\(little.bytes)")
            #expect(full.bytes > 100 * little.bytes, "\(full.bytes) for all, \(little.bytes) for one")
            try await client.shutdown()
        }
    }

    @Test func nobodyIsTakenForDeadWhileAllCoresAreBusy() async throws {
        let peers = ["a", "b", "c"].map { TestPeer(name: $0, streams: ["x"]) }
        // A long `stale_timeout`: the machine is busy with more than this test, and tests that compute for long hold the threads on which
        // polls are waited for. Twelve polls that hardly get through take longer than this test may last.
        try await TestGroup.run(peers, fetch: 500, stale: 60_000) { group in
            try await until {
                group.values.allSatisfy { server in
                    group.keys.allSatisfy { server.state(of: $0).map { $0 == .alive || $0 == .own } ?? false }
                }
            }
            let burning = Burning(threads: 4 * System.coreCount)
            defer { burning.stop() }
            let before = group.values.map { $0.service.tally.peers.values.reduce(0) { $0 + $1.polls } }
            // Each server has asked each other one many times while the cores were busy.
            try await until {
                let now = group.values.map { $0.service.tally.peers.values.reduce(0) { $0 + $1.polls } }
                return zip(now, before).allSatisfy { $0 - $1 >= 12 }
            }
            for server in group.values {
                #expect(!server.captures.events.contains { $0.kind == .peerLost || $0.kind == .isolated })
            }
        }
    }
}

/// Threads that do nothing but take processor time.
private final class Burning: Sendable {
    private let flag = Atomic<Bool>(false)

    init(threads: Int) {
        for _ in 0..<threads {
            Thread.detachNewThread { [self] in
                var value: UInt64 = 1
                while !flag.load(ordering: .relaxed) {
                    for _ in 0..<100_000 { value = StableHash.mix(value) }
                    // The result is used, so that the work is done.
                    if value == 0 { stop() }
                }
            }
        }
    }

    func stop() { flag.store(true, ordering: .relaxed) }
}

// Slow viewers, slow clients and the register of viewers, without sockets.
import NIOCore
import Synchronization
import Testing

@testable import Playback

@Suite struct PolicyTests {
    @Test func slowViewerSkipsToAKeyFrameWhenThereIsRoom() {
        var backlog = ViewerBacklog(configured: 1000, startBytes: 100)
        #expect(backlog.decide(pendingBytes: 0, startsWithKeyFrame: false) == .drop(isFirst: false))
        #expect(backlog.decide(pendingBytes: 0, startsWithKeyFrame: true) == .send)
        #expect(backlog.decide(pendingBytes: 1000, startsWithKeyFrame: false) == .send)
        #expect(backlog.decide(pendingBytes: 1001, startsWithKeyFrame: false) == .drop(isFirst: true))
        #expect(backlog.decide(pendingBytes: 0, startsWithKeyFrame: false) == .drop(isFirst: false))
        #expect(backlog.decide(pendingBytes: 501, startsWithKeyFrame: true) == .drop(isFirst: false))
        #expect(backlog.decide(pendingBytes: 500, startsWithKeyFrame: true) == .send)
        #expect(backlog.decide(pendingBytes: 500, startsWithKeyFrame: false) == .send)
    }

    @Test func whatTheStreamDeliversAtOnceAlwaysFits() {
        #expect(ViewerBacklog(configured: 1000, startBytes: 5000).pendingBytesMax == 10000)
    }

    @Test func connectionsHaveDeadlines() {
        let limits = ConnectionLimits(requestHead: .seconds(30), requestBody: .seconds(10), writeStall: .seconds(20))
        func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(1) + .seconds(seconds) }
        var silent = ConnectionDeadlines(limits: limits, at: at(0))
        #expect(silent.check(bufferedBytes: 0, acknowledged: nil, at: at(29)) == .keep)
        #expect(silent.check(bufferedBytes: 0, acknowledged: nil, at: at(30)) == .close(reason: "no request"))

        var endless = ConnectionDeadlines(limits: limits, at: at(0))
        endless.headReceived(at: at(1))
        #expect(endless.check(bufferedBytes: 0, acknowledged: nil, at: at(10)) == .keep)
        #expect(
            endless.check(bufferedBytes: 0, acknowledged: nil, at: at(11)) == .close(reason: "request does not end"))

        // What is sent up may take longer, as long as it comes.
        var upload = ConnectionDeadlines(limits: limits, at: at(0))
        upload.headReceived(isUpload: true, at: at(1))
        upload.bodyReceived(at: at(9))
        #expect(upload.check(bufferedBytes: 0, acknowledged: nil, at: at(18)) == .keep)
        #expect(upload.check(bufferedBytes: 0, acknowledged: nil, at: at(19)) == .close(reason: "request does not end"))
        for second in Int64(1)...60 {
            upload.bodyReceived(at: at(second))
            #expect(upload.check(bufferedBytes: 0, acknowledged: nil, at: at(second)) == .keep)
        }
        #expect(upload.check(bufferedBytes: 0, acknowledged: nil, at: at(61)) == .close(reason: "request does not end"))
        upload.requestEndReceived()
        #expect(upload.check(bufferedBytes: 0, acknowledged: nil, at: at(500)) == .keep)

        var watching = ConnectionDeadlines(limits: limits, at: at(0))
        watching.headReceived(at: at(1))
        watching.requestEndReceived()
        #expect(watching.check(bufferedBytes: 0, acknowledged: nil, at: at(500)) == .keep)
        #expect(watching.check(bufferedBytes: 900, acknowledged: nil, at: at(505)) == .keep)
        #expect(watching.check(bufferedBytes: 800, acknowledged: nil, at: at(524)) == .keep)
        #expect(watching.check(bufferedBytes: 900, acknowledged: nil, at: at(543)) == .keep)
        #expect(
            watching.check(bufferedBytes: 900, acknowledged: nil, at: at(544))
                == .close(reason: "client takes no bytes"))
    }

    @Test func aClientThatTakesBytesAllTheTimeIsKeptHoweverManyAreWrittenMeanwhile() {
        func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(1) + .seconds(seconds) }
        var steady = ConnectionDeadlines(limits: ConnectionLimits(writeStall: .seconds(20)), at: at(0))
        steady.headReceived(at: at(0))
        steady.requestEndReceived()
        // A megabyte is written between two looks, and nine tenths of it are taken.
        for look in 0..<20 as Range<Int64> {
            let verdict = steady.check(
                bufferedBytes: 4_000_000 + Int(look) * 100_000, acknowledged: look * 900_000, at: at(look * 5))
            #expect(verdict == .keep, "look \(look)")
        }
        // What our own socket takes in is nothing that the client has taken.
        let last: Int64 = 19 * 900_000
        #expect(steady.check(bufferedBytes: 5_000_000, acknowledged: last, at: at(100)) == .keep)
        #expect(steady.check(bufferedBytes: 4_000_000, acknowledged: last, at: at(114)) == .keep)
        #expect(
            steady.check(bufferedBytes: 3_000_000, acknowledged: last, at: at(115))
                == .close(reason: "client takes no bytes"))
    }

    @Test func registerCountsConnectionsAndRequests() {
        let registry = SessionRegistry(idleAfter: .seconds(30)) { 1_700_000_000_000 }
        func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(1) + .seconds(seconds) }
        let (id, counters) = registry.open(
            stream: "cam", viewerProtocol: .mpegts, address: "127.0.0.1", userAgent: "VLC")
        counters.bytes.wrappingAdd(188, ordering: .relaxed)
        counters.skips.wrappingAdd(1, ordering: .relaxed)
        for second in 0..<3 {
            registry.requestAnswered(
                stream: "cam", address: "127.0.0.1", userAgent: "hls.js", byteCount: 100, at: at(Int64(second)))
        }
        registry.requestAnswered(stream: "cam", address: "127.0.0.2", userAgent: "hls.js", byteCount: 5, at: at(20))
        let sessions = registry.sessions(at: at(20))
        #expect(sessions.map(\.byteCount) == [188, 300, 5])
        #expect(sessions.map(\.skipCount) == [1, 0, 0])
        #expect(sessions.map(\.viewerProtocol) == [.mpegts, .hls, .hls])
        #expect(registry.viewerCount(of: "cam", at: at(31)) == 3)
        #expect(registry.viewerCount(of: "cam", at: at(32)) == 2)
        #expect(registry.viewerCount(of: "cam", at: at(50)) == 1)
        registry.close(id)
        registry.close(id)
        #expect(registry.byteCount == 493 && registry.skipCount == 1, "what has ended still counts")
        #expect(registry.viewerCount(of: "cam", at: at(50)) == 0)
        #expect(registry.viewerCount(of: "other", at: at(50)) == 0)
    }

    @Test func aConnectionCountsItsRequestsUntilTheirSessionIsOver() throws {
        let registry = SessionRegistry(idleAfter: .seconds(30)) { 1_700_000_000_000 }
        func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(1) + .seconds(seconds) }
        func first(at second: Int64) throws -> SessionCounters {
            try #require(
                registry.requestAnswered(
                    stream: "cam", address: "127.0.0.1", userAgent: "hls.js", byteCount: 100, at: at(second)))
        }
        let counters = try first(at: 0)
        #expect(counters.requestAnswered(byteCount: 10, at: at(20)))
        #expect(registry.viewerCount(of: "cam", at: at(49)) == 1, "its requests keep it alive")
        #expect(registry.viewerCount(of: "cam", at: at(50)) == 0 && registry.byteCount == 110)
        #expect(!counters.requestAnswered(byteCount: 1000, at: at(51)))
        #expect(registry.byteCount == 110, "who counts here is told that it is over")
        let next = try first(at: 51)
        #expect(next !== counters && registry.sessions(at: at(52)).map(\.byteCount) == [100])
        #expect(registry.byteCount == 210)
    }

    @Test func outputIsMeasuredBetweenLooks() {
        func at(_ milliseconds: Int64) -> NIODeadline { .uptimeNanoseconds(1) + .milliseconds(milliseconds) }
        var meter = OutputMeter(byteCount: 1000, at: at(0))
        #expect(meter.look(byteCount: 9000, at: at(999)) == 0, "too soon")
        #expect(meter.look(byteCount: 126_000, at: at(2000)) == 500)
        #expect(meter.look(byteCount: 999_000, at: at(2500)) == 500, "another observer, half a second later")
        #expect(meter.look(byteCount: 126_000, at: at(4000)) == 0)
    }
}

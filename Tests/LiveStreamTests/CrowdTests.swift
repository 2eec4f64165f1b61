// Many readers on one loop: chunks go out in larger pieces, but each reader gets each chunk once.
import Glibc
import Ingest
import LiveStream
import Media
import NIOCore
import NIOEmbedded
import Testing

struct CrowdTests {
    /// More than the readers of one loop for which chunks wait.
    private let crowd = 130

    private func playing(_ readers: [Listener], on stage: Stage, kind: ReaderKind = .chunks) -> [ReaderHandle] {
        stage.send(.tracks(Sample.both, clock: .utc), from: stage.session("a"))
        stage.play([stage.session("a")], milliseconds: 2440)
        return readers.map { stage.stream.attach($0, kind: kind) }
    }

    @Test func aCrowdGetsEachChunkOnceAndSeveralTogether() {
        let stage = Stage(["a"])
        let readers = (0..<crowd).map { _ in Listener(on: stage.loop) }
        let handles = playing(readers, on: stage)
        stage.loop.run()
        for reader in readers { reader.forgetBatches() }
        stage.play([stage.session("a")], milliseconds: 3000)
        #expect(readers[0].batches.contains(2))
        #expect(readers[0].batches.allSatisfy { $0 <= 2 })
        // Somebody comes and somebody goes while chunks may be waiting.
        let late = Listener(on: stage.loop)
        _ = stage.stream.attach(late, kind: .chunks)
        handles[0].detach()
        stage.play([stage.session("a")], milliseconds: 2000)
        stage.finish()
        let all = stage.chunks.map(\.start)
        for reader in readers.dropFirst() { #expect(reader.starts == all.filter { $0 >= Sample.noon + .seconds(2) }) }
        #expect(late.starts == all.filter { $0 >= Sample.noon + .seconds(5) })
        #expect(late.endings == ["the test is over"])
    }

    /// A chunk that waits for the next one waits on the stream's loop: nobody else's is woken for it.
    @Test func aCrowdOnAnotherLoopIsCalledOnceForChunksThatGoTogether() {
        let stage = Stage(["a"])
        let other = CountingLoop()
        let readers = (0..<crowd).map { _ in Listener(on: other) }
        _ = playing(readers, on: stage)
        stage.loop.run()
        other.base.run()
        for reader in readers { reader.forgetBatches() }
        let (crossings, chunks) = (other.crossings, stage.chunks.count)
        stage.play([stage.session("a")], milliseconds: 4000)
        other.base.run()
        #expect(readers[0].batches.contains(2))
        #expect(other.crossings - crossings == readers[0].batches.count)
        #expect(readers[0].batches.count < stage.chunks.count - chunks)
        stage.finish()
        other.base.run()
        #expect(
            readers.allSatisfy { $0.starts == stage.chunks.map(\.start).filter { $0 >= Sample.noon + .seconds(2) } })
    }

    @Test func anotherServerNeverWaits() {
        let stage = Stage(["a"])
        let readers = (0..<crowd).map { _ in Listener(on: stage.loop) }
        _ = playing(readers, on: stage)
        let peer = Listener(on: stage.loop)
        let handle = stage.stream.attach(peer, kind: .peer)
        stage.loop.run()
        for reader in readers + [peer] { reader.forgetBatches() }
        stage.play([stage.session("a")], milliseconds: 3000)
        #expect(readers[0].batches.contains(2))
        #expect(!peer.batches.isEmpty && peer.batches.allSatisfy { $0 == 1 })
        #expect(peer.starts.last == stage.chunks.last?.start)
        handle.detach()
        stage.finish()
        #expect(Set(peer.starts).count == peer.starts.count && peer.endings.isEmpty)
    }

    @Test func aFewReadersGetEachChunkAtOnce() {
        let stage = Stage(["a"])
        let readers = (0..<3).map { _ in Listener(on: stage.loop) }
        _ = playing(readers, on: stage)
        stage.loop.run()
        for reader in readers { reader.forgetBatches() }
        stage.play([stage.session("a")], milliseconds: 2000)
        #expect(!readers[0].batches.isEmpty)
        #expect(readers[0].batches.allSatisfy { $0 == 1 })
        stage.finish()
    }

    @Test func whatWaitsForAnotherChunkGoesOutWithoutOne() {
        let stage = Stage(["a"])
        let readers = (0..<crowd).map { _ in Listener(on: stage.loop) }
        _ = playing(readers, on: stage)
        stage.play([stage.session("a")], milliseconds: 1240)
        // The source falls silent.
        stage.wait(milliseconds: 1000)
        #expect(readers[0].starts.last == stage.chunks.last?.start)
        stage.finish()
    }

    @Test func aBatchAsAFileHasTheBytesOfItsChunks() throws {
        let stage = Stage(["a"])
        let reader = Listener(on: stage.loop)
        _ = playing([reader], on: stage, kind: .transportStream)
        stage.play([stage.session("a")], milliseconds: 1000)
        let deliveries = Array(reader.deliveries.suffix(2))
        let batch = DeliveryBatch(deliveries, sharesFiles: true)
        let expected: [(ReaderKind, ByteBuffer)] = [
            (.chunks, deliveries.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1.chunk.bytes) }),
            (
                .transportStream,
                deliveries.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1.transportStream ?? ByteBuffer()) }
            ),
        ]
        for (kind, bytes) in expected {
            let file = try #require(batch.file(kind))
            #expect(file === batch.file(kind))
            var read = [UInt8](repeating: 0, count: file.length)
            let count = try file.region.fileHandle.withUnsafeFileDescriptor { pread($0, &read, read.count, 0) }
            #expect(count == bytes.readableBytes)
            #expect(ByteBuffer(bytes: read) == bytes)
        }
        #expect(DeliveryBatch(deliveries).file(.chunks) == nil)
        stage.finish()
    }
}

// Streams of other servers: where a new source begins, and who may begin to watch.
import LiveStream
import Media
import NIOCore
import NIOEmbedded
import Testing

struct RelayedStreamTests {
    private let loop = EmbeddedEventLoop()

    private func starts(_ reader: Listener) -> [Int64] { reader.starts.map { ($0 - Sample.noon).milliseconds } }

    private func reader(of stream: RelayedStream) -> Listener {
        let reader = Listener(on: loop)
        _ = stream.attach(reader, kind: .chunks)
        loop.run()
        return reader
    }

    @Test func anotherSourceGoesOnAtItsNextKeyFrame() {
        let stream = RelayedStream("cam", on: loop)
        stream.sourceChanged()
        let viewer = reader(of: stream)
        for time in stride(from: Int64(0), to: 1400, by: 200) {
            stream.take(Sample.chunk(time, segment: time / 1000 * 1000))
        }
        // It gives its segment in progress first, which the viewer has.
        stream.sourceChanged()
        for time in stride(from: Int64(1000), to: 2400, by: 200) {
            stream.take(Sample.chunk(time, segment: time / 1000 * 1000))
        }
        loop.run()
        #expect(starts(viewer) == [0, 200, 400, 600, 800, 1000, 1200, 2000, 2200])
        #expect(viewer.deliveries.filter(\.startsWithKeyFrame).map(\.chunk.startsSegment) == [true, true, true])
        #expect(starts(reader(of: stream)) == [2000, 2200])
    }

    /// As the owner gives it: each chunk may be the first, and none is better than another.
    @Test func aSourceWithoutKeyFramesIsRelayedAtOnce() {
        let stream = RelayedStream("cam", on: loop)
        stream.sourceChanged()
        let viewer = reader(of: stream)
        for time in stride(from: Int64(0), to: 1000, by: 200) {
            stream.take(Sample.chunk(time, segment: time, hasKey: false))
        }
        loop.run()
        #expect(starts(viewer) == [0, 200, 400, 600, 800])
        #expect(viewer.deliveries.first?.startsWithKeyFrame == true, "or no viewer would ever begin")
        #expect(starts(reader(of: stream)) == [800])

        // The next server repeats what was there, and goes on without a hole.
        stream.sourceChanged()
        for time in stride(from: Int64(600), to: 1400, by: 200) {
            stream.take(Sample.chunk(time, segment: time, hasKey: false))
        }
        loop.run()
        #expect(starts(viewer) == [0, 200, 400, 600, 800, 1000, 1200])
    }

    @Test func aCrowdGetsTheLastChunkOfASilentSourceWithoutTheNext() {
        let stream = RelayedStream("cam", on: loop)
        stream.sourceChanged()
        let viewers = (0..<50).map { _ in reader(of: stream) }
        for time in stride(from: Int64(0), to: 1400, by: 200) {
            stream.take(Sample.chunk(time, segment: time / 1000 * 1000))
            loop.run()
        }
        #expect(viewers.allSatisfy { starts($0) == [0, 200, 400, 600, 800, 1000] })
        loop.advanceTime(by: .milliseconds(250))
        #expect(viewers.allSatisfy { starts($0) == [0, 200, 400, 600, 800, 1000, 1200] })
    }
}

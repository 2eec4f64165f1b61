// Readers: the backlog once, then each chunk once, and transport packets that all share.
import Ingest
import LiveStream
import MPEGTS
import Media
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

struct ReaderTests {
    private func lost(_ bytes: ByteBuffer) -> (lost: UInt64, packets: UInt64) {
        var demuxer = TransportStreamDemuxer()
        var output = DemuxOutput()
        demuxer.receive(bytes, into: &output)
        demuxer.finish(into: &output)
        return (demuxer.counters.lost, demuxer.counters.packets)
    }

    /// version_number of the maps (ISO/IEC 13818-1 §2.4.4.9), each as often as it changes.
    private func mapVersions(_ bytes: ByteBuffer) -> [UInt8] {
        let bytes = Array(bytes.readableBytesView)
        var versions: [UInt8] = []
        for at in stride(from: 0, to: bytes.count, by: 188) where bytes[at + 1] == 0x50 && bytes[at + 2] == 0 {
            let section = at + 5 + (bytes[at + 3] & 0x20 == 0 ? 0 : 1 + Int(bytes[at + 4]))
            let version = bytes[section + 5] >> 1 & 31
            if versions.last != version { versions.append(version) }
        }
        return versions
    }

    @Test func whoComesInTheMiddleGetsTheSegmentInProgressAndThenEachChunkOnce() {
        let stage = Stage(["a"])
        stage.send(.tracks(Sample.both, clock: .utc), from: stage.session("a"))
        stage.play([stage.session("a")], milliseconds: 3440)
        let reader = Listener(on: stage.loop)
        let handle = stage.stream.attach(reader, kind: .chunks)
        stage.play([stage.session("a")], milliseconds: 3000)
        #expect(reader.starts == stage.chunks.map(\.start).filter { $0 >= Sample.noon + .seconds(3) })
        #expect(reader.deliveries.first?.startsWithKeyFrame == true)
        #expect(reader.deliveries.allSatisfy { $0.transportStream == nil })
        handle.detach()
        handle.detach()
        stage.loop.run()
        let count = reader.deliveries.count
        stage.play([stage.session("a")], milliseconds: 1000)
        #expect(reader.deliveries.count == count)
        stage.finish()
        #expect(reader.endings.isEmpty)
    }

    @Test func aReaderOnAnotherLoopMissesNothingWhenItsLoopIsLate() {
        let stage = Stage(["a"])
        let other = EmbeddedEventLoop()
        stage.send(.tracks(Sample.both, clock: .utc), from: stage.session("a"))
        stage.play([stage.session("a")], milliseconds: 2400)
        let reader = Listener(on: other)
        _ = stage.stream.attach(reader, kind: .transportStream)
        stage.play([stage.session("a")], milliseconds: 2000)
        #expect(reader.deliveries.isEmpty)
        other.run()
        #expect(reader.starts == stage.chunks.map(\.start).filter { $0 >= Sample.noon + .seconds(2) })
        #expect(reader.deliveries.allSatisfy { $0.transportStream != nil })
        stage.finish()
        other.run()
        #expect(reader.endings == ["the test is over"])
    }

    @Test(arguments: [1, 20]) func aChunkCrossesToAnotherLoopOnceForAllItsReaders(count: Int) {
        let stage = Stage(["a"])
        let other = CountingLoop()
        stage.send(.tracks(Sample.both, clock: .utc), from: stage.session("a"))
        stage.play([stage.session("a")], milliseconds: 2400)
        let readers = (0..<count).map { _ in Listener(on: other) }
        for reader in readers { _ = stage.stream.attach(reader, kind: .chunks) }
        stage.loop.run()
        other.base.run()
        let (crossings, chunks) = (other.crossings, stage.chunks.count)
        stage.play([stage.session("a")], milliseconds: 2000)
        #expect(stage.chunks.count > chunks + 5)
        #expect(other.crossings - crossings == stage.chunks.count - chunks)
        other.base.run()
        for reader in readers {
            #expect(reader.starts.suffix(stage.chunks.count - chunks) == stage.chunks[chunks...].map(\.start)[...])
        }
        stage.finish()
        other.base.run()
    }

    @Test func transportReadersShareBytesAndCountersGoOn() {
        let stage = Stage(["a"])
        stage.send(.tracks(Sample.both, clock: .utc), from: stage.session("a"))
        stage.play([stage.session("a")], milliseconds: 2400)
        let first = Listener(on: stage.loop)
        _ = stage.stream.attach(first, kind: .transportStream)
        stage.play([stage.session("a")], milliseconds: 2200)
        let second = Listener(on: stage.loop)
        let handle = stage.stream.attach(second, kind: .transportStream)
        stage.play([stage.session("a")], milliseconds: 2000)
        #expect(first.starts.suffix(second.starts.count) == second.starts[...])
        #expect(
            first.deliveries.suffix(second.deliveries.count).map(\.transportStream)
                == second.deliveries.map(\.transportStream))
        for reader in [first, second] {
            #expect(lost(reader.bytes).lost == 0)
            #expect(lost(reader.bytes).packets > 100)
        }
        // The last one leaves, and one that comes later begins anew.
        handle.detach()
        stage.play([stage.session("a")], milliseconds: 400)
        #expect(lost(first.bytes).lost == 0)
        stage.finish()
    }

    @Test func aTransportReaderKeepsItsCountersOverAChangeOfTracks() {
        let stage = Stage(["a"])
        let input = stage.session("a")
        stage.send(.tracks(TrackSet([Sample.video]), clock: .utc), from: input)
        stage.play([input], milliseconds: 2000)
        let reader = Listener(on: stage.loop)
        _ = stage.stream.attach(reader, kind: .transportStream)
        stage.send(.tracks(Sample.both, clock: .utc), from: input)
        stage.play([input], milliseconds: 2600)
        #expect(Set(reader.deliveries.map(\.chunk.tracks.tracks.count)) == [1, 2])
        #expect(lost(reader.bytes).lost == 0)
        #expect(mapVersions(reader.bytes) == [0, 1], "a receiver reads the new map by its version")
        let late = Listener(on: stage.loop)
        _ = stage.stream.attach(late, kind: .transportStream)
        stage.play([input], milliseconds: 1000)
        #expect(lost(late.bytes).lost == 0)
        #expect(late.starts == Array(reader.starts.suffix(late.starts.count)))
        stage.finish()
    }

    /// However many read it in whatever form, media is in memory once: nothing is copied for a reader.
    @Test func readersShareTheMemoryOfTheMedia() {
        func places(_ buffers: [ByteBuffer]) -> [UnsafeRawPointer?] {
            buffers.map { $0.withUnsafeReadableBytes { UnsafeRawPointer($0.baseAddress) } }
        }
        let stage = Stage(["a"])
        let other = EmbeddedEventLoop()
        stage.send(.tracks(Sample.both, clock: .utc), from: stage.session("a"))
        let plain = [stage.loop, stage.loop, other].map { Listener(on: $0) }
        let muxed = [stage.loop, stage.loop, other].map { Listener(on: $0) }
        for reader in plain { _ = stage.stream.attach(reader, kind: .chunks) }
        for reader in muxed { _ = stage.stream.attach(reader, kind: .transportStream) }
        stage.play([stage.session("a")], milliseconds: 2000)
        stage.finish()
        other.run()
        let chunks = places(stage.chunks.map(\.bytes))
        #expect(chunks.count == 10 && Set(chunks).count == 10)
        for reader in plain + muxed { #expect(places(reader.deliveries.map(\.chunk.bytes)) == chunks) }
        #expect(places(stage.stream.window.segments.flatMap(\.chunks).map(\.bytes)) == chunks)
        let packets = muxed.map { places($0.deliveries.compactMap(\.transportStream)) }
        #expect(packets[0].count == 10 && packets.allSatisfy { $0 == packets[0] })
    }

    /// Splice information, teletext and subtitles go through the stream as they came.
    @Test func dataTracksReachTransportReaders() throws {
        let kinds: [(purpose: DataParameters.Purpose, type: UInt8, descriptors: [UInt8], payload: [UInt8])] = [
            (
                .scte35, 0x86, [],
                [0xfc, 0x30, 0x11, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xf0, 0, 0, 0, 0, 0x7a, 0x4f, 0xbf]
            ),
            (.teletext, 6, [0x56, 5, 0x64, 0x65, 0x75, 0x09, 0], [UInt8](repeating: 0x55, count: 700)),
            (.dvbSubtitles, 6, [0x59, 8, 0x65, 0x6e, 0x67, 0x10, 0, 1, 0, 1], [UInt8](repeating: 0x0f, count: 300)),
        ]
        let data = kinds.enumerated().map { index, kind in
            Track(
                id: TrackID(UInt32(index + 3)),
                codec: .data(
                    DataParameters(
                        purpose: kind.purpose, streamType: kind.type, descriptors: kind.descriptors,
                        isSections: kind.purpose == .scte35)), language: [nil, "deu", "eng"][index])
        }
        let stage = Stage(["a"])
        let input = stage.session("a")
        stage.send(.tracks(TrackSet(Sample.both.tracks + data), clock: .utc), from: input)
        let reader = Listener(on: stage.loop)
        _ = stage.stream.attach(reader, kind: .transportStream)
        stage.play([input], milliseconds: 1400)
        let time = SourceTime(ticks: Sample.noon.ticks + stage.now * 90)
        stage.send(
            .frames(
                zip(data, kinds).map {
                    Frame(
                        track: $0.id, decodeTime: time, presentationTime: time, isKey: true,
                        data: ByteBuffer(bytes: $1.payload))
                }), from: input)
        stage.play([input], milliseconds: 1600)
        stage.finish()

        var demuxer = TransportStreamDemuxer()
        var output = DemuxOutput()
        demuxer.receive(reader.bytes, into: &output)
        demuxer.finish(into: &output)
        var (tracks, frames) = (TrackSet([]), [Frame]())
        for event in output.take() {
            if case .tracks(let set) = event { tracks = set }
            if case .frames(let some) = event { frames += some }
        }
        #expect(data.allSatisfy { tracks[$0.id] == $0 }, "\(tracks)")
        for (track, kind) in zip(data, kinds) {
            let found = frames.filter { $0.track == track.id }.map { Array($0.data.readableBytesView) }
            #expect(found == [kind.payload], "\(kind.purpose)")
        }
        #expect(demuxer.counters.psiErrors == 0 && demuxer.counters.lost == 0)
    }

    @Test func aSegmentWithoutKeyFrameIsPartOfTheBacklog() {
        let stage = Stage(["m4f"])
        let input = stage.session("m4f")
        stage.send(.chunk(Sample.chunk(0, segment: 0, hasKey: true)), from: input)
        stage.send(.chunk(Sample.chunk(200, segment: 200, hasKey: false)), from: input)
        let reader = Listener(on: stage.loop)
        _ = stage.stream.attach(reader, kind: .transportStream)
        stage.send(.chunk(Sample.chunk(400, segment: 200, hasKey: false)), from: input)
        let later = Listener(on: stage.loop)
        _ = stage.stream.attach(later, kind: .transportStream)
        stage.loop.run()
        #expect(reader.starts.map { ($0 - Sample.noon).milliseconds } == [0, 200, 400])
        #expect(later.starts == reader.starts)
        #expect(later.deliveries.map(\.startsWithKeyFrame) == [true, false, false])
        stage.finish()
    }

    /// Some encoders refresh the picture bit by bit and never send a key frame: no chunk is better to begin with than another.
    @Test(arguments: [ReaderKind.chunks, .transportStream])
    func aSourceWithoutKeyFramesIsReadFromItsNewestChunkOn(kind: ReaderKind) {
        let stage = Stage(["a"])
        let input = stage.session("a")
        stage.send(.tracks(Sample.both, clock: .utc), from: input)
        stage.play([input], milliseconds: 60_000, hasKeys: false)
        let begin = stage.chunks.first?.start ?? Sample.noon
        #expect(begin - Sample.noon >= .seconds(30), "a key frame is waited for")
        #expect(stage.chunks.allSatisfy { !$0.startsWithKeyFrame })
        let reader = Listener(on: stage.loop)
        _ = stage.stream.attach(reader, kind: kind)
        let newest = stage.chunks.last?.start
        stage.play([input], milliseconds: 40_000, hasKeys: false)
        #expect(reader.starts.first == newest)
        #expect(reader.starts == Array(stage.chunks.map(\.start).suffix(reader.starts.count)))
        #expect(reader.deliveries.allSatisfy { $0.startsWithKeyFrame })
        if kind == .transportStream { #expect(lost(reader.bytes).lost == 0) }

        // With the first key frame it is a stream like any other.
        stage.play([input], milliseconds: 4000)
        let late = Listener(on: stage.loop)
        _ = stage.stream.attach(late, kind: kind)
        stage.loop.run()
        let begins = late.deliveries.filter { $0.startsWithKeyFrame }
        #expect(begins.count == 1)
        #expect(late.deliveries.first?.chunk.startsWithKeyFrame == true)
        stage.finish()
    }
}

// The bytes of messages: written and read back, fed in drips, refused with the place of the mistake.
import Archive
import Ingest
import M4F
import Media
import NIOCore
import Testing

@Suite struct MessageTests {
    static let samples: [M4FMessage] = [
        .session(
            SessionMessage(
                server: Sample.server("one"), utc: Sample.noon, stream: "town/door",
                proof: Array(0..<32))),
        .path([Sample.server("one"), Sample.server("two")]),
        .tracks(TrackSet([Sample.video, Sample.audio, Sample.cues])),
        .timeline(Sample.anchor), .timeline(.utc), .timeline(nil),
        .chunk(Sample.chunks(1)[2]),
        .segmentEnd(
            SegmentDigest(start: Sample.noon, duration: .seconds(1), digest: MediaDigest(high: 1, low: .max))),
        .keepAlive(Sample.noon), .end(EndMessage(.loop, "it has been here")),
    ]

    /// Equal messages have equal bytes, and what a message says shows in them.
    @Test(arguments: [1, 3, 7, 64, 1 << 20])
    func allMessagesComeBackHoweverTheyAreCut(size: Int) throws {
        var bytes = ByteBuffer()
        for message in Self.samples { message.write(into: &bytes) }
        let read = try messages(bytes, inPiecesOf: size)
        #expect(read.count == Self.samples.count)
        for (a, b) in zip(read, Self.samples) { #expect(a.bytes == b.bytes) }
        guard case .chunk(let chunk) = read[6], case .chunk(let sent) = Self.samples[6] else {
            Issue.record("the seventh message is no chunk")
            return
        }
        #expect(chunk.parts == sent.parts && chunk.bytes == sent.bytes && chunk.start == sent.start)
        #expect(chunk.segmentStart == sent.segmentStart && chunk.duration == sent.duration)
        #expect(chunk.startsWithKeyFrame == sent.startsWithKeyFrame && chunk.isDiscontinuous == sent.isDiscontinuous)
        guard case .tracks(let tracks) = read[2], case .path(let path) = read[1] else {
            Issue.record("path and tracks are not where they were")
            return
        }
        #expect(tracks == TrackSet([Sample.video, Sample.audio, Sample.cues]))
        #expect(path.map(\.name) == ["one", "two"] && path == [Sample.server("one"), Sample.server("two")])
    }

    @Test func aKeepAliveIsTheseBytes() {
        #expect(
            Array(M4FMessage.keepAlive(MediaTime(ticks: 0x0102_0304_0506)).bytes.readableBytesView)
                == [7, 0, 0, 0, 0, 0, 0, 8, 0, 0, 1, 2, 3, 4, 5, 6])
    }

    /// A message longer than its type may be is refused by its head alone, before anything is kept for it.
    @Test func lengthsOutOfBoundsAreRefusedByTheHead() throws {
        for type in MessageType.allCases {
            for length in [type.lengths.lowerBound - 1, type.lengths.upperBound + 1, Int(UInt32.max)] {
                let good = M4FMessage.keepAlive(Sample.noon).bytes
                var bytes = good
                bytes.writeInteger(type.rawValue)
                bytes.writeRepeatingByte(0, count: 3)
                bytes.writeInteger(UInt32(length))
                var parser = MessageParser()
                parser.feed(bytes)
                _ = try parser.next()
                #expect(
                    throws: MessageError(
                        at: good.readableBytes, .length(type, length, allowed: type.lengths))
                ) { try parser.next() }
                #expect(try parser.next() == nil)
            }
        }
    }

    /// Each field of a chunk that could lead beyond its bytes, set wrong.
    @Test(arguments: [
        (8, 8, "time"), (16, 8, "time"), (24, 8, "span"), (34, 2, "parts"), (40, 4, "part at"), (44, 4, "bytes"),
        (48, 8, "time"), (56, 8, "span"), (64, 4, "frames"),
    ])
    func fieldsOutOfBoundsAreRefused(offset: Int, length: Int, word: String) throws {
        var bytes = M4FMessage.chunk(Sample.chunks(1)[0]).bytes
        bytes.setRepeatingByte(0xff, count: length, at: offset)
        do {
            _ = try messages(bytes, inPiecesOf: 1 << 20)
            Issue.record("bytes \(offset) to \(offset + length) may be anything")
        } catch let error as MessageError {
            #expect(error.offset == 0 && error.description.contains(word), "\(error)")
        }
    }

    @Test func unknownTypesArePassedOverOnlyWhereTheySaySo() throws {
        var bytes = ByteBuffer(bytes: [0x80, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3])
        M4FMessage.keepAlive(Sample.noon).write(into: &bytes)
        #expect(try messages(bytes, inPiecesOf: 2).count == 1)
        #expect(throws: MessageError(at: 0, .unknownType(9))) {
            try messages(ByteBuffer(bytes: [9, 0, 0, 0, 0, 0, 0, 0]), inPiecesOf: 8)
        }
    }
}

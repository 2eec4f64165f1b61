// Messages against the byte tables of docs/m4f.md, laid out by hand.
import Archive
import Ingest
import M4F
import Media
import NIOCore
import Testing

@Suite struct ByteTableTests {
    private static let start = MediaTime(ticks: 0x1111_2222_3333)
    private static let digest = MediaDigest(high: 0x0102_0304_0506_0708, low: 0x090a_0b0c_0d0e_0f10)
    private static let digestBytes = Array(UInt8(1)...16)
    private static let startBytes: [UInt8] = [0, 0, 0x11, 0x11, 0x22, 0x22, 0x33, 0x33]
    /// 450 000 ticks.
    private static let fiveSeconds: [UInt8] = [0, 0, 0, 0, 0, 0x06, 0xdd, 0xd0]

    private func bytes(_ buffer: ByteBuffer) -> [UInt8] { Array(buffer.readableBytesView) }

    @Test func aSessionIsTheseBytes() {
        let session = SessionMessage(
            server: PassedServer(instance: 0xa1a2_a3a4_a5a6_a7a8, name: "one"), utc: Self.start, stream: "cam/ü",
            proof: Array(100..<132))
        let fields: [UInt8] =
            [0, 1] + [0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8] + [3] + Array("one".utf8) + Self.startBytes
            + [0, 6] + Array("cam/ü".utf8)
        #expect(session.signedBytes == fields)
        #expect(
            bytes(M4FMessage.session(session).bytes)
                == [1, 0, 0, 0, 0, 0, 0, UInt8(fields.count + 32)] + fields + Array(100..<132))
    }

    @Test func aPathATimelineAndEndsAreTheseBytes() {
        #expect(
            bytes(M4FMessage.path([PassedServer(instance: 7, name: "a"), PassedServer(instance: 8, name: "bc")]).bytes)
                == [2, 0, 0, 0, 0, 0, 0, 22, 2] + [0, 0, 0, 0, 0, 0, 0, 7, 1, 0x61]
                + [0, 0, 0, 0, 0, 0, 0, 8, 2, 0x62, 0x63])
        let anchor = TimelineAnchor(clock: .utc, source: SourceTime(ticks: -2), media: Self.start)
        #expect(
            bytes(M4FMessage.timeline(anchor).bytes)
                == [4, 0, 0, 0, 0, 0, 0, 17, 2] + [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe] + Self.startBytes)
        let segment = SegmentDigest(start: Self.start, duration: .seconds(5), digest: Self.digest)
        #expect(
            bytes(M4FMessage.segmentEnd(segment).bytes)
                == [6, 0, 0, 0, 0, 0, 0, 32] + Self.startBytes + Self.fiveSeconds + Self.digestBytes)
        #expect(bytes(M4FMessage.end(EndMessage(.tooSlow, "no")).bytes) == [8, 0, 0, 0, 0, 0, 0, 3, 4, 0x6e, 0x6f])
    }

    @Test func aChunkIsTheseBytes() {
        let chunk = Chunk(
            tracks: TrackSet([]), segmentStart: Self.start, start: Self.start, duration: .milliseconds(200),
            isDiscontinuous: true, startsWithKeyFrame: true,
            parts: [
                Chunk.Part(
                    track: TrackID(9), offset: 0, length: 3, start: Self.start, duration: .milliseconds(200),
                    frameCount: 5)
            ], bytes: ByteBuffer(bytes: [0xaa, 0xbb, 0xcc]))
        let duration: [UInt8] = [0, 0, 0, 0, 0, 0, 0x46, 0x50]
        let part: [UInt8] =
            [0, 0, 0, 9] + [0, 0, 0, 0] + [0, 0, 0, 3] + Self.startBytes + duration + [0, 0, 0, 5]
        #expect(part.count == 32)
        #expect(
            bytes(M4FMessage.chunk(chunk).bytes)
                == [5, 0, 0, 0, 0, 0, 0, 28 + 32 + 3] + Self.startBytes + Self.startBytes + duration + [3, 0, 0, 1]
                + part
                + [0xaa, 0xbb, 0xcc])
    }

    @Test func requestsForArchivesAreTheseBytes() {
        let segment = SegmentDigest(start: Self.start, duration: .seconds(5), digest: Self.digest)
        #expect(
            bytes(ArchiveRequest(stream: "cam", .fetch([segment])).bytes)
                == [1, 3, 0, 3] + Array("cam".utf8) + [0, 1] + Self.startBytes + Self.fiveSeconds + Self.digestBytes)
        let range = TimeRange(start: Self.start, duration: .seconds(5))
        #expect(
            bytes(ArchiveRequest(stream: "cam", .digests(range, known: [.init(number: 2, digest: Self.digest)])).bytes)
                == [1, 1, 0, 3] + Array("cam".utf8) + Self.startBytes + [0, 0, 0x11, 0x11, 0x22, 0x29, 0x11, 0x03]
                + [0, 0, 0, 1] + [0, 0, 0, 0, 0, 0, 0, 2] + Self.digestBytes)
    }

    /// Digests of hours and days as the page says how they are computed.
    @Test func digestsOfAnArchiveAreTheseBytes() throws {
        // The second hour of the third day since 1970.
        let start = MediaTime(ticks: (2 * 24 + 1) * 3600 * 90_000)
        let offer = OfferedSegment(start: start, duration: .seconds(5), length: 1000, digest: Self.digest)
        let startBytes: [UInt8] = [0, 0, 0, 3, 0xb2, 0x48, 0x89, 0]
        let hour = MediaDigest(of: ByteBuffer(bytes: startBytes + Self.fiveSeconds + Self.digestBytes))
        var hourBytes = ByteBuffer()
        hourBytes.writeMultipleIntegers(hour.high, hour.low)
        // The number of an hour counts from 1970.
        let day = MediaDigest(of: ByteBuffer(bytes: [0, 0, 0, 0, 0, 0, 0, 49] + bytes(hourBytes)))
        var dayBytes = ByteBuffer()
        dayBytes.writeMultipleIntegers(day.high, day.low)
        let answer = ArchiveDigests(now: Self.start, keeps: .seconds(5), summary: ArchiveSummary([offer]))
        #expect(
            bytes(answer.bytes)
                == [1, 0x81] + Self.startBytes + Self.fiveSeconds + [0, 0, 0, 1] + [0, 0, 0, 0, 0, 0, 0, 2]
                + bytes(dayBytes) + [1] + [1] + bytes(hourBytes) + [0, 0, 0, 1] + [0, 0, 0, 0, 0, 0, 0x03, 0xe8]
                + Self.fiveSeconds)
    }

    @Test func aListAndSegmentsInBulkAreTheseBytes() {
        let offer = OfferedSegment(
            start: Self.start, duration: .seconds(5), length: 1000, digest: Self.digest, isDiscontinuous: true,
            isInterrupted: true, tracksFingerprint: 0xabcd, origin: "one")
        let fingerprint: [UInt8] = [0, 0, 0, 0, 0, 0, 0xab, 0xcd]
        #expect(
            bytes(ArchiveList(segments: [offer]).bytes)
                == [1, 0x82] + [0, 1] + [0, 3] + Array("one".utf8) + [0, 0, 0, 1] + Self.startBytes + Self.fiveSeconds
                + [0, 0, 0x03, 0xe8] + Self.digestBytes + [3] + fingerprint + [0, 0])
        #expect(
            bytes(BulkFrame.tracks(0xabcd, ByteBuffer(bytes: [5, 6])))
                == [1] + fingerprint + [0, 0, 0, 2] + [5, 6])
        #expect(
            bytes(BulkFrame.segment(offer.named, tracks: 0xabcd, length: 1000))
                == [2] + Self.startBytes + Self.fiveSeconds + Self.digestBytes + fingerprint + [0, 0, 0x03, 0xe8])
        #expect(bytes(BulkFrame.missing(Self.start)) == [3] + Self.startBytes)
        #expect(bytes(BulkFrame.end) == [4])
    }
}

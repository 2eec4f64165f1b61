// Archive messages: written and read back, fed byte by byte, cut, damaged.
import Archive
import M4F
import Media
import NIOCore
import Testing

@Suite struct ArchiveMessageTests {
    private static let epoch = MediaTime(unixMilliseconds: 1_790_000_000_000)

    private static func offer(_ index: Int64) -> OfferedSegment {
        OfferedSegment(
            start: epoch + .seconds(5 * index), duration: .seconds(5), length: 1000 + Int(index),
            digest: MediaDigest(high: UInt64(index), low: 7), isDiscontinuous: index % 2 == 0,
            isInterrupted: index % 3 == 0, tracksFingerprint: 0xABCD_EF01_2345_6789,
            origin: index % 2 == 0 ? "a.example" : "ü")
    }

    private static let offers = (0..<40).map { offer(Int64($0)) }
    private static let range = TimeRange(start: epoch, duration: .seconds(3600))

    private static let requests = [
        ArchiveRequest(
            stream: "sport/one",
            .digests(.always, known: [.init(number: 20_000, digest: MediaDigest(high: 1, low: 2))])),
        ArchiveRequest(stream: "cam", .list(range)),
        ArchiveRequest(stream: "cam", .fetch(offers.map(\.named))),
    ]

    @Test(arguments: requests) func requestsAreReadAsTheyWereWritten(request: ArchiveRequest) throws {
        #expect(try ArchiveRequest(reading: request.bytes) == request)
    }

    @Test(arguments: requests) func aRequestThatIsCutIsRefused(request: ArchiveRequest) {
        let bytes = request.bytes
        for length in 0..<bytes.readableBytes {
            #expect(throws: ArchiveMessageError.self) {
                try ArchiveRequest(reading: bytes.getSlice(at: 0, length: length) ?? ByteBuffer())
            }
        }
        #expect(throws: ArchiveMessageError.self) {
            try ArchiveRequest(reading: ByteBuffer(bytes: Array(bytes.readableBytesView) + [0]))
        }
    }

    @Test func answersAreReadAsTheyWereWritten() throws {
        let digests = ArchiveDigests(
            now: Self.epoch, keeps: .seconds(86_400),
            summary: ArchiveSummary(Self.offers + [Self.offer(800), Self.offer(20_000)]))
        #expect(digests.summary.days.count == 2)
        #expect(try ArchiveDigests(reading: digests.bytes) == digests)
        let list = ArchiveList(segments: Self.offers)
        #expect(try ArchiveList(reading: list.bytes) == list)
        #expect(try ArchiveList(reading: ArchiveList(segments: []).bytes) == ArchiveList(segments: []))
    }

    /// A count that the message cannot hold is refused before room is made for it.
    @Test func lengthsAreComparedWithTheirBounds() {
        func refused(_ bytes: ByteBuffer, _ read: (ByteBuffer) throws -> Void) -> String {
            do {
                try read(bytes)
                return "accepted"
            } catch { return "\(error)" }
        }
        var many = ByteBuffer()
        many.writeMultipleIntegers(UInt8(1), UInt8(0x82), UInt16(0), UInt32(18_000))
        #expect(
            refused(many) { _ = try ArchiveList(reading: $0) }
                == "no archive message of M4F: 18000 segments do not fit into the message at byte 8")
        var name = ByteBuffer()
        name.writeMultipleIntegers(UInt8(1), UInt8(2), UInt16(256))
        #expect(
            refused(name) { _ = try ArchiveRequest(reading: $0) }
                == "no archive message of M4F: the stream's name has 256 bytes, at most 255 are allowed, at byte 4")
        var tracks = BulkParser()
        var frame = ByteBuffer()
        frame.writeMultipleIntegers(UInt8(1), UInt64(5), UInt32(1 << 20 + 1))
        tracks.feed(frame)
        #expect(throws: ArchiveMessageError.self) { _ = try tracks.next() }
    }

    /// Whatever single byte is another one: an answer that can be read, or an error, and never a trap.
    @Test func damagedMessagesNeverTrap() {
        let messages =
            Self.requests.map(\.bytes) + [
                ArchiveDigests(now: Self.epoch, keeps: nil, summary: ArchiveSummary(Self.offers)).bytes,
                ArchiveList(segments: Array(Self.offers.prefix(5))).bytes,
            ]
        var (read, refused) = (0, 0)
        for message in messages {
            let bytes = Array(message.readableBytesView)
            for index in bytes.indices {
                for value in [0, 0x7F, 0x80, 0xFF] as [UInt8] where bytes[index] != value {
                    var damaged = bytes
                    damaged[index] = value
                    let buffer = ByteBuffer(bytes: damaged)
                    let readable =
                        (try? ArchiveRequest(reading: buffer)) != nil || (try? ArchiveDigests(reading: buffer)) != nil
                        || (try? ArchiveList(reading: buffer)) != nil
                    if readable { read += 1 } else { refused += 1 }
                }
            }
        }
        #expect(read > 0 && refused > 0)
    }

    // MARK: Bulk

    private static let media = (0..<3).map { index in ByteBuffer(bytes: (0..<700).map { UInt8(($0 + index) & 255) }) }
    private static let initialization = ByteBuffer(bytes: [1, 2, 3, 4, 5])

    private static var bulk: ByteBuffer {
        var bytes = BulkFrame.tracks(99, initialization)
        for (index, part) in media.enumerated() {
            bytes.writeImmutableBuffer(BulkFrame.segment(offers[index].named, tracks: 99, length: part.readableBytes))
            bytes.writeImmutableBuffer(part)
        }
        bytes.writeImmutableBuffer(BulkFrame.missing(offers[3].start))
        bytes.writeImmutableBuffer(BulkFrame.end)
        return bytes
    }

    /// What the answer says, with each segment's media in one piece.
    private static func events(_ pieces: [ByteBuffer]) throws -> [BulkEvent] {
        var parser = BulkParser()
        var events: [BulkEvent] = []
        var media = ByteBuffer()
        for piece in pieces {
            parser.feed(piece)
            while let event = try parser.next() {
                switch event {
                case .media(let part): media.writeImmutableBuffer(part)
                case .segmentEnd:
                    events += [.media(media), .segmentEnd]
                    media = ByteBuffer()
                default: events.append(event)
                }
            }
        }
        return events
    }

    @Test(arguments: [1, 2, 13, 44, 45, 46, 700, 4096]) func bulkComesInPiecesOfAnySize(size: Int) throws {
        var all = Self.bulk
        var pieces: [ByteBuffer] = []
        while let piece = all.readSlice(length: min(size, all.readableBytes)), piece.readableBytes > 0 {
            pieces.append(piece)
        }
        var expected: [BulkEvent] = [.tracks(99, Self.initialization)]
        for (index, part) in Self.media.enumerated() {
            expected += [
                .segment(Self.offers[index].named, tracks: 99, length: 700), .media(part), .segmentEnd,
            ]
        }
        expected += [.missing(Self.offers[3].start), .end]
        #expect(try Self.events(pieces) == expected)
    }

    @Test func bulkThatEndsEarlyIsNotEnded() throws {
        let all = Self.bulk
        for length in [0, 1, 12, 300, all.readableBytes - 1] {
            var parser = BulkParser()
            parser.feed(all.getSlice(at: 0, length: length) ?? ByteBuffer())
            while try parser.next() != nil {}
            #expect(!parser.isEnded)
        }
        var parser = BulkParser()
        parser.feed(ByteBuffer(bytes: Array(all.readableBytesView) + [1]))
        #expect(throws: ArchiveMessageError(at: all.readableBytes, "bytes behind the end")) {
            while try parser.next() != nil {}
        }
    }
}

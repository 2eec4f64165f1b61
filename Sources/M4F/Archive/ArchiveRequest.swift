// What a server asks of another's archive: digests, the segments of a range, the bytes of segments.
package import Archive
import Media
package import NIOCore

/// A request about the archive of one stream. Byte tables in docs/m4f.md, «Archive».
package struct ArchiveRequest: Hashable, Sendable {
    package enum Question: Hashable, Sendable {
        /// Digests of the segments that start in the range. Of days whose digest is `known` the hours are left out.
        case digests(TimeRange, known: [KnownDay])
        /// The segments that start in the range.
        case list(TimeRange)
        /// The bytes of these segments. One that is not there (any more) with this digest is answered as missing.
        case fetch([SegmentDigest])
    }

    package struct KnownDay: Hashable, Sendable {
        /// Days since the Unix epoch.
        package var number: Int64
        package var digest: MediaDigest
        package init(number: Int64, digest: MediaDigest) {
            self.number = number
            self.digest = digest
        }
    }

    package var stream: String
    package var question: Question

    package init(stream: String, _ question: Question) {
        self.stream = stream
        self.question = question
    }
}

/// Bounds of archive messages. A longer one is refused before anything is reserved for it.
package enum ArchiveLimits {
    package static let version: UInt8 = 1
    /// UTF-8 bytes.
    package static let name = 255
    /// More than a hundred years.
    package static let days = 40_000
    /// In one answer to `list`: an hour of segments of a fifth of a second.
    package static let listed = 18_000
    package static let origins = 1000
    package static let ordered = 1024
    /// Bytes of a request: that of `digests` with all days known.
    package static let request = 1 << 20
    /// Bytes of an answer to `digests` or `list`.
    package static let answer = 48 << 20
    /// Bytes of an initialisation segment.
    package static let tracks = 1 << 20
    /// Bytes of a segment.
    package static let segment = 256 << 20
}

/// Why bytes are no archive message.
package struct ArchiveMessageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Of the byte at which it was found, from the message's start.
    package var offset: Int
    package var reason: String

    package init(at offset: Int, _ reason: String) {
        self.offset = offset
        self.reason = reason
    }

    package var description: String { "no archive message of M4F: \(reason) at byte \(offset)" }
}

extension ArchiveRequest {
    package var bytes: ByteBuffer {
        var bytes = ByteBuffer()
        let kind: UInt8 =
            switch question {
            case .digests: 1
            case .list: 2
            case .fetch: 3
            }
        bytes.writeMultipleIntegers(ArchiveLimits.version, kind, UInt16(stream.utf8.count))
        bytes.writeString(stream)
        switch question {
        case .digests(let range, let known):
            bytes.writeMultipleIntegers(range.start.ticks, range.end.ticks, UInt32(known.count))
            for day in known {
                bytes.writeInteger(day.number)
                bytes.write(day.digest)
            }
        case .list(let range):
            bytes.writeMultipleIntegers(range.start.ticks, range.end.ticks)
        case .fetch(let segments):
            bytes.writeInteger(UInt16(segments.count))
            for segment in segments {
                bytes.writeMultipleIntegers(segment.start.ticks, segment.duration.ticks)
                bytes.write(segment.digest)
            }
        }
        return bytes
    }

    /// Reads one whole message with nothing behind it.
    package init(reading bytes: ByteBuffer) throws(ArchiveMessageError) {
        var reader = ArchiveMessageReader(bytes)
        try reader.checkVersion()
        let kind = try reader.integer(UInt8.self, "the kind")
        let stream = try reader.text("the stream's name", limit: ArchiveLimits.name)
        switch kind {
        case 1:
            let range = try reader.range()
            let count = try reader.count(UInt32.self, "known days", limit: ArchiveLimits.days, each: 24)
            var known: [KnownDay] = []
            known.reserveCapacity(count)
            for _ in 0..<count {
                known.append(KnownDay(number: try reader.integer(Int64.self, "a day"), digest: try reader.digest()))
            }
            self.init(stream: stream, .digests(range, known: known))
        case 2:
            self.init(stream: stream, .list(try reader.range()))
        case 3:
            let count = try reader.count(UInt16.self, "segments", limit: ArchiveLimits.ordered, each: 32)
            var segments: [SegmentDigest] = []
            segments.reserveCapacity(count)
            for _ in 0..<count {
                let range = try reader.start()
                segments.append(
                    SegmentDigest(start: range.start, duration: range.duration, digest: try reader.digest()))
            }
            self.init(stream: stream, .fetch(segments))
        default: throw reader.error("an unknown kind of request, \(kind),")
        }
        try reader.finish()
    }
}

extension M4FPath {
    /// Where archives are asked for.
    package static let archive = prefix + "archive"
}

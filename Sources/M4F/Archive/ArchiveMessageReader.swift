// Reads the fields of archive messages: every length is compared with its bound before it is used.
import Archive
import Media
import NIOCore

struct ArchiveMessageReader {
    private var bytes: ByteBuffer
    private let total: Int

    init(_ bytes: ByteBuffer) {
        self.bytes = bytes
        total = bytes.readableBytes
    }

    var offset: Int { total - bytes.readableBytes }

    func error(_ reason: String) -> ArchiveMessageError { ArchiveMessageError(at: offset, reason) }

    mutating func integer<Value: FixedWidthInteger>(
        _ type: Value.Type, _ what: String
    ) throws(ArchiveMessageError) -> Value {
        guard let value = bytes.readInteger(as: type) else { throw error("the message ends within \(what)") }
        return value
    }

    mutating func checkVersion() throws(ArchiveMessageError) {
        let version = try integer(UInt8.self, "the version")
        guard version == ArchiveLimits.version else {
            throw ArchiveMessageError(
                at: 0, "version \(version), where this server speaks version \(ArchiveLimits.version),")
        }
    }

    mutating func digest() throws(ArchiveMessageError) -> MediaDigest {
        MediaDigest(high: try integer(UInt64.self, "a digest"), low: try integer(UInt64.self, "a digest"))
    }

    mutating func text(_ what: String, limit: Int) throws(ArchiveMessageError) -> String {
        let length = Int(try integer(UInt16.self, what))
        guard length <= limit else { throw error("\(what) has \(length) bytes, at most \(limit) are allowed,") }
        guard let text = bytes.readBytes(length: length) else { throw error("the message ends within \(what)") }
        guard let valid = String(validating: text, as: UTF8.self) else { throw error("\(what) is no UTF-8") }
        return valid
    }

    /// - Parameter each: the least bytes that one of them takes: a count that the message cannot hold is refused.
    mutating func count<Value: FixedWidthInteger>(
        _ type: Value.Type, _ what: String, limit: Int, each: Int
    ) throws(ArchiveMessageError) -> Int {
        let count = Int(clamping: try integer(type, "the number of \(what)"))
        guard count <= limit else { throw error("\(count) \(what), at most \(limit) are allowed,") }
        guard count * each <= bytes.readableBytes else { throw error("\(count) \(what) do not fit into the message") }
        return count
    }

    /// Ticks whose sums cannot overflow.
    mutating func ticks(_ what: String) throws(ArchiveMessageError) -> Int64 {
        let ticks = try integer(Int64.self, what)
        guard (Int64.min / 2...Int64.max / 2).contains(ticks) else { throw error("\(what) is out of range") }
        return ticks
    }

    mutating func range() throws(ArchiveMessageError) -> TimeRange {
        let (start, end) = (try ticks("a range"), try ticks("a range"))
        guard start <= end else { throw error("a range ends before it begins") }
        return TimeRange(MediaTime(ticks: start), MediaTime(ticks: end))
    }

    /// The start and the length of a segment: positive, and at most a day.
    mutating func start() throws(ArchiveMessageError) -> (start: MediaTime, duration: MediaSpan) {
        let (start, duration) = (try ticks("a segment's start"), try ticks("a segment's duration"))
        guard duration > 0, duration <= DigestPeriod.day.ticks else { throw error("a segment of \(duration) ticks") }
        return (MediaTime(ticks: start), MediaSpan(ticks: duration))
    }

    func finish() throws(ArchiveMessageError) {
        guard bytes.readableBytes == 0 else { throw error("\(bytes.readableBytes) bytes too many") }
    }
}

extension ByteBuffer {
    mutating func write(_ digest: MediaDigest) {
        writeMultipleIntegers(digest.high, digest.low)
    }
}

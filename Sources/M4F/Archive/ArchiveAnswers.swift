// What a server answers of its archive in one piece: digests per day and hour, and lists of segments.
package import Archive
package import Media
package import NIOCore

/// The answer to `digests`.
package struct ArchiveDigests: Hashable, Sendable {
    /// UTC at the answering server.
    package var now: MediaTime
    /// Its retention by age; nil when it keeps all.
    package var keeps: MediaSpan?
    package var summary: ArchiveSummary

    package init(now: MediaTime, keeps: MediaSpan?, summary: ArchiveSummary) {
        self.now = now
        self.keeps = keeps
        self.summary = summary
    }

    package var bytes: ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeMultipleIntegers(
            ArchiveLimits.version, UInt8(0x81), now.ticks, keeps?.ticks ?? 0, UInt32(summary.days.count))
        for day in summary.days {
            bytes.writeInteger(day.number)
            bytes.write(day.digest)
            bytes.writeInteger(UInt8(day.hours.count))
            for hour in day.hours {
                bytes.writeInteger(UInt8(hour.number - day.number * 24))
                bytes.write(hour.digest)
                bytes.writeMultipleIntegers(UInt32(hour.segments), hour.bytes, hour.duration.ticks)
            }
        }
        return bytes
    }

    package init(reading bytes: ByteBuffer) throws(ArchiveMessageError) {
        var reader = ArchiveMessageReader(bytes)
        try reader.checkVersion()
        guard try reader.integer(UInt8.self, "the kind") == 0x81 else { throw reader.error("no answer to `digests`") }
        let now = MediaTime(ticks: try reader.ticks("the time"))
        let keeps = try reader.ticks("the retention")
        guard keeps >= 0 else { throw reader.error("a negative retention") }
        let count = try reader.count(UInt32.self, "days", limit: ArchiveLimits.days, each: 25)
        var days: [DaySummary] = []
        days.reserveCapacity(count)
        for _ in 0..<count {
            let day = try Self.day(&reader)
            guard days.last.map({ $0.number < day.number }) ?? true else { throw reader.error("a day out of order") }
            days.append(day)
        }
        try reader.finish()
        self.init(
            now: now, keeps: keeps > 0 ? MediaSpan(ticks: keeps) : nil, summary: ArchiveSummary(days: days))
    }

    private static func day(_ reader: inout ArchiveMessageReader) throws(ArchiveMessageError) -> DaySummary {
        let number = try reader.integer(Int64.self, "a day")
        // So many days are more ticks than there are.
        guard (-1_000_000_000...1_000_000_000).contains(number) else { throw reader.error("day \(number)") }
        var day = DaySummary(number: number, digest: try reader.digest(), hours: [])
        for _ in 0..<(try reader.count(UInt8.self, "hours", limit: 24, each: 37)) {
            let hour = Int64(try reader.integer(UInt8.self, "an hour"))
            guard hour < 24, day.hours.last.map({ $0.number < number * 24 + hour }) ?? true else {
                throw reader.error("hour \(hour) out of order")
            }
            let digest = try reader.digest()
            let segments = try reader.integer(UInt32.self, "the segments of an hour")
            let (bytes, duration) = (try reader.ticks("the bytes of an hour"), try reader.ticks("an hour"))
            guard bytes >= 0, bytes <= 1 << 50, duration >= 0, duration <= DigestPeriod.day.ticks * 365 else {
                throw reader.error("an hour of \(bytes) bytes and \(duration) ticks")
            }
            day.hours.append(
                HourSummary(
                    number: number * 24 + hour, digest: digest, segments: Int(segments), bytes: bytes,
                    duration: MediaSpan(ticks: duration)))
        }
        return day
    }
}

/// The answer to `list`.
package struct ArchiveList: Hashable, Sendable {
    /// In the order of time; a list that would be longer than `ArchiveLimits.listed` is cut.
    package var segments: [OfferedSegment]

    package init(segments: [OfferedSegment]) { self.segments = segments }

    package var bytes: ByteBuffer {
        let segments = segments.prefix(ArchiveLimits.listed)
        var origins: [String: UInt16] = [:]
        var names: [String] = []
        for segment in segments where origins[segment.origin] == nil && names.count < ArchiveLimits.origins {
            origins[segment.origin] = UInt16(names.count)
            names.append(segment.origin)
        }
        var bytes = ByteBuffer()
        bytes.writeMultipleIntegers(ArchiveLimits.version, UInt8(0x82), UInt16(names.count))
        for name in names {
            bytes.writeInteger(UInt16(name.utf8.count))
            bytes.writeString(name)
        }
        bytes.writeInteger(UInt32(segments.count))
        for segment in segments {
            bytes.writeMultipleIntegers(segment.start.ticks, segment.duration.ticks, UInt32(segment.length))
            bytes.write(segment.digest)
            bytes.writeMultipleIntegers(
                UInt8((segment.isDiscontinuous ? 1 : 0) | (segment.isInterrupted ? 2 : 0)),
                segment.tracksFingerprint, origins[segment.origin] ?? 0)
        }
        return bytes
    }

    package init(reading bytes: ByteBuffer) throws(ArchiveMessageError) {
        var reader = ArchiveMessageReader(bytes)
        try reader.checkVersion()
        guard try reader.integer(UInt8.self, "the kind") == 0x82 else { throw reader.error("no answer to `list`") }
        var origins: [String] = []
        for _ in 0..<(try reader.count(UInt16.self, "origins", limit: ArchiveLimits.origins, each: 2)) {
            origins.append(try reader.text("an origin", limit: ArchiveLimits.name))
        }
        let count = try reader.count(UInt32.self, "segments", limit: ArchiveLimits.listed, each: 47)
        var segments: [OfferedSegment] = []
        segments.reserveCapacity(count)
        for _ in 0..<count {
            let (start, duration) = try reader.start()
            guard segments.last.map({ $0.start < start }) ?? true else { throw reader.error("a segment out of order") }
            let length = Int(try reader.integer(UInt32.self, "a segment's length"))
            guard length > 0, length <= ArchiveLimits.segment else {
                throw reader.error("a segment of \(length) bytes")
            }
            let digest = try reader.digest()
            let flags = try reader.integer(UInt8.self, "a segment's flags")
            guard flags < 4 else { throw reader.error("unknown flags \(flags)") }
            let tracks = try reader.integer(UInt64.self, "a segment's tracks")
            let origin = Int(try reader.integer(UInt16.self, "a segment's origin"))
            guard origin < origins.count else { throw reader.error("an origin that is not listed") }
            segments.append(
                OfferedSegment(
                    start: start, duration: duration, length: length, digest: digest, isDiscontinuous: flags & 1 != 0,
                    isInterrupted: flags & 2 != 0, tracksFingerprint: tracks, origin: origins[origin]))
        }
        try reader.finish()
        self.init(segments: segments)
    }
}

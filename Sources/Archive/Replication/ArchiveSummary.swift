// What a server has of a stream in a range, per hour and day: what two servers compare first.
package import Media

/// One hour of UTC in which segments start.
package struct HourSummary: Hashable, Sendable {
    /// Hours since the Unix epoch.
    package var number: Int64
    package var digest: MediaDigest
    package var segments: Int
    package var bytes: Int64
    /// The sum of the segments.
    package var duration: MediaSpan

    package init(number: Int64, digest: MediaDigest, segments: Int, bytes: Int64, duration: MediaSpan) {
        self.number = number
        self.digest = digest
        self.segments = segments
        self.bytes = bytes
        self.duration = duration
    }

    /// - Parameter segments: of one hour, in the order of their starts; nil is returned when there is none.
    package init?(number: Int64, _ segments: some Sequence<OfferedSegment>) {
        var hasher = MediaHasher()
        var (count, bytes, duration) = (0, Int64(0), MediaSpan.zero)
        for segment in segments {
            hasher.update(segment.named)
            count += 1
            bytes += Int64(segment.length)
            duration += segment.duration
        }
        guard count > 0 else { return nil }
        self.init(number: number, digest: hasher.finalize(), segments: count, bytes: bytes, duration: duration)
    }

    package var range: TimeRange {
        TimeRange(start: MediaTime(ticks: number * DigestPeriod.hour.ticks), duration: DigestPeriod.hour)
    }
}

/// One day of UTC.
package struct DaySummary: Hashable, Sendable {
    /// Days since the Unix epoch.
    package var number: Int64
    /// Of its hours.
    package var digest: MediaDigest
    /// Empty when the asker has the same digest.
    package var hours: [HourSummary]

    package init(number: Int64, digest: MediaDigest, hours: [HourSummary]) {
        self.number = number
        self.digest = digest
        self.hours = hours
    }
}

/// Days in the order of time; what has no segment is left out.
package struct ArchiveSummary: Hashable, Sendable {
    package var days: [DaySummary]

    package init(days: [DaySummary] = []) { self.days = days }

    /// - Parameter hours: in the order of time.
    package init(hours: some Sequence<HourSummary>) {
        days = []
        for hour in hours {
            let number = hour.number.flooredDivided(by: 24)
            if days.last?.number != number {
                days.append(DaySummary(number: number, digest: MediaDigest(high: 0, low: 0), hours: []))
            }
            days[days.count - 1].hours.append(hour)
        }
        for index in days.indices {
            var hasher = MediaHasher()
            for hour in days[index].hours {
                hasher.update(UInt64(bitPattern: hour.number))
                hasher.update(hour.digest)
            }
            days[index].digest = hasher.finalize()
        }
    }

    /// - Parameter segments: in the order of their starts.
    package init(_ segments: some Sequence<OfferedSegment>) {
        var hours: [HourSummary] = []
        var open: [OfferedSegment] = []
        for segment in segments {
            if let first = open.first,
                first.start.index(of: DigestPeriod.hour) != segment.start.index(of: DigestPeriod.hour)
            {
                hours += HourSummary(number: first.start.index(of: DigestPeriod.hour), open).map { [$0] } ?? []
                open = []
            }
            open.append(segment)
        }
        if let first = open.first {
            hours += HourSummary(number: first.start.index(of: DigestPeriod.hour), open).map { [$0] } ?? []
        }
        self.init(hours: hours)
    }

    /// The same without the hours of days whose digests are `known`: what is told to somebody who has them.
    package func leavingOut(_ known: [Int64: MediaDigest]) -> ArchiveSummary {
        ArchiveSummary(
            days: days.map { day in
                known[day.number] == day.digest ? DaySummary(number: day.number, digest: day.digest, hours: []) : day
            })
    }

    package var hours: [Int64: HourSummary] {
        Dictionary(days.flatMap(\.hours).map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package var digests: [Int64: MediaDigest] {
        Dictionary(days.map { ($0.number, $0.digest) }, uniquingKeysWith: { first, _ in first })
    }

    /// Hours that may hold something we lack: those that both tell differently, and those that we do not have.
    package func differences(from ours: ArchiveSummary) -> [HourSummary] {
        let (digests, known) = (ours.digests, ours.hours)
        return days.flatMap { day -> [HourSummary] in
            if digests[day.number] == day.digest { return [] }
            return day.hours.filter { known[$0.number]?.digest != $0.digest }
        }
    }
}

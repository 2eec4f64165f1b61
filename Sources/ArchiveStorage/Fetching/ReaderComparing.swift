// What a store tells other servers of a stream: summaries of hours, offers of segments, where each range is from.
package import Archive
package import Media

/// A range of an archive and the server that captured it.
package struct OriginRange: Hashable, Sendable {
    package var range: TimeRange
    package var origin: String
    /// It came by replication; else this server recorded it.
    package var isFetched: Bool
}

extension ArchiveReader {
    /// The segments that start in `range`, as they are offered to other servers.
    package func offers(of stream: String, startingIn range: TimeRange) throws -> [OfferedSegment] {
        try segments(of: stream, startingIn: range).map { OfferedSegment($0) }
    }

    /// The closed segments that share time with `range`, in the order of time.
    package func offers(of stream: String, touching range: TimeRange) throws -> [OfferedSegment] {
        let unindexed = view.stream(stream)?.unindexed.filter { $0.range.overlaps(range) } ?? []
        let known = Set(unindexed.map(\.start))
        let indexed = try index.segments(of: stream, touching: range).filter { !known.contains($0.start) }
        return (indexed + unindexed).sorted { $0.start < $1.start }.map { OfferedSegment($0) }
    }

    /// Digests of the hours of `range`. Hours that lie wholly in it are computed once and again when they change.
    package func summary(of stream: String, in range: TimeRange) throws -> ArchiveSummary {
        let version = view.hours.version(of: stream)
        // A run does not reach into another hour, so runs tell which hours there are.
        var numbers = Set(
            try index.runs(of: stream).lazy.filter { $0.segments > 0 }.map { $0.run.start.index(of: DigestPeriod.hour) }
        )
        for segment in view.stream(stream)?.unindexed ?? [] {
            numbers.insert(segment.start.index(of: DigestPeriod.hour))
        }
        var hours: [HourSummary] = []
        for number in numbers.sorted() {
            let hour = TimeRange(
                start: MediaTime(ticks: number * DigestPeriod.hour.ticks), duration: DigestPeriod.hour)
            guard let part = hour.intersection(range) else { continue }
            if part == hour, let known = view.hours.summary(of: stream, hour: number) {
                hours.append(known)
                continue
            }
            guard let summary = HourSummary(number: number, try offers(of: stream, startingIn: part)) else { continue }
            if part == hour { view.hours.remember(summary, of: stream, version: version) }
            hours.append(summary)
        }
        return ArchiveSummary(hours: hours)
    }

    /// Start of the segment that is being recorded: what is older is closed. Nil while nothing is recorded.
    package func recordedTo(_ stream: String) -> MediaTime? {
        view.stream(stream).flatMap { $0.pause == nil ? $0.recordedEnd : nil }
    }

    package func ledger(of stream: String) -> StreamLedger { view.stream(stream)?.ledger ?? StreamLedger() }

    package func policy(of stream: String) -> RetentionPolicy { view.stream(stream)?.policy ?? RetentionPolicy() }

    /// Where what is from; neighbours of one origin are one range.
    package func origins(of stream: String) throws -> [OriginRange] {
        let rows = try index.runs(of: stream).filter { $0.segments > 0 }.sorted { $0.first < $1.first }
        var result: [OriginRange] = []
        for row in rows {
            let (range, isFetched) = (TimeRange(row.first, row.end), RunPath.isFetched(row.run.path))
            if let last = result.last, last.origin == row.run.origin, last.isFetched == isFetched,
                last.range.end >= range.start
            {
                result[result.count - 1].range = TimeRange(last.range.start, max(last.range.end, range.end))
            } else {
                result.append(OriginRange(range: range, origin: row.run.origin, isFetched: isFetched))
            }
        }
        return result
    }
}

// Digests of a stream's archive per day, hour and segment: two servers descend only where they differ.
package import Media

/// What a digest covers: a segment's key and the digest of its bytes. Flags are left out on purpose: a server that was
/// restarted marks a discontinuity where its peer has none, although both have the same media.
package struct SegmentDigest: Hashable, Sendable {
    package var start: MediaTime
    package var duration: MediaSpan
    package var digest: MediaDigest

    package init(start: MediaTime, duration: MediaSpan, digest: MediaDigest) {
        self.start = start
        self.duration = duration
        self.digest = digest
    }
}

/// The digests of a part of an archive, by day and hour of UTC in which segments start.
package struct DigestTree: Hashable, Sendable {
    package struct Hour: Hashable, Sendable {
        /// Hours since the Unix epoch.
        package var number: Int64
        package var digest: MediaDigest
        package var segmentCount: Int
    }
    package struct Day: Hashable, Sendable {
        /// Days since the Unix epoch.
        package var number: Int64
        /// Of the digests of its hours; empty hours are left out.
        package var digest: MediaDigest
        package var hours: [Hour]
    }

    package static let hour = MediaSpan.seconds(3600)
    package static let day = MediaSpan.seconds(86_400)

    /// In the order of time; days and hours without a segment are left out.
    package private(set) var days: [Day] = []

    /// `segments` must be in the order of their starts.
    package init(_ segments: some Sequence<SegmentDigest>) {
        var hour: (number: Int64, hasher: MediaHasher, count: Int)?
        var hours: [Hour] = []
        func close() {
            guard let open = hour else { return }
            hours.append(Hour(number: open.number, digest: open.hasher.finalize(), segmentCount: open.count))
        }
        for segment in segments {
            let number = segment.start.index(of: Self.hour)
            if hour?.number != number {
                close()
                hour = (number, MediaHasher(), 0)
            }
            hour?.hasher.update(segment)
            hour?.count += 1
        }
        close()
        for hour in hours {
            let number = hour.number.flooredDivided(by: 24)
            if days.last?.number != number {
                days.append(Day(number: number, digest: MediaDigest(high: 0, low: 0), hours: []))
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

    /// The digest of the media of `range`: of all segments that start in it, whatever files they lie in.
    package static func digest(of segments: some Sequence<SegmentDigest>, in range: TimeRange) -> MediaDigest {
        var hasher = MediaHasher()
        for segment in segments where range.contains(segment.start) { hasher.update(segment) }
        return hasher.finalize()
    }
}

extension MediaHasher {
    fileprivate mutating func update(_ segment: SegmentDigest) {
        update(UInt64(bitPattern: segment.start.ticks))
        update(UInt64(bitPattern: segment.duration.ticks))
        update(segment.digest)
    }

    fileprivate mutating func update(_ digest: MediaDigest) {
        update(digest.high)
        update(digest.low)
    }
}

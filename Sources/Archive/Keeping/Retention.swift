// How much an archive must give up: by age, by bytes and by share of the disk.
package import Media

/// How long a stream's archive is kept. What is not said does not bound.
package struct RetentionPolicy: Hashable, Sendable {
    /// Segments that ended longer ago than this go.
    package var age: MediaSpan?
    /// The stream's archive is not larger than this, in bytes.
    package var bytes: Int64?
    /// The whole disk is not fuller than this share, above 0 and up to 1.
    package var diskShare: Double?

    package init(age: MediaSpan? = nil, bytes: Int64? = nil, diskShare: Double? = nil) {
        self.age = age
        self.bytes = bytes
        self.diskShare = diskShare
    }
}

/// Bytes of the file system that a store lies on.
package struct DiskSpace: Hashable, Sendable {
    package var total: Int64
    package var available: Int64
    /// Equal for stores that lie on one file system.
    package var disk: UInt64
    package init(total: Int64, available: Int64, disk: UInt64 = 0) {
        self.total = total
        self.available = available
        self.disk = disk
    }
    package var used: Int64 { max(0, total - available) }
}

/// What one stream must give up. Oldest first; never what is being written, read or protected.
package struct RetentionDemand: Hashable, Sendable {
    /// Segments that end at or before this go because of their age.
    package var expiredBefore: MediaTime?
    /// At least this many bytes more go, because of a bound of bytes or of the disk. Counts what age takes as well.
    package var bytes: Int64
}

package enum Retention {
    /// One stream's part of the store.
    package struct Usage: Hashable, Sendable {
        package var stream: String
        package var policy: RetentionPolicy
        /// All bytes of its archive.
        package var bytes: Int64
        /// Those of them that nothing protects.
        package var deletableBytes: Int64
        package init(stream: String, policy: RetentionPolicy, bytes: Int64, deletableBytes: Int64) {
            self.stream = stream
            self.policy = policy
            self.bytes = bytes
            self.deletableBytes = deletableBytes
        }
    }

    /// What each stream of a store must give up now; streams that need not give anything are left out.
    ///
    /// - Parameter others: the streams of other stores on the same disk, which give their part themselves.
    ///
    /// The rule for the disk share: a stream with a bound of `p` sees `excess = used − p·total`. It gives the part of it
    /// that its own deletable bytes are of those of all streams whose bound is passed as well. With one bound for all of
    /// them the parts add up to the excess, and each stream loses the same share of its archive: none is emptied for
    /// another's sake.
    ///
    ///     used 950, total 1000, all at 90 %: excess 50;  A has 600, B has 300, C has 100  →  A 30, B 15, C 5
    package static func demands(
        of usages: [Usage], others: [Usage] = [], disk: DiskSpace?, at now: MediaTime
    ) -> [String: RetentionDemand] {
        func excess(_ usage: Usage) -> Int64 {
            guard let share = usage.policy.diskShare, let disk else { return 0 }
            return max(0, disk.used - Int64(Double(disk.total) * min(max(share, 0), 1)))
        }
        let givers = (usages + others).filter { excess($0) > 0 }.reduce(Int64(0)) { $0 + max(0, $1.deletableBytes) }
        var demands: [String: RetentionDemand] = [:]
        for usage in usages {
            var bytes: Int64 = 0
            if let bound = usage.policy.bytes { bytes = max(0, usage.bytes - bound) }
            let excess = excess(usage)
            if excess > 0, givers > 0 {
                let part = Double(excess) * Double(max(0, usage.deletableBytes)) / Double(givers)
                bytes = max(bytes, Int64(part.rounded(.up)))
            }
            let expired = usage.policy.age.map { now - $0 }
            if bytes > 0 || expired != nil {
                demands[usage.stream] = RetentionDemand(expiredBefore: expired, bytes: min(bytes, usage.bytes))
            }
        }
        return demands
    }
}

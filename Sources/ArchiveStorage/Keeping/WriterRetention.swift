// Deletes what is too old or too much, a bounded number of operations in each second.
import Archive
import Media

/// When the next pass is due, and who comes first in it.
struct KeepingState {
    var nextPass: Duration?
    var rotation = 0
    /// Told once per failure.
    var hasFailed = false
    /// Nil before anybody has looked.
    var hasReserve: Bool?
}

extension ArchiveWriter {
    /// One pass of retention a second.
    func keepIfDue(at now: ArchiveInstant) {
        if let next = keeping.nextPass, now.uptime < next { return }
        keeping.nextPass = now.uptime + .seconds(1)
        do {
            do {
                try keep(at: now, budget: settings.deletionsPerSecond)
            } catch  where isDiskFull(error) && giveUpReserve() {
                // A deletion is noted before it is done: the reserve's place is for that note.
                try keep(at: now, budget: min(64, settings.deletionsPerSecond))
            }
            keeping.hasFailed = false
            restoreReserve()
        } catch {
            if !keeping.hasFailed { report(.retentionFailed(reason: "\(error)")) }
            keeping.hasFailed = true
        }
    }

    func keep(at now: ArchiveInstant, budget: Int) throws {
        let seen = view.streams()
        var usages: [Retention.Usage] = []
        for stream in sortedStreams {
            guard let state = seen[stream.name], state.policy != RetentionPolicy(), state.segments > 0 else { continue }
            // Counted for the share of the disk alone.
            let locked =
                state.policy.diskShare == nil
                ? 0
                : try stream.ledger.protected.ranges.reduce(Int64(0)) {
                    try $0 + index.bytes(of: stream.name, touching: $1)
                }
            usages.append(
                .init(
                    stream: stream.name, policy: state.policy, bytes: state.bytes,
                    deletableBytes: state.bytes - locked))
        }
        let needsSpace = usages.contains { $0.policy.diskShare != nil }
        let disk = needsSpace ? try fileSystem.space() : nil
        let others = neighbours?.0.exchange(
            usages.filter { $0.policy.diskShare != nil }, of: neighbours?.root ?? "", on: disk?.disk ?? 0)
        let demands = Retention.demands(of: usages, others: others ?? [], disk: disk, at: now.utc)
        // A different stream is first in each pass: a budget that does not reach for all is shared.
        let names = usages.map(\.stream).filter { demands[$0] != nil }
        guard !names.isEmpty else { return }
        keeping.rotation = (keeping.rotation + 1) % names.count
        var left = budget
        for name in names[keeping.rotation...] + names[..<keeping.rotation] {
            guard left > 0, let demand = demands[name], let stream = streams[name] else { continue }
            if demand.bytes <= 0, let expired = demand.expiredBefore, let oldest = stream.oldestEnd, expired < oldest {
                continue
            }
            left -= try meet(demand, of: stream, budget: left)
        }
    }

    /// - Returns: how many segments went.
    private func meet(_ demand: RetentionDemand, of stream: StreamWriting, budget: Int) throws -> Int {
        let protected = stream.ledger.protected
        var cut = RetentionCut(demand, protected: protected)
        var from = TimeRange.always.start
        var victims: [ArchivedSegment] = []
        var notes: [StreamLedger.Entry] = []
        var isFront = true
        // Mostly the first one stays: with each second and stream, a long page would be read for nothing.
        var pageSize = min(4, budget)
        search: while victims.count < budget {
            let page = try index.segments(
                of: stream.name, startingIn: TimeRange(from, TimeRange.always.end), limit: pageSize)
            for segment in page where segment.start >= from {
                let isRead = view.isLeased(segment.run.path)
                switch cut.verdict(range: segment.range, bytes: Int64(segment.length), isRead: isRead) {
                case .stop:
                    // Nothing is before it. What is kept for now, as it is protected or being read, is asked for again.
                    if isFront, victims.isEmpty { stream.oldestEnd = segment.end }
                    break search
                case .keep:
                    isFront = false
                    // A long protected range is not walked through each second: all that starts in it stays.
                    if let range = protected.ranges.first(where: { $0.overlaps(segment.range) }) {
                        from = max(range.end, segment.start + MediaSpan(ticks: 1))
                        continue
                    }
                case .delete:
                    victims.append(segment)
                    // Behind something that stays, a hole comes to be: it must be told, and not be filled again.
                    if !isFront { notes.append(.gap(Gap(segment.range, .deleted))) }
                    if victims.count == budget { break search }
                }
                from = segment.start + MediaSpan(ticks: 1)
            }
            if page.count < pageSize { break }
            pageSize = min(256, pageSize * 4)
        }
        guard let last = victims.last else { return 0 }
        if demand.bytes > 0 { notes.append(.horizon(last.end)) }
        try delete(victims, of: stream, noting: notes)
        return victims.count
    }
}

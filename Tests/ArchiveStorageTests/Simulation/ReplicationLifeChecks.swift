// What must hold in a simulated life of replicated archives: at every moment, and after quiet.
import Archive
import Media
import NIOCore

@testable import ArchiveStorage

extension ReplicationLife {
    // MARK: Quiet

    /// All faults are mended and all servers are there: then all have the same, within their depths.
    mutating func quiet() throws {
        for server in servers {
            if server.isUp, server.isOff { try crash(server, byPower: true) }
            if !server.isUp { try server.restart(losingIndex: false, peers: peers(of: server)) }
            server.bench.disk.set { $0.changesLeft = nil }
        }
        for server in servers {
            server.pause()
            if !isRepaired { mend(server) }
            server.bench.writer.sync(at: server.bench.now)
            if isRepaired { try repair(server) }
            // What came wrong before is asked for again.
            server.bench.uptime += .seconds(60)
            server.postponed = []
        }
        var all: [OfferedSegment] = []
        for server in servers { all += try server.reader.offers(of: "cam", startingIn: .always) }
        let union = SegmentUnion.kept(all).kept
        for _ in 0..<4 {
            for server in servers {
                for peer in servers where peer !== server { try round(server, peer, mayBreak: false) }
            }
        }
        for server in servers {
            server.bench.writer.sync(at: server.bench.now)
            try check(server, "in the end")
            try checkBytes(server)
            let has = try server.reader.offers(of: "cam", startingIn: .always)
            for segment in union where server.bounds.allow(segment) && !has.contains(where: { $0.covers(segment) }) {
                violation("\(server.name) lacks \(segment.start.ticks), which somebody has")
            }
            for (peer, progress) in server.planner.progress(at: server.bench.uptime) where progress.state != .inSync {
                violation("\(server.name) is \(progress.state) with \(peer): \(progress.lastError ?? "")")
            }
        }
        try compareDigests()
    }

    /// As `weir archive repair`: what is not what was recorded is taken out, and the gap says that the disk was it.
    private mutating func repair(_ server: SimulatedServer) throws {
        guard let stream = server.bench.writer.streams["cam"] else { return }
        let damaged = try server.bench.index.segments(of: "cam", startingIn: .always).filter {
            try MediaDigest(of: media(of: $0, on: server)) != $0.digest
        }
        try server.bench.writer.takeOut(damaged, of: stream)
        server.flipped = []
        for segment in damaged { server.kept.remove(segment.named) }
    }

    /// «`weir archive digest` prints the same line on both»: over what none has deleted and all keep.
    private mutating func compareDigests() throws {
        // A segment at the border of what one keeps may stand in for others at another server.
        let border = MediaSpan.seconds(5)
        let start = (servers.map(\.bounds.range.start).max() ?? TimeRange.always.start)
        var common = RangeSet([TimeRange(max(start, SyntheticStream.epoch) + border, SyntheticStream.time(index + 100))]
        )
        for deleted in servers.flatMap(\.bounds.deleted.ranges) {
            common.remove(TimeRange(deleted.start - border, deleted.end + border))
        }
        for range in common.ranges {
            let digests = try servers.map { try $0.reader.digest(of: "cam", in: range) }
            if Set(digests).count > 1 { violation("the digests of \(range) differ: \(digests)") }
        }
    }

    // MARK: Always

    /// What must hold at every moment of a server.
    mutating func check(_ server: SimulatedServer, _ when: String) throws {
        let rows = try server.bench.index.segments(of: "cam", startingIn: .always)
        for (a, b) in zip(rows, rows.dropFirst()) where a.start >= b.start || a.end >= b.end {
            violation("\(server.name) has \(a.start.ticks) and \(b.start.ticks), of which one holds the other, \(when)")
        }
        let entries = PlaybackSelection(rows, in: .always).entries
        for (a, b) in zip(entries, entries.dropFirst()) where a.end > b.segment.start {
            violation("\(server.name) plays \(b.segment.start.ticks) twice \(when)")
        }
        let played = RangeSet(entries.map { TimeRange($0.segment.start, $0.end) })
        for range in RangeSet(rows.map(\.range)).subtracting(played).ranges where range.duration >= .milliseconds(500) {
            violation("\(server.name) has \(range) and passes over it \(when)")
        }
        let flipped = Set(server.flipped.map(\.path))
        for row in rows where !flipped.contains(row.run.path) {
            if try MediaDigest(of: media(of: row, on: server)) != row.digest {
                violation("\(server.name) has a row without its bytes at \(row.start.ticks) \(when)")
            }
        }
        let recorded = RangeSet(rows.map(\.range))
        for gap in server.reader.ledger(of: "cam").gaps.gaps where recorded.overlaps(gap.range) {
            violation("\(server.name) has a gap (\(gap.cause), \(gap.range)) where something is, \(when)")
        }
    }

    private func media(of row: ArchivedSegment, on server: SimulatedServer) throws -> ByteBuffer {
        try server.bench.disk.open(row.run.path, forWriting: false).read(at: row.offset, count: row.length)
    }

    /// «Never an unverified byte»: each chunk of each archive is one that some server captured.
    private mutating func checkBytes(_ server: SimulatedServer) throws {
        for row in try server.bench.index.segments(of: "cam", startingIn: .always) {
            var bytes = try media(of: row, on: server)
            while let chunk = bytes.readSlice(length: min(chunkLength, bytes.readableBytes)), chunk.readableBytes > 0 {
                var hasher = MediaHasher()
                hasher.update(chunk)
                guard !genuine.contains(hasher.finalize()) else { continue }
                violation("\(server.name) has bytes at \(row.start.ticks) that nobody captured")
                break
            }
        }
    }
}

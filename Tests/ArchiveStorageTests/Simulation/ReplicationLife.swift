// A random life of two or three servers that replicate one stream: outages, crashes, cuts, damage, then quiet.
import Archive
import M4F
import Media
import NIOCore
import Synchronization
import Testing

@testable import ArchiveStorage

/// Everything is a function of the seed.
struct ReplicationLife {
    private(set) var servers: [SimulatedServer] = []
    private(set) var violations: [String] = []
    private var chance: SeededGenerator
    private let seed: UInt64
    /// Captures have one timeline: cuts agree, as when timelines are handed over.
    private let isOneTimeline: Bool
    private var cutLinks: Set<[String]> = []
    private var index: Int64 = 0

    init(seed: UInt64) throws {
        self.seed = seed
        chance = SeededGenerator(seed: seed)
        isOneTimeline = Bool.random(using: &chance)
        let count = Int.random(in: 2...3, using: &chance)
        for name in ["a", "b", "c"].prefix(count) {
            let isShort = Int.random(in: 0..<4, using: &chance) == 0
            servers.append(try SimulatedServer(name, age: isShort ? .seconds(15) : nil))
        }
        for server in servers { server.setPeers(peers(of: server)) }
    }

    private func peers(of server: SimulatedServer) -> [String] { servers.map(\.name).filter { $0 != server.name } }

    private mutating func violation(_ text: String) { violations.append("seed \(seed): \(text)") }

    private mutating func happens(_ perMille: Int) -> Bool { Int.random(in: 0..<1000, using: &chance) < perMille }

    mutating func live() throws {
        for server in servers where !happens(300) { begin(server) }
        for _ in 0..<60 { try step() }
        try quiet()
    }

    // MARK: Troubles

    private mutating func begin(_ server: SimulatedServer) {
        server.cut = .init()
        guard !isOneTimeline, happens(500) else { return }
        server.cut = .init(
            shift: .milliseconds(Int64.random(in: 0..<400, using: &chance)),
            parity: Int64.random(in: 0..<4, using: &chance))
    }

    private mutating func step() throws {
        index += 1
        for server in servers {
            let time = SyntheticStream.time(index + 1) + .milliseconds(400)
            server.bench.uptime += .milliseconds(500)
            server.bench.utc = time
            guard server.isUp else { continue }
            if server.cut == nil { server.bench.step() } else { try recordLive(server) }
        }
        for server in servers { try trouble(server) }
        if happens(60), let a = servers.randomElement(using: &chance), let b = servers.randomElement(using: &chance) {
            cutLinks.insert([a.name, b.name])
        }
        if happens(150) { cutLinks = [] }
        for server in servers.shuffled(using: &chance) where server.isUp && happens(350) {
            // It may die in the round with the first.
            for peer in servers.shuffled(using: &chance) where peer !== server && server.isUp {
                try round(server, peer, mayBreak: true)
            }
        }
    }

    /// A live chunk is recorded whatever replication does at the time.
    private mutating func recordLive(_ server: SimulatedServer) throws {
        let before = server.bench.view.statistics.chunksDropped
        server.record(index)
        if isOneTimeline, server.bench.view.statistics.chunksDropped != before {
            violation("\(server.name) dropped the live chunk \(index)")
        }
    }

    private mutating func trouble(_ server: SimulatedServer) throws {
        guard server.isUp else {
            if happens(150) {
                try server.restart(losingIndex: happens(200), peers: peers(of: server))
                try check(server, "after its restart")
                begin(server)
            }
            return
        }
        if happens(30) {
            try crash(server)
        } else if happens(40) {
            server.pause()
        } else if server.cut == nil, happens(150) {
            begin(server)
        }
        if server.isUp, happens(12) { try delete(server) }
        if server.isUp, happens(12) { flip(server) }
    }

    private mutating func crash(_ server: SimulatedServer) throws {
        mend(server)
        let share = Int.random(in: 0...4, using: &chance)
        server.crash(happens(500) ? nil : { durable, written in durable + (written - durable) * share / 4 })
    }

    private mutating func delete(_ server: SimulatedServer) throws {
        let from = Int64.random(in: 0...index, using: &chance)
        let range = TimeRange(
            SyntheticStream.time(from), SyntheticStream.time(from + Int64.random(in: 1...12, using: &chance)))
        guard server.bench.writer.streams["cam"] != nil else { return }
        _ = try server.bench.writer.delete(range, of: "cam", at: server.bench.now)
    }

    private mutating func flip(_ server: SimulatedServer) {
        guard let segment = try? server.reader.segments(of: "cam", startingIn: .always).randomElement(using: &chance)
        else { return }
        let offset = Int(segment.offset) + segment.length / 2
        server.bench.disk.flip(segment.run.path, offset)
        server.flipped.append((segment.run.path, offset))
    }

    /// Turns the bits back, before anything is written where they are.
    private func mend(_ server: SimulatedServer) {
        for (path, offset) in server.flipped { server.bench.disk.flip(path, offset) }
        server.flipped = []
    }

    // MARK: Replication, over messages

    /// One round of `server` with `peer`, as the shell does it. Either may die in the middle.
    private mutating func round(_ server: SimulatedServer, _ peer: SimulatedServer, mayBreak: Bool) throws {
        func isLost() -> Bool {
            !peer.isUp || cutLinks.contains([server.name, peer.name]) || cutLinks.contains([peer.name, server.name])
        }
        let bounds = server.bounds
        let ours = try server.reader.summary(of: "cam", in: bounds.range)
        let known = ours.days.map { ArchiveRequest.KnownDay(number: $0.number, digest: $0.digest) }
        let question = ArchiveRequest(stream: "cam", .digests(bounds.range, known: known))
        guard !isLost() else {
            _ = server.planner.failed(peer.name, "cut")
            return
        }
        let theirs = try ArchiveDigests(reading: peer.answer(question.bytes))
        server.planner.compared(
            peer.name, theirs: theirs.summary, ours: ours, keeps: theirs.keeps, bounds: bounds,
            at: (server.bench.utc, server.bench.uptime))
        while true {
            switch server.planner.next(peer.name) {
            case .list(let hour):
                guard let range = hour.range.intersection(bounds.range) else { return }
                let list = try ArchiveList(
                    reading: peer.answer(ArchiveRequest(stream: "cam", .list(range)).bytes)
                ).segments
                let touched = TimeRange(list.first?.start ?? range.start, list.last?.end ?? range.start)
                _ = server.planner.listed(
                    peer.name, theirs: list, ours: try server.reader.offers(of: "cam", touching: touched),
                    bounds: bounds, at: server.bench.uptime)
            case .fetch(let order):
                let isWhole = try fetch(order, server, peer, mayBreak: mayBreak)
                guard isWhole else { return }
            case .wait:
                violation("the planner of \(server.name) waits for nothing")
                return
            case .over:
                server.bench.writer.finishFetching("cam")
                _ = server.planner.completed(peer.name, at: server.bench.utc)
                return
            }
        }
    }

    /// - Returns: false when the connection broke or one of both died.
    private mutating func fetch(
        _ order: FetchOrder, _ server: SimulatedServer, _ peer: SimulatedServer, mayBreak: Bool
    ) throws -> Bool {
        defer { server.planner.ended(order.number, from: peer.name) }
        var answer = try peer.answer(ArchiveRequest(stream: "cam", .fetch(order.segments.map(\.named))).bytes)
        var isCut = false
        if mayBreak, happens(200) {
            isCut = true
            answer = answer.getSlice(at: 0, length: Int.random(in: 0..<answer.readableBytes, using: &chance)) ?? answer
        }
        let offers = Dictionary(uniqueKeysWithValues: order.segments.map { ($0.named, $0) })
        var parser = BulkParser()
        var tracks: [UInt64: FetchedTracks] = [:]
        var current: (offer: OfferedSegment, media: ByteBuffer)?
        while answer.readableBytes > 0 {
            parser.feed(
                answer.readSlice(length: min(answer.readableBytes, Int.random(in: 1...900, using: &chance))) ?? answer)
            while let event = try parser.next() {
                switch event {
                case .tracks(let name, let bytes): tracks[name] = try FetchedTracks(bytes, fingerprint: name)
                case .segment(let name, _, _): current = offers[name].map { (offer: $0, media: ByteBuffer()) }
                case .media(let part): current?.media.writeImmutableBuffer(part)
                case .segmentEnd:
                    guard let (offer, media) = current, let tracks = tracks[offer.tracksFingerprint] else { continue }
                    let outcome = try keep(offer, tracks, media, server)
                    server.planner.received(
                        offer, of: order.number, from: peer.name, outcome, at: server.bench.uptime)
                case .missing, .end: break
                }
            }
        }
        if isCut {
            // What broke may have been the line, or either server.
            if happens(300) { try crash(server) } else if happens(300) { try crash(peer) }
            if server.isUp { _ = server.planner.failed(peer.name, "broken") }
        }
        return !isCut
    }

    private mutating func keep(
        _ offer: OfferedSegment, _ tracks: FetchedTracks, _ media: ByteBuffer, _ server: SimulatedServer
    ) throws -> StreamReplication.Outcome {
        let fetched: FetchedSegment
        do throws(ArchiveError) {
            fetched = try FetchedSegment(offer, tracks: tracks, bytes: media)
        } catch {
            return .wrong(error.message)
        }
        switch try server.bench.writer.keep(fetched, of: "cam", at: server.bench.now) {
        case .kept:
            if !server.kept.insert(offer.named).inserted {
                violation("\(server.name) fetched \(offer.start.ticks) twice")
            }
            return .kept
        case .covered:
            violation("\(server.name) fetched \(offer.start.ticks), which it had")
            return .covered
        case .declined: return .declined
        }
    }

    // MARK: Quiet

    /// All faults are mended and all servers are there: then all have the same, within their depths.
    private mutating func quiet() throws {
        cutLinks = []
        for server in servers where !server.isUp {
            try server.restart(losingIndex: false, peers: peers(of: server))
        }
        for server in servers {
            server.pause()
            mend(server)
            server.bench.writer.sync(at: server.bench.now)
            // What came wrong before is asked for again.
            server.bench.uptime += .seconds(60)
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
            let has = try server.reader.offers(of: "cam", startingIn: .always)
            let wants = union.filter { server.bounds.allow($0) }
            for segment in wants where !has.contains(where: { $0.covers(segment) }) {
                violation("\(server.name) lacks \(segment.start.ticks), which somebody has")
            }
            for (peer, progress) in server.planner.progress(at: server.bench.uptime) where progress.state != .inSync {
                violation("\(server.name) is \(progress.state) with \(peer): \(progress.lastError ?? "")")
            }
        }
        try compareDigests()
    }

    /// «`weir archive digest` prints the same line on both»: over what neither has deleted and both keep.
    private mutating func compareDigests() throws {
        guard let first = servers.first else { return }
        let start = servers.map(\.bounds.range.start).max() ?? first.bounds.range.start
        guard servers.allSatisfy({ $0.bounds.deleted.isEmpty }) else { return }
        // A segment that began before the depth of one may stand in for others at the other.
        let range = TimeRange(start + .seconds(3), TimeRange.always.end)
        let digests = try servers.map { try $0.reader.digest(of: "cam", in: range) }
        if Set(digests).count > 1 { violation("the digests differ: \(digests)") }
    }

    /// What must hold at every moment of a server.
    private mutating func check(_ server: SimulatedServer, _ when: String) throws {
        let rows = try server.bench.index.segments(of: "cam", startingIn: .always)
        for (a, b) in zip(rows, rows.dropFirst()) where a.start >= b.start || a.end >= b.end {
            violation("\(server.name) has \(a.start.ticks) and \(b.start.ticks), of which one holds the other, \(when)")
        }
        let selection = PlaybackSelection(rows, in: .always).entries.map(\.segment)
        for (a, b) in zip(selection, selection.dropFirst()) where a.end > b.start {
            violation("\(server.name) plays \(b.start.ticks) twice \(when)")
        }
        let flipped = Set(server.flipped.map(\.path))
        for row in rows where !flipped.contains(row.run.path) {
            let media = try server.bench.disk.open(row.run.path, forWriting: false)
                .read(at: row.offset, count: row.length)
            if MediaDigest(of: media) != row.digest {
                violation("\(server.name) has a row without its bytes at \(row.start.ticks) \(when)")
            }
        }
        let recorded = RangeSet(rows.map(\.range))
        for gap in server.reader.ledger(of: "cam").gaps.gaps where recorded.overlaps(gap.range) {
            violation("\(server.name) has a gap where something is, \(when)")
        }
    }
}

extension MemoryFileSystem {
    /// A bit of the disk turns over. Twice is as before.
    func flip(_ path: String, _ offset: Int) {
        state.withLock { $0.files[path] }?.contents.withLock { contents in
            if offset < contents.bytes.count { contents.bytes[offset] ^= 0x10 }
            if offset < contents.durable.count { contents.durable[offset] ^= 0x10 }
        }
    }
}

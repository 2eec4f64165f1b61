// A random life of two or three servers that replicate one stream: outages, crashes, cuts, damage, then quiet.
import Archive
import Media
import NIOCore
import Synchronization
import TestSupport

@testable import ArchiveStorage

/// Everything is a function of the seed. Planner, writer, index, and the sessions and messages of M4F are the real ones; disk,
/// network and time are made up.
struct ReplicationLife {
    /// What can happen to the group; each must come to be in a run of the tests.
    enum Trouble: String, CaseIterable {
        case sourceAway, kill, powerCut, tornWrite, crashMidFetch, cutLink, brokenFetch, flippedByte, flippedOnTheWay
        case deletion, anchoredAnew, clockSkewed, depthsDiffer, indexLost, relayEnded
    }

    private(set) var servers: [SimulatedServer] = []
    private(set) var violations: [String] = []
    private(set) var troubles: [Trouble: Int] = [:]
    /// What happened last, for the message of a violation.
    private var history: [String] = []
    var chance: SeededGenerator
    private let seed: UInt64
    /// Captures have one timeline: cuts agree, as when timelines are handed over.
    let isOneTimeline: Bool
    /// What was damaged on a disk is mended by `repair` and from the others; else the bits turn back by themselves.
    let isRepaired: Bool
    /// From and to.
    private var cutLinks: Set<[String]> = []
    private(set) var index: Int64 = 0
    /// The digest of each chunk that a server has captured, and the length of all.
    private(set) var genuine: Set<MediaDigest> = []
    private(set) var chunkLength = 0

    init(seed: UInt64) throws {
        self.seed = seed
        chance = SeededGenerator(seed: seed)
        isOneTimeline = Bool.random(using: &chance)
        isRepaired = Bool.random(using: &chance)
        let count = Int.random(in: 2...3, using: &chance)
        for name in ["a", "b", "c"].prefix(count) {
            let isShort = happens(250)
            let ahead: MediaSpan = happens(300) ? .milliseconds(.random(in: -4000...4000, using: &chance)) : .zero
            servers.append(try SimulatedServer(name, age: isShort ? .seconds(15) : nil, ahead: ahead))
            if ahead != .zero { note(.clockSkewed) }
        }
        if Set(servers.map(\.age)).count > 1 { note(.depthsDiffer) }
        for server in servers { server.setPeers(peers(of: server)) }
    }

    func peers(of server: SimulatedServer) -> [String] { servers.map(\.name).filter { $0 != server.name } }

    mutating func violation(_ text: String) {
        violations.append("seed \(seed): \(text)\nbefore: \(history.joined(separator: "; "))")
    }

    mutating func happens(_ perMille: Int) -> Bool { Int.random(in: 0..<1000, using: &chance) < perMille }

    mutating func note(_ trouble: Trouble, _ server: SimulatedServer? = nil) {
        troubles[trouble, default: 0] += 1
        tell("\(trouble.rawValue) \(server?.name ?? "")")
    }

    mutating func tell(_ what: String) {
        history.append("\(index) \(what)")
        if history.count > 50 { history.removeFirst(history.count - 50) }
    }

    /// Whether nothing goes between the two. A line that is cut one way gives no answers.
    func isCut(_ a: SimulatedServer, _ b: SimulatedServer) -> Bool {
        cutLinks.contains([a.name, b.name]) || cutLinks.contains([b.name, a.name])
    }

    mutating func live() throws {
        for server in servers where !happens(300) { begin(server) }
        for _ in 0..<60 { try step() }
        cutLinks = []
        try quiet()
    }

    // MARK: Time

    private mutating func step() throws {
        try passTime()
        for server in servers { try trouble(server) }
        if happens(60), let a = servers.randomElement(using: &chance), let b = servers.randomElement(using: &chance) {
            cutLinks.insert([a.name, b.name])
            if a !== b { note(.cutLink) }
        }
        if happens(150) { cutLinks = [] }
        for server in servers.shuffled(using: &chance) where server.isUp && happens(350) {
            // It may die in the round with the first.
            for peer in servers.shuffled(using: &chance) where peer !== server && server.isUp {
                try round(server, peer, mayBreak: true)
            }
        }
        for server in servers where server.isUp && server.isOff { try crash(server, byPower: true) }
        if index % 8 == 0 { for server in servers where server.isUp { try check(server, "while it runs") } }
    }

    /// Half a second: whoever captures has the next chunk, whoever takes it over from another gets it. Also in the middle of a
    /// round: live does not wait for replication.
    mutating func passTime() throws {
        index += 1
        for server in servers {
            server.bench.uptime += .milliseconds(500)
            server.bench.utc = SyntheticStream.time(index + 1) + .milliseconds(400) + server.ahead
            server.newest = nil
            guard server.isUp else { continue }
            if server.cut == nil { server.bench.step() } else { try recordLive(server) }
        }
        // A chain of servers takes a turn for each of its links.
        for _ in servers { for server in servers where server.isUp && server.newest == nil { takeOver(server) } }
        for server in servers where server.isUp && server.newest == nil { endRelay(server) }
    }

    /// A live chunk is recorded whatever replication does at the time.
    private mutating func recordLive(_ server: SimulatedServer) throws {
        let before = server.bench.view.statistics.chunksDropped
        server.record(index)
        if let chunk = server.newest {
            var hasher = MediaHasher()
            hasher.update(chunk.bytes)
            genuine.insert(hasher.finalize())
            chunkLength = chunk.bytes.readableBytes
        }
        if isOneTimeline, server.bench.view.statistics.chunksDropped != before, !server.isOff {
            violation("\(server.name) dropped the live chunk \(index)")
        }
    }

    private mutating func takeOver(_ server: SimulatedServer) {
        guard server.relay != nil, let peer = servers.first(where: { $0.name == server.relay?.peer }),
            let chunk = peer.newest
        else { return }
        take(chunk, from: peer, server)
    }

    /// Of a server whose sender has nothing for it.
    private mutating func endRelay(_ server: SimulatedServer) {
        guard server.relay != nil, let peer = servers.first(where: { $0.name == server.relay?.peer }) else { return }
        if peer.isUp { take(nil, from: peer, server) } else { end(server) }
    }

    private mutating func take(_ chunk: Chunk?, from peer: SimulatedServer, _ server: SimulatedServer) {
        let chunks = server.relay?.pass(chunk, isCut: isCut(server, peer), to: server) ?? []
        for chunk in chunks {
            server.newest = chunk
            server.bench.step([.append(stream: "cam", chunk)])
        }
        if let clock = server.relay?.clock,
            (clock.ahead - (peer.ahead - server.ahead)).magnitude > clock.uncertainty
        {
            violation("\(server.name) takes the clock of \(peer.name) to be \(clock.ahead.milliseconds) ms ahead")
        }
        if server.relay?.end != nil { end(server) }
    }

    private mutating func end(_ server: SimulatedServer) {
        note(.relayEnded, server)
        server.pause()
    }

    // MARK: Troubles

    private mutating func begin(_ server: SimulatedServer) {
        if happens(400),
            let peer = servers.filter({ $0 !== server && $0.isUp && $0.isLive }).randomElement(using: &chance)
        {
            tell("\(server.name) takes from \(peer.name)")
            server.relay = LiveRelay(from: peer, to: server, nonce: Hex32.text(using: &chance))
            return
        }
        tell("\(server.name) captures")
        server.cut = .init()
        guard !isOneTimeline else { return }
        // A server that anchors a timeline itself goes by its own clock.
        server.cut = .init(
            shift: server.ahead + .milliseconds(happens(500) ? .random(in: 0..<400, using: &chance) : 0),
            parity: Int64.random(in: 0..<4, using: &chance))
    }

    private mutating func trouble(_ server: SimulatedServer) throws {
        guard server.isUp else {
            if happens(150) {
                let losesIndex = happens(200)
                if losesIndex { note(.indexLost, server) }
                try server.restart(losingIndex: losesIndex, peers: peers(of: server))
                try check(server, "after its restart")
                begin(server)
            }
            return
        }
        if happens(30) {
            try crash(server, byPower: happens(500))
        } else if happens(40) {
            if server.isLive { note(.sourceAway, server) }
            server.pause()
        } else if !server.isLive, happens(150) {
            begin(server)
        } else if happens(15) {
            // One of the next changes to the disk is torn, and the power is gone with it.
            note(.tornWrite, server)
            mend(server)
            server.bench.disk.set { $0.changesLeft = Int.random(in: 0..<12, using: &chance) }
        }
        guard server.isUp, !server.isOff else { return }
        if !isOneTimeline, happens(20), server.cut != nil {
            note(.anchoredAnew, server)
            server.cut?.shift += .milliseconds(.random(in: 1...1500, using: &chance))
            (server.mustStart, server.isAnchoredAnew) = (true, true)
        }
        if happens(12) { try delete(server) }
        if happens(12) { flip(server) }
    }

    mutating func crash(_ server: SimulatedServer, byPower: Bool) throws {
        note(byPower ? .powerCut : .kill, server)
        mend(server)
        let share = Int.random(in: 0...4, using: &chance)
        server.crash(byPower ? { durable, written in durable + (written - durable) * share / 4 } : nil)
    }

    private mutating func delete(_ server: SimulatedServer) throws {
        let from = Int64.random(in: 0...index, using: &chance)
        let range = TimeRange(
            SyntheticStream.time(from), SyntheticStream.time(from + Int64.random(in: 1...12, using: &chance)))
        guard server.bench.writer.streams["cam"] != nil else { return }
        // The power may go before it is done: then the operator is told, and asks again or not.
        do { _ = try server.bench.writer.delete(range, of: "cam", at: server.bench.now) } catch  where server.isOff {}
        note(.deletion, server)
        // What is recorded there later makes the range one that is not deleted, also for others' segments.
        server.kept = server.kept.filter { !TimeRange(start: $0.start, duration: $0.duration).overlaps(range) }
    }

    private mutating func flip(_ server: SimulatedServer) {
        guard let segment = try? server.reader.segments(of: "cam", startingIn: .always).randomElement(using: &chance)
        else { return }
        let offset = Int(segment.offset) + segment.length / 2
        server.bench.disk.flip(segment.run.path, offset)
        server.flipped.append((segment.run.path, offset))
        note(.flippedByte, server)
    }

    /// Turns the bits back, before anything is written where they are.
    func mend(_ server: SimulatedServer) {
        for (path, offset) in server.flipped { server.bench.disk.flip(path, offset) }
        server.flipped = []
    }
}

/// Nonces by chance.
private enum Hex32 {
    static func text(using chance: inout SeededGenerator) -> String {
        let digits = Array("0123456789abcdef")
        return String((0..<32).map { _ in digits[Int.random(in: 0..<16, using: &chance)] })
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

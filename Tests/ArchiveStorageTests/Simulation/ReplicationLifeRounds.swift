// The rounds of replication in a simulated life, as the shell does them, over the bytes of real messages.
import Archive
import M4F
import Media
import NIOCore

@testable import ArchiveStorage

extension ReplicationLife {
    /// One round of `server` with `peer`. Either may die in the middle, and live goes on meanwhile.
    mutating func round(_ server: SimulatedServer, _ peer: SimulatedServer, mayBreak: Bool) throws {
        do { try exchange(server, peer, mayBreak: mayBreak) } catch  where server.isOff || peer.isOff {
            // Its disk is gone, and it with it.
            for one in [server, peer] where one.isUp && one.isOff { try crash(one, byPower: true) }
            if server.isUp { _ = server.planner.failed(peer.name, "broken") }
        }
    }

    private mutating func exchange(_ server: SimulatedServer, _ peer: SimulatedServer, mayBreak: Bool) throws {
        let bounds = server.bounds
        let ours = try server.reader.summary(of: "cam", in: bounds.range)
        let known = ours.days.map { ArchiveRequest.KnownDay(number: $0.number, digest: $0.digest) }
        let question = ArchiveRequest(stream: "cam", .digests(bounds.range, known: known))
        guard peer.isUp, !isCut(server, peer) else {
            _ = server.planner.failed(peer.name, "cut")
            return
        }
        let offered = try peer.reader.offers(of: "cam", startingIn: bounds.range)
        let theirs = try ArchiveDigests(reading: peer.answer(question.bytes))
        try see(theirs.now - server.bench.utc, of: peer, server)
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
                guard try fetch(order, server, peer, mayBreak: mayBreak) else { return }
            case .wait:
                violation("the planner of \(server.name) waits for nothing")
                return
            case .over:
                server.bench.writer.finishFetching("cam")
                _ = server.planner.completed(peer.name, at: server.bench.utc)
                return try expectNoHole(server, peer, offered, bounds)
            }
        }
    }

    /// Clocks that differ are shown, and warned about beyond a segment.
    private mutating func see(_ ahead: MediaSpan, of peer: SimulatedServer, _ server: SimulatedServer) throws {
        let wasTold = server.toldClocks.contains(peer.name)
        let events = server.planner.clockSeen(peer.name, ahead: ahead, uncertainty: .zero, tolerance: .seconds(2))
        if !events.isEmpty { server.toldClocks.insert(peer.name) }
        let shown = server.planner.progress(at: server.bench.uptime).first { $0.peer == peer.name }
        if shown?.progress.clockDifference != peer.ahead - server.ahead {
            violation("\(server.name) does not show the clock of \(peer.name)")
        }
        if (ahead.magnitude > .seconds(2)) != (wasTold || !events.isEmpty) {
            violation("\(server.name) tells of the clock of \(peer.name): \(events)")
        }
    }

    /// «Never a hole that some live peer could fill»: what the other had when it was asked is here after the round.
    private mutating func expectNoHole(
        _ server: SimulatedServer, _ peer: SimulatedServer, _ offered: [OfferedSegment], _ bounds: ReplicationBounds
    ) throws {
        // Its power may be gone since.
        guard !server.isOff else { return }
        let has = try server.reader.offers(of: "cam", startingIn: .always)
        // While the round went on, the depth has moved on.
        let now = server.bounds
        for segment in offered where bounds.allow(segment) && !server.postponed.contains(segment.named) {
            if now.allow(segment), !has.contains(where: { $0.covers(segment) }) {
                let near = has.filter { $0.range.overlaps(segment.range) }.map {
                    "\($0.start.ticks)+\($0.duration.ticks) \($0.origin)"
                }
                violation(
                    "\(server.name) lacks \(segment.start.ticks)+\(segment.duration.ticks) of \(segment.origin) after a "
                        + "whole round with \(peer.name), and has \(near) there; deleted \(bounds.deleted.ranges)")
            }
        }
    }

    /// - Returns: false when the connection broke or one of both died.
    private mutating func fetch(
        _ order: FetchOrder, _ server: SimulatedServer, _ peer: SimulatedServer, mayBreak: Bool
    ) throws -> Bool {
        defer { server.planner.ended(order.number, from: peer.name) }
        var answer = try peer.answer(ArchiveRequest(stream: "cam", .fetch(order.segments.map(\.named))).bytes)
        var isBroken = false
        if mayBreak, happens(200) {
            isBroken = true
            note(.brokenFetch, server)
            answer = answer.getSlice(at: 0, length: Int.random(in: 0..<answer.readableBytes, using: &chance)) ?? answer
        }
        if mayBreak, happens(60), answer.readableBytes > 0 {
            note(.flippedOnTheWay, server)
            let place = Int.random(in: 0..<answer.readableBytes, using: &chance)
            let byte = answer.getInteger(at: answer.readerIndex + place, as: UInt8.self) ?? 0
            answer.setInteger(byte ^ 0x04, at: answer.readerIndex + place)
            do { try take(answer, order, server, peer) } catch  where !server.isOff {
                // No message any more: the connection is given up.
                isBroken = true
            }
            // What did not come under its name is asked for in a later round.
            for offer in order.segments where !server.kept.contains(offer.named) {
                server.postponed.insert(offer.named)
            }
        } else {
            try take(answer, order, server, peer)
        }
        guard isBroken else { return true }
        // What broke may have been the line, or either server.
        let dying = happens(300) ? server : happens(300) ? peer : nil
        if let dying, dying.isUp {
            note(.crashMidFetch, dying)
            try crash(dying, byPower: happens(500))
        }
        if server.isUp { _ = server.planner.failed(peer.name, "broken") }
        return false
    }

    /// Reads an answer as it comes, in pieces of any length.
    private mutating func take(
        _ answer: ByteBuffer, _ order: FetchOrder, _ server: SimulatedServer, _ peer: SimulatedServer
    ) throws {
        var answer = answer
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
                    current = nil
                    let outcome = try keep(offer, tracks, media, server, from: peer)
                    switch outcome {
                    case .wrong, .declined: server.postponed.insert(offer.named)
                    case .kept, .covered: break
                    }
                    server.planner.received(
                        offer, of: order.number, from: peer.name, outcome, at: server.bench.uptime)
                    if happens(40) { try passTime() }
                case .missing(let start):
                    for offer in order.segments where offer.start == start { server.postponed.insert(offer.named) }
                case .end: break
                }
            }
        }
    }

    private mutating func keep(
        _ offer: OfferedSegment, _ tracks: FetchedTracks, _ media: ByteBuffer, _ server: SimulatedServer,
        from peer: SimulatedServer
    ) throws -> StreamReplication.Outcome {
        let fetched: FetchedSegment
        do throws(ArchiveError) {
            fetched = try FetchedSegment(offer, tracks: tracks, bytes: media)
        } catch {
            return .wrong(error.message)
        }
        let result = try server.bench.writer.keep(fetched, of: "cam", at: server.bench.now)
        tell("\(server.name) gets \(offer.start.ticks)+\(offer.duration.ticks) \(offer.origin): \(result)")
        switch result {
        case .kept:
            if !server.kept.insert(offer.named).inserted {
                violation("\(server.name) fetched \(offer.start.ticks) twice")
            }
            return .kept
        case .covered:
            // It may have come live since the list was made, but only from another server; and a server whose power is gone
            // offers what it was just replacing.
            if server.relay == nil, !peer.isOff {
                violation("\(server.name) fetched \(offer.start.ticks), which it had")
            }
            return .covered
        case .declined: return .declined
        }
    }
}

// Viewers of two servers that replicate, and what of that which they saw must be in both archives.
import Foundation
import Media
import TestSupport
import Testing

/// A viewer of each server's live stream in each of its lives: what it saw the server had received.
struct OutageWatch {
    private struct Life {
        var server: String
        var viewer: ChildProcess
        var file: URL
        /// Milliseconds of UTC up to which the archive was closed when the server was killed: what came later may have been
        /// in its hands only.
        var archivedTo: Int64?
    }
    let pair: WeirPair
    let longestLife: Int
    private var lives: [Life] = []
    /// Packets that the kernel or the network lost: frames are then damaged where they come in.
    private var lostPackets = 0

    init(pair: WeirPair, longestLife: Int) {
        self.pair = pair
        self.longestLife = longestLife
    }

    private static var stream: String { ReplicationTests.stream }

    /// Returns when the viewer has media.
    mutating func begin(_ server: String) async throws {
        let file = pair.folder.appending(path: "\(UUID().uuidString).ts")
        let url = "http://127.0.0.1:\(pair.ports[server] ?? 0)/\(Self.stream)/mpegts"
        // The server may have no media yet: asked again.
        let viewer = try ChildProcess(
            "/usr/bin/curl",
            ["-sfN", "--retry", "100", "--retry-delay", "1", "--retry-all-errors", url, "-o", file.path],
            longestLife: longestLife)
        lives.append(Life(server: server, viewer: viewer, file: file))
        try await eventually("a viewer of \(server) has media") {
            let size = try? FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int
            return size ?? 0 > 30_000
        }
    }

    /// Before a server is killed.
    mutating func end(_ server: String) async {
        await countLostPackets(server)
        guard let last = lives.lastIndex(where: { $0.server == server }) else { return }
        lives[last].archivedTo = await pair.end(of: Self.stream, on: server)
    }

    private mutating func countLostPackets(_ server: String) async {
        let inputs = await pair.json(server, "streams/\(Self.stream)")?["inputs"] as? [[String: Any]] ?? []
        for input in inputs {
            let stats = input["stats"] as? [String: Any] ?? input
            lostPackets += stats["lost_packets"] as? Int ?? 0
        }
    }

    /// Both archives show the same frames, none of them twice, and none is missing that a viewer of either server saw.
    ///
    /// Two things that a starved machine may do to the servers are no fault of theirs, and are told: packets that the kernel
    /// dropped, and a server that came back and did not hear of the other's timeline within a second. Then frames are damaged
    /// or the times of the two differ, and what overlaps is resolved when it is played.
    mutating func expectEachFrameOnce(from: Int64, to: Int64) async throws {
        for server in WeirPair.names { await countLostPackets(server) }
        var strips: [ArchiveStrip] = []
        for server in WeirPair.names {
            strips.append(
                try await ArchiveStrip(
                    of: Self.stream, at: "http://127.0.0.1:\(pair.ports[server] ?? 0)", from: from, to: to,
                    folder: pair.folder))
        }
        let strip = strips[0]
        #expect(strip.numbers == strips[1].numbers, "the archives show different frames")
        let offsets = Set(strip.stretches.compactMap(\.offset))
        let isOneTimeline = (offsets.max() ?? 0) - (offsets.min() ?? 0) <= 40
        print(
            "\(strip.numbers.count) frames in \(strip.stretches.count) stretches, later than the source by \(offsets) ms; "
                + "\(lostPackets) packets lost")
        #expect(!strip.numbers.isEmpty && lives.count >= WeirPair.names.count)
        var last: Int64?
        for stretch in strip.stretches {
            var tally = StripTally(lateLimit: .seconds(1 << 30))
            for number in stretch.numbers { tally.saw(number) }
            #expect(tally.repeated == 0 && tally.backward == 0, "\(stretch.start): \(tally)")
            #expect(lostPackets > 0 || tally.lost == 0 && tally.damaged == 0, "\(stretch.start): \(tally)")
            if isOneTimeline, let last, let first = tally.first { #expect(first > last, "frames are shown again") }
            last = tally.last
        }
        guard isOneTimeline, lostPackets == 0, let offset = offsets.max() else { return }
        let shown = Set(strip.numbers.compactMap { $0 })
        guard let first = shown.min(), let last = shown.max() else { return }
        for life in lives {
            life.viewer.stop()
            _ = await life.viewer.exitStatus()
            let seen = try await ArchiveStrip.numbers(in: life.file, pair.folder).compactMap { $0 }
            let known = life.archivedTo.map { min(last, ($0 - offset) / 40 - 1) } ?? last
            let missing = Set(seen.filter { $0 >= first && $0 <= known }).subtracting(shown)
            print("a viewer of \(life.server) saw \(seen.count) frames")
            #expect(!seen.isEmpty)
            #expect(missing.isEmpty, "a viewer of \(life.server) saw \(missing.sorted()), and no archive shows it")
        }
    }
}

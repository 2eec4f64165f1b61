// Viewers while the server that captures their stream is killed: they play on, with a discontinuity and not from the start.
import Foundation
import TestSupport
import Testing

/// A media playlist at one moment.
private struct PlaylistView {
    var mediaSequence: Int
    var discontinuitySequence: Int
    var discontinuities: Int
    /// Programme date-time of the first segment, seconds since 1970.
    var time: Double
    var durations: [Double]

    /// Number and time of the newest segment.
    var newest: (sequence: Int, time: Double) {
        (mediaSequence + max(0, durations.count - 1), time + durations.dropLast().reduce(0, +))
    }

    init?(_ text: String) {
        guard text.contains("#EXTINF") else { return nil }
        let lines = text.split(whereSeparator: \.isNewline).map(String.init)
        func value(_ tag: String) -> String? {
            lines.first { $0.hasPrefix(tag) }.map { String($0.dropFirst(tag.count)) }
        }
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        guard let date = value("#EXT-X-PROGRAM-DATE-TIME:"), let time = try? Date(date, strategy: format) else {
            return nil
        }
        self.time = time.timeIntervalSince1970
        mediaSequence = value("#EXT-X-MEDIA-SEQUENCE:").flatMap(Int.init) ?? 0
        discontinuitySequence = value("#EXT-X-DISCONTINUITY-SEQUENCE:").flatMap(Int.init) ?? 0
        discontinuities = lines.count { $0 == "#EXT-X-DISCONTINUITY" }
        durations = lines.filter { $0.hasPrefix("#EXTINF:") }.compactMap {
            Double($0.dropFirst(8).prefix { $0 != "," })
        }
    }
}

@Suite(.serialized)
struct ViewersOverMoveTests {
    /// A clock that runs on `two` while that lives; it does not come home, so each kill is one move.
    private func group() async throws -> WeirGroup {
        let group = try WeirGroup(
            "stream clock { input fake://fake; segment_duration 1; cluster_ingest capture_at=two; }",
            group: "failback off;")
        try await group.startAll()
        _ = try await group.settled(["clock"])
        return group
    }

    private func servers(of group: WeirGroup) -> [String] { WeirGroup.names.map { group.url($0, "") } }

    private func playlist(_ proxy: SwitchingProxy) async throws -> PlaylistView {
        var view: PlaylistView?
        try await eventually("there is a playlist") {
            view = PlaylistView(try await WebClient.ask("\(proxy.base)/clock/track-1.m3u8").text)
            return view != nil
        }
        guard let view else { throw TestFailure("no playlist") }
        return view
    }

    /// Kills the server that has the stream and gives its name.
    private func killOwner(of group: WeirGroup) async throws -> String {
        var owner: String?
        try await eventually("the stream has an owner") {
            for name in WeirGroup.names where group.running[name] != nil {
                owner = await group.runningOn("clock", asking: name)
            }
            return owner.map { group.running[$0] != nil } ?? false
        }
        guard let owner else { throw TestFailure("no owner") }
        await group.kill(owner)
        return owner
    }

    /// WEIR_KILLS asks for more, as scripts/soak.sh does.
    private static let kills = ProcessInfo.processInfo.environment["WEIR_KILLS"].flatMap { Int($0) } ?? 3

    @Test("ffmpeg plays on over kills; each loses some frames and repeats none, and the playlist goes on")
    func ffmpegPlaysOn() async throws {
        let group = try await group()
        try await SwitchingProxy.use(servers(of: group)) { [self] proxy in
            let file = group.folder.appending(path: "seen.gray")
            let player = try ChildProcess(
                "/usr/bin/ffmpeg",
                ["-v", "error", "-i", "\(proxy.base)/clock/index.m3u8"] + StripRecording.format + [file.path],
                longestLife: 60 + 60 * Self.kills)
            let recording = StripRecording(file)
            try await recording.waitFor(25, framesAfter: 1, of: player)
            var lost: [Int64] = []
            for _ in 0..<Self.kills {
                // The kill falls anywhere in a segment of two seconds.
                try await recording.waitFor(Int64.random(in: 1...50), framesAfter: recording.newest, of: player)
                let before = try await playlist(proxy)
                let lostBefore = recording.tally.lost
                let killedAt = StripTally.number(at: Date().timeIntervalSince1970)
                let owner = try await killOwner(of: group)
                try await recording.waitFor(25, framesAfter: killedAt, of: player)
                lost.append(recording.tally.lost - lostBefore)
                let after = try await playlist(proxy)
                #expect(after.newest.time > before.newest.time)
                #expect(after.newest.sequence > before.newest.sequence)
                // Not from the start, nor far ahead: the successor counts segments of the shortest possible length from
                // numbers that are at most half a minute old.
                #expect(after.newest.sequence < before.newest.sequence + 60)
                #expect(
                    after.discontinuitySequence + after.discontinuities
                        > before.discontinuitySequence + before.discontinuities)
                try await group.start(owner)
            }
            player.stop()
            let sorted = lost.sorted()
            print(
                "frames of 40 ms lost in each of \(lost.count) moves by kill -9: \(lost); p50 "
                    + "\(sorted[lost.count / 2]), p95 \(sorted[lost.count * 95 / 100]), max \(sorted.last ?? 0)")
            let tally = recording.tally
            #expect(tally.repeated == 0 && tally.backward == 0 && tally.damaged == 0, "\(tally)")
        }
    }

    /// With segments of MPEG-TS: VLC 3 does not read a fragmented MP4's initialization anew after a discontinuity.
    @Test("VLC plays on when the server is killed")
    func vlcPlaysOn() async throws {
        let group = try await group()
        try await SwitchingProxy.use(servers(of: group)) { [self] proxy in
            let home = group.folder.appending(path: "vlc")
            try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
            let taken = home.appending(path: "taken.ts")
            let vlc = try VLC.start(
                [
                    "-v", "--sout", "#std{access=file,mux=ts,dst=\(taken.path)}",
                    "\(proxy.base)/clock/index.m3u8?container=ts",
                ],
                home: home)
            func size() -> Int {
                let attributes = try? FileManager.default.attributesOfItem(atPath: taken.path)
                return attributes?[.size] as? Int ?? 0
            }
            func grows(by bytes: Int) async throws {
                let start = size()
                try await eventually("VLC takes more") {
                    guard vlc.isRunning else { throw TestFailure("VLC ended: \(vlc.output.suffix(3000))") }
                    return size() > start + bytes
                }
            }
            try await grows(by: 200_000)
            let killedAt = StripTally.number(at: Date().timeIntervalSince1970)
            let owner = try await killOwner(of: group)
            _ = try await group.settled(["clock"], on: WeirGroup.names.filter { $0 != owner })
            try await grows(by: 400_000)
            vlc.stop()
            _ = await vlc.exitStatus()
            let gray = home.appending(path: "seen.gray")
            let decoder = try ChildProcess(
                "/usr/bin/ffmpeg", ["-v", "error", "-i", taken.path] + StripRecording.format + [gray.path])
            _ = await decoder.exitStatus()
            let recording = try StripRecording(gray).update()
            let seen = recording.numbers.compactMap { $0 }
            #expect(seen.contains { $0 < killedAt } && seen.contains { $0 > killedAt + 25 }, "\(recording.tally)")
            #expect(recording.tally.backward == 0, "\(recording.tally)")
        }
    }

    @Test("the page plays on when the server is killed")
    func pagePlaysOn() async throws {
        let group = try await group()
        try await SwitchingProxy.use(servers(of: group)) { [self] proxy in
            try await Browser.use { browser in
                try await browser.open("\(proxy.base)/clock/embed.html")
                let before = try await browser.playsOn(after: try await browser.pageState())
                let owner = try await killOwner(of: group)
                _ = try await group.settled(["clock"], on: WeirGroup.names.filter { $0 != owner })
                let after = try await browser.playsOn(after: before)
                try await browser.playsOn(after: after)
            }
        }
    }
}

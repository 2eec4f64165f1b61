// The page `embed.html` in a real browser: plays, waits for a stream that is away, goes on when it returns or changes.
import Foundation
import Testing

/// What the page shows at one moment.
struct PageState: Decodable, Sendable {
    var position: Double
    var decoded: Int
    var dropped: Int
    var width: Int
    /// Empty when no message is shown.
    var message: String
}

extension Browser {
    func pageState() async throws -> PageState {
        try await run(
            """
            const video = document.getElementById("video"), message = document.getElementById("message");
            const quality = video.getVideoPlaybackQuality();
            return { position: video.currentTime, decoded: quality.totalVideoFrames, dropped: quality.droppedVideoFrames,
              width: video.videoWidth, message: message.hidden ? "" : message.textContent };
            """)
    }

    /// Waits until the page has played a second more than in `before`, one frame after the other.
    @discardableResult
    func playsOn(after before: PageState) async throws -> PageState {
        var now = before
        do {
            try await eventually("the page plays on") {
                now = try await self.pageState()
                return now.position > before.position + 1 && now.decoded >= before.decoded + 20 && now.message.isEmpty
            }
        } catch {
            throw TestFailure("\(error): before \(before), at the end \(now)")
        }
        return now
    }
}

@Suite(.serialized)
struct PlayerPageTests {
    @Test("the page plays, and goes on playing without losing frames")
    func plays() async throws {
        let server = try await WeirProcess("stream clock { input fake://fake; segment_duration 1; }")
        try await server.waitForMedia(of: "clock")
        try await Browser.use { browser in
            try await browser.open("\(server.base)/clock/embed.html")
            var state = try await browser.pageState()
            for _ in 0..<6 { state = try await browser.playsOn(after: state) }
            #expect(state.dropped * 4 <= state.decoded, "\(state)")
            // A busy machine drops now and then what it decodes too late; wrong times would be dropped all the time.
            try await eventually("a second passes without a dropped frame") {
                let before = try await browser.pageState()
                return try await browser.playsOn(after: before).dropped == before.dropped
            }
            // Put back, as after a stall, it goes to the newest again.
            let behind = "(video.buffered.end(video.buffered.length - 1) - video.currentTime)"
            try await browser.holds("((video) => \(behind) < 4)(document.getElementById('video'))")
            try await browser.holds(
                "((video) => video.buffered.end(video.buffered.length - 1) - video.buffered.start(0) > 9.5)(document.getElementById('video'))"
            )
            let _: Bool = try await browser.run(
                "const video = document.getElementById('video'); video.currentTime = video.buffered.start(0); return true;"
            )
            try await browser.holds("((video) => \(behind) < 4)(document.getElementById('video'))")
            try await browser.playsOn(after: try await browser.pageState())
            let errors = try await browser.consoleLog().filter { $0.level == "SEVERE" }
            #expect(errors.map(\.message) == [])
            let hosts = Set(try await browser.requests().compactMap(\.host))
            #expect(hosts.subtracting(["127.0.0.1"]) == [])
        }
    }

    /// What a machine without a graphics card does not get to show is no loss: a picture that was decoded late is dropped,
    /// a picture that server or player lost is not decoded at all.
    @Test(
        "every frame of what the page played is there and is decoded, and the page never leaves its place without need")
    func losesNoFrame() async throws {
        let rate = 25.0  // of the test picture
        let server = try await WeirProcess("stream clock { input fake://fake; segment_duration 1; }")
        try await server.waitForMedia(of: "clock")
        try await Browser.use { browser in
            try await browser.watchPlayback()
            try await browser.open("\(server.base)/clock/embed.html")
            try await eventually("ten seconds are played") { try await browser.pageState().position > 10 }
            server.child.signal(SIGKILL)
            try await eventually("the page knows that no more comes") {
                try await browser.pageState().message.contains("away")
            }
            let live = try await browser.playToTheEnd()
            #expect(live.ranges.count == 1, "the media has a hole: \(live.ranges)")
            let (start, end) = (try #require(live.ranges.first?.first), try #require(live.ranges.last?.last))
            // The first is that of the start. A machine that is busy enough may make the page fall far behind.
            let needless = live.seeks.dropFirst().filter { $0.isInsideOfMedia && $0.behind <= 8 }
            #expect(needless.isEmpty, "the page left its place without need: \(needless)")
            let overHoles = live.seeks.filter { $0.ranges.count > 1 }
            #expect(overHoles.isEmpty, "the media had a hole: \(overHoles)")
            // Each has the time of a frame.
            let places = live.shown.map { ($0 - start) * rate }
            #expect(places.allSatisfy { abs($0 - $0.rounded()) < 0.01 }, "\(live.shown)")
            let steps = zip(live.shown, live.shown.dropFirst())
            #expect(steps.count { $0 >= $1 } <= live.seeks.count, "a picture was shown again: \(live.shown)")
            // The last second may have ended in the middle of a fragment.
            let count = Int((end - start - 1) * rate)
            if live.seeks.count <= 1 {
                let unplayed = ((live.seeks.first?.to ?? start) - start) * rate
                #expect(live.decoded >= count - Int(unplayed.rounded(.up)), "\(live)")
            }
            // What is lost is lost each time it is played; what the browser has decoded but not counted yet when a replay
            // begins is counted with the next one.
            var replayed: [Int] = []
            var decoded = live.decoded
            while replayed.last != count, replayed.count < 4 {
                let span = try await browser.replay(to: start + (Double(count) - 0.25) / rate)
                replayed.append(span.decoded - decoded)
                decoded = span.decoded
            }
            #expect(replayed.last == count, "of \(count) frames were decoded, each time: \(replayed)")
        }
    }

    /// A server whose stream `cam` has media, where they are sent to, and who sends them: 320 × 180 in H.264.
    private func onAir(
        _ options: String = ""
    ) async throws -> (server: WeirProcess, target: String, sender: ChildProcess) {
        let source = FreePort.udp()
        let server = try await WeirProcess(
            "stream cam { input udp://127.0.0.1:\(source) \(options); segment_duration 1; }")
        let target = "udp://127.0.0.1:\(source)?pkt_size=1316"
        let sender = try MediaTools.send(to: target)
        try await server.waitForMedia(of: "cam")
        return (server, target, sender)
    }

    @Test("when the stream goes away the page says so, and plays again by itself when it is back")
    func awayAndBack() async throws {
        let (server, target, first) = try await onAir("source_timeout=2")
        try await Browser.use { browser in
            try await browser.open("\(server.base)/cam/embed.html")
            let playing = try await browser.playsOn(after: try await browser.pageState())
            first.stop()
            _ = await first.exitStatus()
            try await eventually("the page says that the stream is away") {
                try await browser.pageState().message.contains("away")
            }
            let away = try await browser.pageState()
            #expect(away.position >= playing.position)
            let second = try MediaTools.send(to: target)
            let back = try await browser.playsOn(after: away)
            try await browser.playsOn(after: back)
            second.stop()
        }
    }

    @Test("another picture size and other codec parameters from one moment to the next are played on")
    func changedStream() async throws {
        let (server, target, first) = try await onAir()
        try await Browser.use { browser in
            try await browser.open("\(server.base)/cam/embed.html")
            let playing = try await browser.playsOn(after: try await browser.pageState())
            #expect(playing.width == 320)
            first.stop()
            let second = try MediaTools.send(
                to: target,
                video: ["-vf", "scale=640:360", "-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-bf", "2"])
            try await eventually("the new size is shown") { try await browser.pageState().width == 640 }
            let after = try await browser.playsOn(after: try await browser.pageState())
            try await browser.playsOn(after: after)
            second.stop()
        }
    }

    @Test("a picture of a codec that the browser lacks leaves the sound, and one that it has is shown again")
    func changedCodecFamily() async throws {
        let (server, target, first) = try await onAir()
        try await Browser.use { browser in
            let knows = try await browser.run(
                "return MediaSource.isTypeSupported('video/mp4; codecs=\"hvc1.1.6.L60.90\"')", as: Bool.self)
            try await browser.open("\(server.base)/cam/embed.html")
            try await browser.playsOn(after: try await browser.pageState())
            first.stop()
            _ = await first.exitStatus()
            let second = try MediaTools.send(
                to: target,
                video: [
                    "-c:v", "libx265", "-preset", "ultrafast", "-g", "25", "-x265-params", "log-level=error",
                ], audio: ["-c:a", "aac", "-ac", "2"])
            if !knows {
                try await eventually("the page says what it lacks") {
                    try await browser.pageState().message.contains("only the sound")
                }
                let silent = try await browser.pageState()
                try await eventually("the sound goes on") {
                    try await browser.pageState().position > silent.position + 1
                }
            } else {
                try await browser.playsOn(after: try await browser.pageState())
            }
            second.stop()
            _ = await second.exitStatus()
            let third = try MediaTools.send(to: target)
            try await eventually("the picture is shown again") {
                let state = try await browser.pageState()
                return state.message.isEmpty && state.width == 320
            }
            try await browser.playsOn(after: try await browser.pageState())
            third.stop()
        }
    }
}

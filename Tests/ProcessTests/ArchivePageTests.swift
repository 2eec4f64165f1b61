// The page with the timeline in a real browser: shows what is recorded, seeks by click, goes on into live.
import Foundation
import Testing

private struct Moment: Decodable, Sendable {
    /// UTC of the picture that is shown, in seconds.
    var time: Double
    var decoded: Int
    /// Of the picture.
    var width: Int
    var recorded: Int
    var gaps: Int
    /// Of the last recorded bar, in pixels of the window and in UTC.
    var lastMiddle: Double
    var lastStart: Double
    var lastEnd: Double
    var oldest: Double
    var newest: Double
    var message: String
}

@Suite(.serialized)
struct ArchivePageTests {
    private let root = FileManager.default.temporaryDirectory.appending(path: "weir-archive-\(UUID().uuidString)")

    private func moment(_ browser: Browser) async throws -> Moment {
        try await browser.run(
            """
            const timeline = document.getElementById("timeline"), video = document.getElementById("video");
            const message = document.getElementById("message");
            const recorded = [...timeline.querySelectorAll(".recorded")], last = recorded.at(-1);
            const box = last ? last.getBoundingClientRect() : { left: 0, width: 0 };
            return { time: Number(timeline.getAttribute("aria-valuenow") ?? 0),
              decoded: video.getVideoPlaybackQuality().totalVideoFrames, width: video.videoWidth,
              recorded: recorded.length, gaps: timeline.querySelectorAll(".gap").length,
              lastMiddle: box.left + box.width / 2, lastStart: Number(last?.dataset.start ?? 0),
              lastEnd: Number(last?.dataset.end ?? 0), oldest: Number(timeline.getAttribute("aria-valuemin") ?? 0), newest: Number(timeline.getAttribute("aria-valuemax") ?? 0),
              message: message.hidden ? "" : message.textContent };
            """)
    }

    private func facts(_ server: WeirProcess) async throws -> [String: Any] {
        try await server.json("/streamer/api/v3/streams/cam/dvr/ranges")
    }

    @Test("the timeline shows ranges and gaps, a click seeks, and from the past it goes on into live")
    func timeline() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let source = FreePort.udp()
        let server = try await WeirProcess(
            """
            stream cam {
                input udp://127.0.0.1:\(source) source_timeout=1; segment_duration 1; segment_count 3;
                dvr \(root.path) 1h;
            }
            """)
        var sender = try MediaTools.send(to: "udp://127.0.0.1:\(source)?pkt_size=1316")
        for stretch in 1...2 {
            let before = try await facts(server)["duration"] as? Double ?? 0
            try await eventually("stretch \(stretch) is recorded") {
                (try await facts(server)["duration"] as? Double ?? 0) >= before + 6
            }
            guard stretch == 1 else { break }
            sender.stop()
            _ = await sender.exitStatus()
            try await eventually("the stream is away") {
                let gaps = try await facts(server)["gaps"] as? [[String: Any]] ?? []
                return gaps.contains { ($0["closed_at"] as? Int ?? 0) - ($0["opened_at"] as? Int ?? 0) > 3000 }
            }
            // The second stretch has another size of the picture, other parameters and another sound.
            sender = try MediaTools.send(
                to: "udp://127.0.0.1:\(source)?pkt_size=1316",
                video: ["-vf", "scale=640:360", "-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-bf", "2"],
                audio: ["-c:a", "aac", "-ac", "1", "-ar", "44100"])
        }
        let from = try #require(try await facts(server)["from"] as? Int)
        try await Browser.use { browser in
            try await browser.open("\(server.base)/cam/embed.html?dvr=true&from=\(from)&mute=true")
            var first: Moment?
            try await eventually("the page plays from its begin") {
                let now = try await moment(browser)
                first = now
                return now.decoded > 20 && now.message.isEmpty
            }
            let begin = try #require(first)
            #expect(begin.recorded >= 2 && begin.gaps >= 1)
            #expect(begin.time < begin.lastStart, "it does not begin at the begin: \(begin)")
            #expect(begin.width == 320)

            // Plays over the gap by itself.
            try await eventually("the second stretch is reached") {
                let now = try await moment(browser)
                return now.time > now.lastStart && now.width == 640 && now.message.isEmpty
            }
            // A click takes it back to the first stretch: the very left of the timeline.
            let _: Bool = try await browser.run(
                """
                const timeline = document.getElementById("timeline"), box = timeline.getBoundingClientRect();
                timeline.dispatchEvent(new MouseEvent("click", { clientX: box.left + 1, clientY: box.top + 5 }));
                return true;
                """)
            try await eventually("it plays where the click was") {
                let now = try await moment(browser)
                return now.time < now.lastStart && now.time >= Double(from) && now.width == 320 && now.message.isEmpty
            }
            // And another one into the last stretch, from where it goes on into what is not recorded yet.
            let _: Bool = try await browser.run(
                """
                const timeline = document.getElementById("timeline"), bar = [...timeline.querySelectorAll(".recorded")].at(-1);
                const box = bar.getBoundingClientRect();
                timeline.dispatchEvent(new MouseEvent("click", { clientX: box.left + box.width / 2, clientY: box.top + 5 }));
                return true;
                """)
            let clicked = try await moment(browser)
            try await eventually("it plays into what was not there at the click") {
                let now = try await moment(browser)
                return now.time > clicked.lastEnd + 5 && now.message.isEmpty && now.decoded > clicked.decoded + 100
            }
            // A range of the address is what the timeline shows, and plays from its begin.
            try await browser.open("\(server.base)/cam/embed.html?dvr=true&from=\(from + 1)&to=\(from + 5)&mute=true")
            try await eventually("the range is shown and plays") {
                let now = try await moment(browser)
                return now.oldest == Double(from + 1) && now.newest == Double(from + 5) && now.decoded > 5
                    && now.time >= Double(from)
            }
            // So long ago: whenever the page begins to play, the end is farther from it than live ever is.
            let opened = Date().timeIntervalSince1970
            try await browser.open("\(server.base)/cam/embed.html?dvr=true&ago=15&mute=true")
            try await eventually("it plays what was") {
                let now = try await moment(browser)
                return now.decoded > 5 && now.time >= opened - 17 && now.time <= Date().timeIntervalSince1970 - 5
            }
            // The range as a file: known length, and any place in it at once.
            try await browser.open("\(server.base)/cam/archive-\(from)-10.mp4")
            try await eventually("the file can be played") {
                try await browser.run("return document.querySelector('video')?.readyState >= 2;")
            }
            let _: Bool = try await browser.run(
                """
                const video = document.querySelector("video");
                video.muted = true;
                video.currentTime = video.duration - 2;
                video.play();
                return true;
                """)
            try await eventually("it plays where it was sought") {
                try await browser.run(
                    """
                    const video = document.querySelector("video");
                    return video.duration > 5 && video.currentTime > video.duration - 1.9 && !video.error;
                    """)
            }
            let errors = try await browser.consoleLog().filter { $0.level == "SEVERE" && !$0.message.contains("404") }
            #expect(errors.map(\.message) == [])
        }
        sender.stop()
    }
}

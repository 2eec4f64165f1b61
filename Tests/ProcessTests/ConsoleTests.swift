// The console in a real browser: every page, light and dark, wide and narrow, without errors and without other hosts.
import Foundation
import Testing

@Suite(.serialized)
struct ConsoleTests {
    private struct Look: Decodable, Sendable {
        var pageWidth: Int
        var windowWidth: Int
        var ground: String
        var trouble: String
    }

    private static let pages = [
        ("#/streams", ["clock", "running", "door", "waiting", "2 of 2 streams"]),
        ("#/streams/clock", ["fake://fake", "playing", "H.264", "media_started"]),
        ("#/events", ["media_started", "the stream starts"]),
        ("#/config", ["stream clock", "input fake://fake"]),
        ("#/cluster", ["This server is on its own"]),
    ]

    @Test("every page shows its facts", arguments: [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")])
    func pages(width: Int, scheme: String) async throws {
        let server = try await WeirProcess(
            """
            stream clock { input fake://fake; title "Test picture"; segment_duration 1; }
            stream door { input udp://127.0.0.1:\(FreePort.udp()); }
            """)
        try await server.waitForMedia(of: "clock")
        try await Browser.use { browser in
            try await browser.command(
                "Emulation.setDeviceMetricsOverride",
                ["width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false])
            try await browser.command(
                "Emulation.setEmulatedMedia", ["features": [["name": "prefers-color-scheme", "value": scheme]]])
            try await browser.open(server.base + "/")
            for (address, words) in Self.pages {
                let _: String = try await browser.run("location.hash = '\(address)'; return ''")
                try await Self.shows(words, browser, at: address)
                let look: Look = try await browser.run(
                    """
                    const trouble = document.getElementById("trouble");
                    return { pageWidth: document.documentElement.scrollWidth, windowWidth: window.innerWidth,
                      ground: getComputedStyle(document.body).backgroundColor,
                      trouble: trouble.hidden ? "" : trouble.textContent };
                    """)
                #expect(look.windowWidth == width)
                #expect(look.pageWidth <= width, "\(address) scrolls sideways")
                #expect(look.ground == (scheme == "light" ? "rgb(255, 255, 255)" : "rgb(16, 24, 30)"))
                #expect(look.trouble == "", "\(address)")
            }
            let errors = try await browser.consoleLog().filter { $0.level == "SEVERE" }
            #expect(errors.map(\.message) == [])
            let others = try await browser.requests().filter { url in
                ["http", "https", "ws", "wss"].contains(url.scheme ?? "")
                    && (url.host != "127.0.0.1" || url.port != server.port)
            }
            #expect(others == [])
        }
    }

    @Test("the stream's page plays it, and a server that stops is said in words")
    func playerAndTrouble() async throws {
        let server = try await WeirProcess("stream clock { input fake://fake; segment_duration 1; }")
        try await server.waitForMedia(of: "clock")
        try await Browser.use { browser in
            try await browser.open(server.base + "/#/streams/clock")
            let position = """
                return document.querySelector("iframe")?.contentDocument?.getElementById("video")?.currentTime ?? 0;
                """
            try await eventually("the player in the page plays") {
                try await browser.run(position, as: Double.self) > 2
            }
            server.child.stop()
            try await eventually("the console says that it has no fresh facts") {
                try await browser.run(
                    "const t = document.getElementById('trouble'); return t.hidden ? '' : t.textContent;",
                    as: String.self
                ).contains("No fresh facts")
            }
        }
    }

    private static func shows(_ words: [String], _ browser: Browser, at address: String) async throws {
        var text = ""
        do {
            try await eventually("\(address) shows its facts") {
                text = try await browser.run("return document.getElementById('content').innerText")
                return words.allSatisfy(text.contains)
            }
        } catch {
            throw TestFailure("\(error): \(words) in:\n\(text)")
        }
    }
}

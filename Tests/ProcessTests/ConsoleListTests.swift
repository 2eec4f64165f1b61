// The list of streams and the page of one stream, in every detail and by the keyboard alone.
import Foundation
import Testing

@Suite(.serialized)
struct ConsoleListTests {
    private static let rows = "[...document.querySelectorAll('.streams tbody:not(.space) tr')]"

    /// `gone` has no media, `low` that of its second input, `main` an archive and a viewer.
    private func start(lowPort: Int = FreePort.udp()) async throws -> (WeirProcess, viewer: ChildProcess) {
        let archive = FileManager.default.temporaryDirectory.appending(path: "weir-archive-\(UUID().uuidString)")
        let server = try await WeirProcess(
            """
            stream a-gone { input udp://127.0.0.1:\(FreePort.udp()) source_timeout=1; }
            stream b-low { input udp://127.0.0.1:\(lowPort) source_timeout=1; input fake://fake; }
            stream c-main { input fake://fake; title "Main door"; segment_duration 1; dvr \(archive.path) 1h; }
            """, arguments: ["--hostname", "solo"])
        // Asked of the API: a playlist's reader would count as a viewer for a while.
        try await eventually("c-main has media") {
            let stats = try await server.json("/streamer/api/v3/streams/c-main")["stats"] as? [String: Any]
            return stats?["alive"] as? Bool == true
        }
        let viewer = try ChildProcess(
            "/usr/bin/ffmpeg", ["-v", "error", "-i", "\(server.base)/c-main/mpegts", "-c", "copy", "-f", "null", "-"])
        return (server, viewer)
    }

    @Test("what a row says, sorting by each column, every filter; a row opens its stream")
    func rows() async throws {
        let port = FreePort.udp()
        let (server, viewer) = try await start(lowPort: port)
        defer { viewer.stop() }
        let sender = try MediaTools.send(to: "udp://127.0.0.1:\(port)?pkt_size=1316")
        try await Browser.use { browser in
            try await browser.look(width: 1280, scheme: "light")
            try await browser.open(server.base + "/")
            try await browser.holds(Self.row("b-low", "cells[3].innerText.startsWith('1 of 2')"))
            sender.stop()
            try await browser.holds(Self.row("c-main", "cells[5].innerText === '1'"))
            try await browser.holds(
                Self.row(
                    "c-main",
                    """
                    cells[0].innerText.includes('Main door') && row.querySelector('canvas.shown')
                      && cells[1].innerText.startsWith('running') && cells[2].innerText === 'solo'
                      && cells[3].innerText.startsWith('1 of 1') && /^[1-9][0-9.]* [kM]bit\\/s$/.test(cells[4].innerText)
                      && /^[0-9.]+ (s|min)$/.test(cells[6].innerText)
                    """))
            try await browser.holds(Self.row("b-low", "/^2 of 2\\s*fake:\\/\\/fake$/.test(cells[3].innerText)"))
            // What does not run says why.
            try await browser.holds(
                Self.row(
                    "a-gone",
                    "/^error\\s+no media yet: input 1: [a-z]/.test(cells[1].innerText) && cells[4].innerText === '–'"))

            try await sorts(browser)
            try await filters(browser)
            try await rowOpens(browser)
            // A picture may be asked for just when its stream changes the input.
            let errors = try await browser.errors().filter { !$0.contains("b-low/preview") }
            #expect(errors == [])
        }
    }

    private static func row(_ stream: String, _ condition: String) -> String {
        "\(rows).some((row) => { const { cells } = row; return cells[0].innerText.startsWith('\(stream)') && \(condition); })"
    }

    /// Waits until the rows are those whose names begin so, in this order. Nil: whichever.
    private func shows(_ begins: [String?], _ browser: Browser) async throws {
        let each = begins.map { $0.map { "'\($0)'" } ?? "''" }.joined(separator: ", ")
        try await browser.holds(
            "((begins) => \(Self.rows).length === begins.length && begins.every((begin, index) => \(Self.rows)[index].cells[0].innerText.startsWith(begin)))([\(each)])"
        )
    }

    private func sorts(_ browser: Browser) async throws {
        let up = "ascending"
        let down = "descending"
        let orders: [(column: Int, [(String, [String?])])] = [
            (0, [(down, ["c", "b", "a"]), (up, ["a", "b", "c"])]),
            (1, [(up, ["a", "b", "c"]), (down, ["b", "c", "a"])]),
            (2, [(up, ["a", "b", "c"]), (down, ["b", "c", "a"])]),
            (3, [(up, ["c", "b", "a"]), (down, ["a", "b", "c"])]),
            (4, [(down, [nil, nil, "a"]), (up, ["a", nil, nil])]),
            (5, [(down, ["c", "a", "b"]), (up, ["a", "b", "c"])]),
            (6, [(down, ["c", "a", "b"]), (up, ["a", "b", "c"])]),
        ]
        for (column, directions) in orders {
            for (direction, begins) in directions {
                try await browser.click("document.querySelectorAll('thead .sort')[\(column)]")
                try await browser.holds("document.querySelectorAll('thead th')[\(column)].ariaSort === '\(direction)'")
                try await shows(begins, browser)
            }
        }
        try await browser.click("document.querySelectorAll('thead .sort')[0]")
        try await shows(["a", "b", "c"], browser)
    }

    private func filters(_ browser: Browser) async throws {
        for (name, begins) in [
            ("Not running", ["a"]), ("On a lower input", ["b"]), ("On this server", ["b", "c"]),
            ("All", ["a", "b", "c"]),
        ] {
            let chip = "[...document.querySelectorAll('.chip')].find((chip) => chip.innerText.startsWith('\(name)'))"
            try await browser.holds("\(chip)?.querySelector('.count').innerText === '\(begins.count)'")
            try await browser.click(chip)
            try await shows(begins, browser)
            try await browser.holds("\(chip).ariaPressed === 'true'")
        }
        // Nothing is being fetched, so there is nothing to choose.
        #expect(
            try await browser.run(
                "return [...document.querySelectorAll('.chip')].find((chip) => chip.innerText.startsWith('Replicating'))?.hidden ?? true",
                as: Bool.self))
    }

    private struct Place: Decodable, Sendable {
        var x: Int
        var y: Int
    }

    /// With a real click beside the link; again where the row has moved meanwhile.
    private func rowOpens(_ browser: Browser) async throws {
        try await eventually("a click on the row opens the stream") {
            if try await browser.run("return location.hash === '#/streams/c-main'") { return true }
            let place: Place? = try await browser.run(
                """
                const box = \(Self.rows).find((row) => row.cells[0].innerText.startsWith("c-main"))?.cells[4].getBoundingClientRect();
                return box ? { x: Math.round(box.x + box.width / 2), y: Math.round(box.y + box.height / 2) } : null;
                """)
            if let place { try await browser.click(x: place.x, y: place.y) }
            return false
        }
        try await browser.shows(["c-main", "Main door", "All streams"])
        // Who watches: the reader, and the player of this page.
        let viewers = "[...document.querySelectorAll('[aria-label=\"Viewers\"] tbody tr')]"
        try await browser.holds(
            "\(viewers).some(({ cells }) => cells[0].innerText === '127.0.0.1' && cells[2].innerText.startsWith('Lavf') && /^[1-9].* [kM]B$/.test(cells[4].innerText))"
        )
        try await browser.holds("\(viewers).length >= 2")
        try await browser.show("#/streams/b-low")
        let inputs = "[...document.querySelectorAll('[aria-label=\"Inputs\"] tbody tr')].map((row) => row.cells)"
        try await browser.holds("\(inputs)[1]?.[1].innerText === 'playing' && /^[1-9]/.test(\(inputs)[1][3].innerText)")
        // The first one's state and trouble; what was lost, damaged and tried again is a number for each.
        try await browser.holds("\(inputs)[0][1].innerText !== 'playing' && \(inputs)[0][8].innerText.length > 3")
        try await browser.holds(
            "\(inputs).every((cells) => [4, 5, 6, 7].every((index) => /^[0-9]+$/.test(cells[index].innerText)))")
        let fact =
            "((name) => [...document.querySelectorAll('.facts > div')].find((part) => part.firstChild.innerText === name).lastChild.innerText)"
        try await browser.holds("/^[1-9]/.test(\(fact)('Switches of input'))")
        try await browser.holds("\(fact)('Input') === '2 of 2: fake://fake'")
        try await browser.shows(["H.264", "On others"])
    }

    @Test("with the keyboard alone: pages, search, list, stream, line of time, check of the configuration")
    func keyboard() async throws {
        let (server, viewer) = try await start()
        viewer.stop()
        try await Browser.use { browser in
            try await browser.look(width: 1280, scheme: "light")
            try await browser.open(server.base + "/#/events")
            try await browser.shows(["following"])
            // The way past the header stays on the page.
            try await browser.type([Key.tab])
            try await browser.holds("document.activeElement.className === 'skip'")
            try await browser.type([Key.enter])
            try await browser.holds("document.activeElement.id === 'content' && location.hash === '#/events'")

            for (key, title) in [
                ("2", "Cluster overview"), ("3", "Archive"), ("4", "Events"), ("5", "Configuration"), ("1", "Streams"),
            ] {
                try await browser.type([key])
                try await browser.holds("document.querySelector('h1')?.innerText === '\(title)'")
            }
            try await browser.type(["/"])
            try await browser.holds("document.activeElement.id === 'search'")
            try await browser.type("door".map(String.init))
            try await shows(["c-main"], browser)
            try await browser.type([Key.down])
            try await browser.holds("document.activeElement.innerText === 'c-main'")
            try await browser.type([Key.enter])
            try await browser.holds("location.hash === '#/streams/c-main'")
            try await lineOfTime(browser)
            try await browser.type(["1"])
            // The list is as it was left.
            try await shows(["c-main"], browser)
            try await browser.holds("document.getElementById('search').value === 'door'")

            try await browser.type(["5"])
            try await browser.holds("document.getElementById('config-text')?.value.includes('stream a-gone')")
            let _: Bool = try await browser.run("document.getElementById('config-text').focus(); return true;")
            try await browser.type([Key.enter, Key.enter])
            try await browser.type([Key.enter], holding: Key.control)
            try await browser.shows(["This text can be applied.", "Difference to the file"])
            let errors = try await browser.errors()
            #expect(errors == [])
        }
    }

    /// From days to seconds, a part selected, a moment played.
    private func lineOfTime(_ browser: Browser) async throws {
        let slider = "document.querySelector('[role=slider]')"
        let words = "\(slider).ariaValueText"
        try await browser.holds("document.querySelectorAll('.lane rect.recorded').length > 0")
        try await browser.press("7 d")
        try await browser.holds("\(words).endsWith('shown are 7.0 days')")
        try await browser.press("1 min")
        try await browser.holds("\(words).endsWith('shown are 60 s')")
        let _: Bool = try await browser.run("\(slider).focus(); return true;")
        try await browser.type(["+", "+", "+", "+"])
        try await browser.holds("\(words).endsWith('shown are 5 s')")
        try await browser.type(["-", "-"])
        try await browser.holds("\(words).endsWith('shown are 20 s')")
        // Each kind of time has a pattern of its own, whatever its colour.
        let patterns: [String] = try await browser.run(
            """
            return [...document.querySelectorAll(".legend svg > rect")].map((rect) => {
              const pattern = document.getElementById(/#([^)]+)/.exec(rect.getAttribute("fill"))[1]);
              return [...pattern.children].slice(1).map((mark) => mark.tagName + mark.getAttribute("d")).join();
            });
            """)
        #expect(patterns.count == 4 && Set(patterns).count == 4, "\(patterns)")

        try await browser.type([Key.left])
        try await browser.holds("document.querySelector('.lane .cursor') && \(words).includes('recorded here')")
        try await browser.type([Key.left, Key.left, Key.left], holding: Key.shift)
        try await browser.shows(["Export MP4", "Protect"], in: ".selection-part")
        try await browser.type([Key.enter])
        try await browser.holds(
            "document.querySelector('video.player').videoWidth > 0 && document.querySelector('.lane .playing')")
        try await browser.type([Key.escape])
        try await browser.holds("document.querySelector('.selection-part').hidden")
        let _: Bool = try await browser.run("document.getElementById('content').focus(); return true;")
    }
}

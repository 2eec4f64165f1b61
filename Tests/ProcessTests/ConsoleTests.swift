// The console in a real browser, on a group of three servers: every page, a server that dies and returns, the archive, the
// configuration; in light and dark, wide and narrow, without errors, without other hosts, without a broken rule of access.
import Foundation
import Testing

@Suite(.serialized)
struct ConsoleTests {
    private static let pages = [
        ("#/streams", ["clock", "running", "door", "Test picture"]),
        ("#/streams/clock", ["fake://fake", "playing", "H.264", "media started", "of media", "recorded here"]),
        ("#/streams/door", ["Should run on", "Moves between servers"]),
        ("#/cluster", ["one", "two", "three", "alive", "yes", "Who hears whom", "Where each stream runs"]),
        (
            "#/archive",
            [
                "stream records here", "free of", "Write time", "on average", "Dropped", "nothing", "Deleted",
                " left at ",
            ]
        ),
        ("#/events", ["media started", "the stream starts"]),
        ("#/config", ["In force", "Apply on all 3 servers"]),
    ]

    /// Three servers whose files differ in where their archives are.
    private func group() async throws -> WeirGroup {
        let group = try WeirGroup(
            """
            stream clock { input fake://fake; title "Test picture"; segment_duration 1; dvr ARCHIVE 1h; }
            stream door { input udp://127.0.0.1:\(FreePort.udp()) source_timeout=1; input fake://fake; cluster_ingest; }
            stream gate { input fake://fake; cluster_ingest capture_at=two; }

            """)
        let text = try String(contentsOf: group.configuration, encoding: .utf8)
        for name in WeirGroup.names {
            let archive = group.folder.appending(path: "archive-\(name)").path
            // On a machine with much else to do a server may be silent for long without being dead.
            let own = text.replacing("ARCHIVE", with: archive).replacing(
                "stale_timeout 800", with: "stale_timeout 5000")
            try Data(own.utf8).write(to: file(of: name, in: group))
        }
        for name in WeirGroup.names { try await group.start(name, configuration: file(of: name, in: group)) }
        _ = try await group.settled(["door", "gate"])
        return group
    }

    private func file(of name: String, in group: WeirGroup) -> URL { group.folder.appending(path: "\(name).conf") }

    @Test("a night with three servers")
    func night() async throws {
        let group = try await group()
        let rules = try await Accessibility.rules()
        try await Browser.use { browser in
            try await browser.look(width: 1280, scheme: "light")
            try await browser.open(group.url("one", "/"))
            // The page is never loaded anew: the mark stays.
            let _: Bool = try await browser.run("window.mark = 1; return true;")
            for scheme in ["light", "dark"] {
                for width in [1280, 360] {
                    try await everyPage(browser, width: width, scheme: scheme, rules: rules)
                }
            }
            try await browser.look(width: 1280, scheme: "dark")
            try await archivePlays(browser, group, rules: rules)
            try await configurationChanges(browser, file: file(of: "one", in: group))
            try await drainAndReturn(browser)
            let errors = try await browser.errors()
            #expect(errors == [])

            try await serverDiesAndReturns(browser, group)
            try await ownServerDies(browser, group, rules: rules)
            #expect(try await browser.run("return window.mark ?? 0", as: Int.self) == 1)
            // A server that is away is told by the browser as an error; the page itself makes none.
            let own = try await browser.errors().filter {
                !$0.contains("Failed to load resource") && !$0.contains("net::")
            }
            #expect(own == [])
            try await checkRequests(browser, home: group.url("one", "/"), streams: ["clock", "door", "gate"])
        }
    }

    private struct Look: Decodable, Sendable {
        var pageWidth: Int
        var windowWidth: Int
        var ground: String
        var trouble: String
    }

    private func everyPage(_ browser: Browser, width: Int, scheme: String, rules: String) async throws {
        try await browser.look(width: width, scheme: scheme)
        for (address, words) in Self.pages {
            try await browser.show(address)
            try await browser.shows(words)
            let look: Look = try await browser.run(
                """
                const trouble = document.getElementById("trouble");
                return { pageWidth: document.documentElement.scrollWidth, windowWidth: window.innerWidth,
                  ground: getComputedStyle(document.body).backgroundColor,
                  trouble: trouble.hidden ? "" : trouble.textContent };
                """)
            if address == "#/streams" { try await browser.holds("document.querySelector('canvas.shown')") }
            #expect(look.windowWidth == width)
            #expect(look.pageWidth <= width, "\(address) scrolls sideways")
            #expect(look.ground == (scheme == "light" ? "rgb(255, 255, 255)" : "rgb(16, 24, 30)"))
            #expect(look.trouble == "", "\(address)")
            try await browser.isAccessible(by: rules, "\(address), \(scheme), \(width) px")
        }
    }

    private func configurationChanges(_ browser: Browser, file: URL) async throws {
        let old = try String(contentsOf: file, encoding: .utf8)
        func type(_ change: String) async throws {
            let _: Bool = try await browser.run(
                """
                const text = document.getElementById("config-text");
                text.value = \(change);
                text.dispatchEvent(new Event("input"));
                return true;
                """)
        }
        try await browser.show("#/config")
        try await browser.holds("document.getElementById('config-text').value.includes('cluster_key ***;')")
        try await type("text.value + 'stream x { inptu fake://fake; }\\n'")
        try await browser.press("Check and see the difference")
        try await browser.shows([":\(old.split(separator: "\n").count + 1):12", "did you mean 'input'?"])
        try await type("text.value.replace('inptu', 'input')")
        try await browser.press("Check and see the difference")
        try await browser.shows(["This text can be applied.", "stream x is added", "+"])
        try await browser.press("Apply on one alone")
        try await browser.shows(["Written to the file and applied", "stream x added", "In force"])
        #expect(try String(contentsOf: file, encoding: .utf8) == old + "stream x { input fake://fake; }\n")
        try await browser.shows(["Earlier versions"])
        try await browser.press("Restore here")
        try await browser.shows(["is in force again", "stream x removed"])
        #expect(try String(contentsOf: file, encoding: .utf8) == old)
        let page: String = try await browser.run(
            "return document.documentElement.outerHTML + document.getElementById('config-text').value")
        #expect(!page.contains("abcd"), "the cluster key is in the page")
    }

    private func drainAndReturn(_ browser: Browser) async throws {
        try await browser.show("#/cluster")
        try await browser.press("Drain one: its streams go to other servers")
        try await browser.shows(["draining"])
        try await browser.shows(["this server is drained"], in: "#situation")
        try await browser.press("Return one to work")
        try await browser.holds(
            "![...document.querySelectorAll('.state')].some((state) => state.innerText === 'draining')")
    }

    private func serverDiesAndReturns(_ browser: Browser, _ group: WeirGroup) async throws {
        try await browser.show("#/cluster")
        await group.kill("two")
        try await browser.shows(["dead", "unknown"])
        // What is wrong, what was done about it and why, what is left to do: on the first screen, wide or narrow.
        try await browser.shows(
            ["two: dead, silent since", "To do: start it again", "gate moved from two to"], in: "#situation")
        for width in [360, 1280] {
            try await browser.look(width: width, scheme: "dark")
            try await browser.holds("document.getElementById('situation').getBoundingClientRect().bottom < innerHeight")
        }
        try await browser.show("#/events")
        try await browser.shows(["peer lost", "gate"])
        try await browser.show("#/cluster")
        try await browser.holds(
            "[...document.querySelectorAll('tr')].some((row) => row.cells[0]?.innerText === 'gate' && /^(one|three)$/.test(row.cells[2].innerText))"
        )
        try await group.start("two", configuration: file(of: "two", in: group))
        try await browser.holds(
            "[...document.querySelectorAll('tr')].some((row) => row.cells[0]?.innerText === 'two' && row.cells[1].innerText === 'alive')"
        )
        try await browser.holds("document.querySelectorAll('.matrix .yes').length === 6")
    }

    private func ownServerDies(_ browser: Browser, _ group: WeirGroup, rules: String) async throws {
        try await browser.show("#/streams")
        try await browser.shows(["3 of 3 streams"])
        await group.kill("one")
        try await browser.shows(["one has not answered since", "two", "three"], in: "#trouble")
        let others: [String] = try await browser.run(
            "return [...document.querySelectorAll('#trouble a')].map((link) => link.href)")
        #expect(others.sorted() == [group.url("two", "/#/streams"), group.url("three", "/#/streams")].sorted())
        // The page can still be used.
        let _: Bool = try await browser.run(
            "const search = document.getElementById('search'); search.value = 'gat'; search.dispatchEvent(new Event('input')); return true;"
        )
        try await browser.shows(["1 of 3 streams", "gate"])
        try await browser.isAccessible(by: rules, "while the server is away")
        try await group.start("one", configuration: file(of: "one", in: group))
        try await browser.holds("document.getElementById('trouble').hidden")
        try await browser.show("#/events")
        try await browser.shows(["following"])
        // What happens now is told without being asked for.
        let drained =
            "[...document.querySelectorAll('.events tbody tr')].filter(({ cells }) => cells[1].innerText === 'drained' && cells[3].innerText === 'one').length"
        let before: Int = try await browser.run("return \(drained)")
        #expect(await group.get("one", "/streamer/api/v3/cluster/drain", method: "POST")?.status == 202)
        try await browser.holds("\(drained) > \(before)")
    }
}

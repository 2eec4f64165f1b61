// The console of one server for all of the group: its events, its streams, drain and return, one file for all, a cut.
import Foundation
import Testing

@Suite(.serialized)
struct ConsoleGroupTests {
    private static let streams = """
        edit_auth admin s3cret;
        stream gate { input fake://fake; segment_duration 1; cluster_ingest capture_at=two; }
        stream door { input udp://127.0.0.1:9 source_timeout=1; input fake://fake; cluster_ingest capture_at=three; }
        stream local { input fake://fake; }

        """

    /// Each server with a copy of its own of the same file.
    private func file(of name: String, in group: WeirGroup) -> URL { group.folder.appending(path: "\(name).conf") }

    private func start(_ group: WeirGroup) async throws {
        try group.setTimeouts(fetch: 200, stale: 5000)
        let text = try Data(contentsOf: group.configuration)
        for name in WeirGroup.names {
            try text.write(to: file(of: name, in: group))
            try await group.start(name, configuration: file(of: name, in: group))
        }
    }

    private func signIn(_ browser: Browser) async throws {
        try await browser.press("Sign in")
        try await browser.holds("document.querySelector('form.sign-in')")
        let _: Bool = try await browser.run(
            """
            const form = document.querySelector("form.sign-in");
            form.elements.user.value = "admin";
            form.elements.password.value = "s3cret";
            form.requestSubmit();
            return true;
            """)
        try await browser.shows(["Sign out admin"], in: "header")
    }

    @Test("streams and events of other servers, drain and return of another server, one text for all servers")
    func throughOneServer() async throws {
        let group = try WeirGroup(Self.streams)
        try await start(group)
        try await eventually("both streams are at home") {
            try await group.settled(["gate", "door"]) == ["gate": "two", "door": "three"]
        }
        try await Browser.use { browser in
            try await browser.look(width: 1280, scheme: "light")
            try await browser.open(group.url("one", "/"))
            // Bitrate, input and picture of what others capture.
            try await browser.holds(Self.row("gate", "/bit\\/s$/.test(cells[4].innerText)"))
            try await browser.holds(Self.row("door", "cells[3].innerText.includes('2 of 2')"))
            try await browser.holds(Self.row("gate", "row.querySelector('canvas.shown')"))
            try await browser.shows(["1 on a lower input", "To do: repair the better source"], in: "#situation")
            try await browser.press("On this server 1")
            try await browser.shows(["1 of 3 streams", "local"])
            try await browser.press("All 3")
            try await browser.show("#/streams/door")
            try await browser.shows(["three captures this stream.", "2 of 2: fake://fake", "bit/s"])

            // Who may not edit is offered nothing.
            try await browser.show("#/cluster")
            try await browser.shows(["Draining and returning needs"])
            for name in WeirGroup.names { try await browser.holds(Self.server(name)) }
            #expect(try await drainButtons(browser) == 0)
            #expect(await group.get("one", "/streamer/api/v3/cluster/peers/two/drain", method: "POST")?.status == 401)
            try await signIn(browser)
            try await browser.show("#/cluster")
            try await eventually("there is a button for each server") { try await drainButtons(browser) == 3 }
            try await browser.press("Drain two: its streams go to other servers")
            try await browser.shows(["two is drained"], in: "#situation")
            try await browser.holds(Self.row("gate", "/^(one|three)$/.test(cells[2].innerText)"))
            try await browser.press("Return two to work")
            try await browser.holds(Self.row("gate", "cells[2].innerText === 'two'"))

            // What two and three did is told on one's page, and by whom.
            try await browser.show("#/events")
            for (event, stream, server) in [
                ("drained", "–", "two"), ("stream taken", "gate", "two"), ("input switched", "door", "three"),
            ] {
                try await browser.holds(
                    "[...document.querySelectorAll('.events tbody tr')].some(({ cells }) => cells[1].innerText === '\(event)' && cells[2].innerText === '\(stream)' && cells[3].innerText === '\(server)')"
                )
            }
            try await eventFilters(browser)
            try await applyOnAll(browser, group)
        }
    }

    /// Newest first; by server, by stream, by what is wrong.
    private func eventFilters(_ browser: Browser) async throws {
        let rows = "[...document.querySelectorAll('.events tbody tr')].map((row) => row.cells)"
        try await browser.holds(
            "((times) => times.length > 3 && times.every((time, index) => index === 0 || time <= times[index - 1]))(\(rows).map((cells) => cells[0].innerText))"
        )
        func choose(_ label: String, _ value: String) async throws {
            let _: Bool = try await browser.run(
                """
                const field = [...document.querySelectorAll(".tools label")].find((label) => label.innerText.startsWith("\(label)")).querySelector("input, select");
                field.value = "\(value)";
                field.dispatchEvent(new Event(field.tagName === "SELECT" ? "change" : "input"));
                return true;
                """)
        }
        let all = "\(rows).length > 0 && \(rows).every"
        try await choose("Server", "two")
        try await browser.holds("\(all)((cells) => cells[3].innerText === 'two' || cells[2].innerText === 'two')")
        try await choose("Server", "")
        try await choose("Stream", "door")
        try await browser.holds("\(all)((cells) => cells[2].innerText === 'door' && cells[4].innerText.length > 3)")
        try await choose("Search", "no such word")
        try await browser.shows(["Nothing that happened is like that."])
    }

    /// Whether all that the overview has on a server is there.
    private static func server(_ name: String) -> String {
        let other = name == "one" ? "–" : "[0-9.]+ (s|min) ago"
        let columns = [
            "[0-9]+ of 3", "[0-9]+", "[0-9]+ %", "[1-9][0-9]* MB", "[0-9.]+ [kM]bit/s", "[0-9.]+ [kM]bit/s",
            "[0-9.]+ (s|min)", "[0-9]+[.][0-9]+[.][0-9]+", other, name == "one" ? "–" : "[+-]?[0-9]+ ms",
            name == "one" ? "–" : "[0-9.]+ ms",
        ].map { "'\($0)'" }.joined(separator: ", ")
        return row(
            name,
            "cells[1].innerText === 'alive' && [\(columns)].every((text, index) => new RegExp(`^${text}$`).test(cells[index + 2].innerText))"
        )
    }

    /// Whether `condition` holds for the `row` and the `cells` of a stream in any table of the page.
    private static func row(_ stream: String, _ condition: String) -> String {
        "[...document.querySelectorAll('tbody tr')].some((row) => { const { cells } = row; return cells[0]?.innerText.startsWith('\(stream)') && cells.length > 4 && \(condition); })"
    }

    private func drainButtons(_ browser: Browser) async throws -> Int {
        try await browser.run("return document.querySelectorAll('button[aria-label^=\"Drain \"]').length")
    }

    private func applyOnAll(_ browser: Browser, _ group: WeirGroup) async throws {
        let old = try String(contentsOf: file(of: "three", in: group), encoding: .utf8)
        let added = "stream extra { input fake://fake; }\n"
        try await browser.show("#/config")
        try await browser.holds("document.getElementById('config-text').value.includes('cluster_key ***;')")
        let _: Bool = try await browser.run(
            """
            const text = document.getElementById("config-text");
            text.value += "stream extra { input fake://fake; }\\n";
            text.dispatchEvent(new Event("input"));
            return true;
            """)
        try await browser.press("Apply on all 3 servers")
        try await browser.shows(["Written to the file and applied", "stream extra added", "one: ", "two: ", "three: "])
        for name in WeirGroup.names {
            #expect(try String(contentsOf: file(of: name, in: group), encoding: .utf8) == old + added, "\(name)")
            let streams = await group.list("streams", of: name, "streams")
            #expect(streams.contains { $0["name"] as? String == "extra" }, "\(name)")
        }
        #expect(try await browser.errors() == [])

        // The server of the page ends without a word, and knows the change when it is back.
        await group.kill("one")
        try await browser.shows(["has not answered since"], in: "#trouble")
        try await group.start("one", configuration: file(of: "one", in: group))
        try await browser.holds("document.getElementById('trouble').hidden")
        try await browser.show("#/streams/extra")
        try await browser.shows(["running", "1 of 1: fake://fake"])
        try await browser.show("#/cluster")
        try await browser.holds("document.querySelectorAll('.matrix .yes').length === 6")
        try await browser.show("#/config")
        try await browser.holds("document.getElementById('config-text')?.value.includes('stream extra')")
        try await browser.press("Restore on all")
        try await browser.shows(["is in force again", "stream extra removed"])
        for name in WeirGroup.names {
            #expect(try String(contentsOf: file(of: name, in: group), encoding: .utf8) == old, "\(name)")
        }
    }

    @Test(
        "a cut in one direction stands out in the matrix",
        .enabled(if: TestNetwork.isPermitted, "needs network namespaces"))
    func oneWayCut() async throws {
        let network = try TestNetwork()
        let group = try WeirGroup("stream gate { input fake://fake; cluster_ingest; }", network: network)
        try group.setTimeouts(fetch: 200, stale: 3000)
        try await group.startAll()
        try await Browser.use { browser in
            try await browser.look(width: 1280, scheme: "light")
            try await browser.open(group.url("three", "/#/cluster"))
            try await browser.holds("document.querySelectorAll('.matrix .yes').length === 6")
            try network.cutRequests(from: "one", to: "two", port: group.ports["two"] ?? 0)
            try await browser.shows(["One-way cut: two hears one, but one does not hear two."])
            try await browser.holds("document.querySelectorAll('.matrix .one-way').length === 1")
            try await browser.holds("document.querySelectorAll('.matrix .no').length === 1")
            // The server that does not hear the other says who does.
            try await browser.open(group.url("one", "/#/cluster"))
            try await browser.shows(["heard by others only", "but peer three hears it"])
            try network.heal()
            try await browser.holds("document.querySelectorAll('.matrix .yes').length === 6")
            try await browser.holds("!document.querySelector('#content').innerText.includes('One-way cut')")
        }
    }
}

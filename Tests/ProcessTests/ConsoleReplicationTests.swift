// The console while archives make each other whole: what it says when a server is away, and when one comes back.
import Foundation
import Testing

@Suite(.serialized)
struct ConsoleReplicationTests {
    /// So slow that what is to be fetched lasts for a minute and more, until the test lets it go.
    private static let slow = "replication_speed=4K"

    private static func configuration(_ name: String, _ other: Int, _ root: String) -> String {
        let inputs = ["url fake://fake;", "url m4f://127.0.0.1:\(other)/example;"]
        return """
            cluster_key abcd;
            stream example {
              \((name == "main" ? inputs : inputs.reversed()).joined(separator: "\n  "))
              dvr \(root) 3d replicate sync=1;
              segment_duration 1;
            }
            """
    }

    @Test("modes with since and why, progress with rate and time to go, and who recorded what")
    func pair() async throws {
        let pair = try WeirPair(Self.configuration)
        let home = "http://127.0.0.1:\(pair.ports["replica"] ?? 0)"
        for name in WeirPair.names { try await pair.start(name) }
        try await Browser.use { browser in
            try await browser.look(width: 1280, scheme: "light")
            try await browser.open("\(home)/#/streams/example")
            let _: Bool = try await browser.run("window.mark = 1; return true;")
            try await browser.shows(["recorded here", "Normal mode", "in sync"])

            await pair.kill("main")
            try await browser.shows(["Emergency mode: the other server is away", "since 20", "unreachable"])
            try await pair.start("main")
            try await browser.shows(["Normal mode", "in sync"])

            await pair.kill("replica")
            let died = await pair.end(of: "example", on: "main")
            try await browser.shows(["has not answered since"], in: "#trouble")
            try await eventually("main records 10 s alone") {
                await pair.end(of: "example", on: "main") >= died + 10_000
            }
            try change(pair, "replicate ", to: "replicate \(Self.slow) ")
            try await pair.start("replica")
            try await browser.shows(["Recovery mode: missing parts are fetched", "catching up"])
            try await browser.shows(["1 replicating"], in: "#situation")
            // What is not fetched yet is missing, with its cause.
            try await browser.shows(["missing, the last: the server was down"])
            try await browser.holds("document.querySelectorAll('.lane rect.missing').length > 0")
            // With main: what is to be fetched, how fast, and how long that takes.
            let cells = "[...document.querySelectorAll('[aria-label=\"Replication\"] tbody tr')][0].children"
            try await browser.holds("/[0-9] (s|min), [0-9.]+ [kM]B/.test(\(cells)[2].innerText)")
            try await browser.holds("/^[1-9][0-9.]* k?B\\/s$/.test(\(cells)[3].innerText)")
            try await browser.holds("/[0-9] (s|min|h)/.test(\(cells)[4].innerText)")
            // And how far its clock is from ours.
            try await browser.holds("/^[+-]?[0-9]+ ms$/.test(\(cells)[8].innerText)")
            try await browser.holds("document.querySelector('progress').value < 100")
            try await browser.show("#/archive")
            try await browser.shows(["B wait to be fetched", "B to fetch", "recovery"])
            try await browser.show("#/streams?show=replicating")
            try await browser.shows(["1 of 1 stream", "↻"])

            try change(pair, Self.slow, to: "")
            let answer = try await WebClient.ask("\(home)/streamer/api/v3/config/reload", method: "POST")
            #expect(answer.status == 200, "\(answer.text)")
            try await browser.show("#/streams/example")
            try await browser.shows(["Normal mode", "in sync", "nothing"])
            try await browser.holds("document.querySelectorAll('.lane rect.fetched').length > 0")
            try await browser.press("The archive as a table")
            try await browser.shows([
                "fetched from main", "recorded here", "replication started", "replication finished",
            ])
            try await browser.show("#/archive")
            try await browser.shows(["nothing waits to be fetched", "complete"])
            #expect(try await browser.run("return window.mark ?? 0", as: Int.self) == 1)
        }
    }

    /// Changes a word in the replica's file.
    private func change(_ pair: WeirPair, _ word: String, to other: String) throws {
        let file = pair.folder.appending(path: "replica/weir.conf")
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(text.contains(word))
        try Data(text.replacing(word, with: other).utf8).write(to: file)
    }
}

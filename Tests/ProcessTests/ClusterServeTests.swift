// Whoever asks any server of a group for any stream finds it: by a redirect, or relayed.
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@Suite(.serialized)
struct ClusterServeTests {
    /// Does not follow redirects; lives as long as the tests.
    private static let client = HTTPClient(
        eventLoopGroupProvider: .singleton, configuration: .init(redirectConfiguration: .disallow))

    private struct Answer {
        var status: Int
        var headers: HTTPHeaders
        var text: String
        var location: String? { headers.first(name: "location") }
    }

    private static func get(_ url: String, headers: HTTPHeaders = [:]) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.headers = headers
        let response = try await client.execute(request, timeout: .seconds(20))
        let body = try await response.body.collect(upTo: 16 << 20)
        return Answer(
            status: Int(response.status.code), headers: response.headers,
            text: String(decoding: body.readableBytesView, as: UTF8.self))
    }

    private func ask(_ group: WeirGroup, _ name: String, _ path: String) async throws -> Answer {
        try await Self.get(group.url(name, path))
    }

    private func metric(_ group: WeirGroup, _ name: String, _ line: String) async throws -> Double? {
        let text = try await ask(group, name, "/metrics").text
        let found = text.split(separator: "\n").first { $0.hasPrefix(line + " ") }
        return found.flatMap { Double($0.dropFirst(line.count + 1)) }
    }

    private func group(_ directives: String, streams count: Int, more: String = "") async throws -> WeirGroup {
        let media = try await MediaTools.film()
        let streams = (1...count).map {
            "stream cam0\($0) { input file://media/\(media.lastPathComponent); segment_duration 1; cluster_ingest; }"
        }
        let group = try WeirGroup(
            "file media { storage \(media.deletingLastPathComponent().path); }\n" + streams.joined(separator: "\n")
                + more,
            group: directives)
        try group.setTimeouts(fetch: 1000, stale: 3000)
        return group
    }

    @Test("a stream that one server alone has is found from any other, in every form, and unknown ones are said to be")
    func streamsOfOneServer() async throws {
        let group = try await group("failback immediate;", streams: 1)
        let own = group.folder.appending(path: "own.conf")
        let text = try String(contentsOf: group.configuration, encoding: .utf8)
        try Data((text + "\nstream lobby/door { input fake://fake; segment_duration 1; }").utf8).write(to: own)
        try await group.start("one", configuration: own)
        try await group.start("two")
        try await group.start("three")
        let forms = [
            "index.m3u8", "video.m3u8", "mono.m3u8", "index.m3u8?utc=1700000000&lutc=1700000100", "mpegts", "live.mp4",
            "track-1.m3u8", "ts.m3u8", "media_info.json", "recording_status.json", "embed.html?dvr=true",
            "archive-1700000000-60.m3u8", "archive-1700000000-now.m3u8", "index-1700000000-60.m3u8",
            "timeshift_abs-1700000000.m3u8", "timeshift_rel-60.m3u8", "rewind-60.m3u8", "segment-90000-1.m4s",
            "segment-90000.ts", "init-abc-1.mp4", "archive-1700000000-60.mp4", "archive-1700000000-60.ts",
            "archive-1700000000-now.ts", "timeshift_abs-1700000000.ts", "timeshift_rel-60.ts", "preview.mp4",
        ]
        for asked in ["two", "three"] {
            try await eventually("\(asked) knows where the stream is") {
                try await self.ask(group, asked, "/lobby/door/index.m3u8").status == 302
            }
            for form in forms {
                let sign = form.contains("?") ? "&" : "?"
                let path = "/lobby/door/\(form)\(sign)token=a%2Fb"
                let answer = try await ask(group, asked, path)
                #expect(answer.status == 302, "\(form)")
                #expect(answer.location == group.url("one", "\(path)&redirects=1"), "\(form)")
                #expect(answer.headers.first(name: "cache-control") == "no-store")
            }
            let nowhere = try await ask(group, asked, "/nowhere/index.m3u8")
            #expect(nowhere.status == 404 && nowhere.text.contains("no stream 'nowhere'"), "\(nowhere.text)")
        }
        try await eventually("the stream has a playlist where it runs") {
            try await self.ask(group, "one", "/lobby/door/index.m3u8").status == 200
        }
        let complaints = try await MediaTools.complaints(
            playing: group.url("two", "/lobby/door/index.m3u8"), seconds: 2)
        #expect(complaints == "")

        // The server is gone: known, but at this moment nobody has it.
        await group.kill("one")
        let answer = try await ask(group, "two", "/lobby/door/index.m3u8")
        if answer.status == 302 {
            // Not noticed yet.
            try await eventually("two notices") {
                try await self.ask(group, "two", "/lobby/door/index.m3u8").status == 503
            }
        }
        let gone = try await ask(group, "two", "/lobby/door/index.m3u8")
        #expect(gone.status == 503 && gone.headers.first(name: "retry-after") == "1", "\(gone.text)")
        #expect(gone.text.contains("one"), "says who has it: \(gone.text)")
    }

    @Test("cluster_serve proxy: any server answers itself, with one fetch per segment however many viewers")
    func relayed() async throws {
        let group = try await group("failback immediate; cluster_serve proxy;", streams: 3)
        // Each server records what it captures, in a directory of its own.
        let text = try String(contentsOf: group.configuration, encoding: .utf8)
        for name in WeirGroup.names {
            let own = group.folder.appending(path: "\(name).conf")
            let root = group.folder.appending(path: "dvr-\(name)")
            try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
            try Data(
                text.replacingOccurrences(of: "segment_duration 1;", with: "segment_duration 1; dvr \(root.path) 1h;")
                    .utf8
            )
            .write(to: own)
            try await group.start(name, configuration: own)
        }
        let began = Int(Date().timeIntervalSince1970)
        let places = try await group.settled(["cam01", "cam02", "cam03"])
        let place = try #require(places["cam01"])
        let asked = try #require(WeirGroup.names.first { $0 != place })
        try await eventually("the owner has segments") {
            let list = try await self.ask(group, asked, "/cam01/track-all.m3u8")
            return list.status == 200 && list.text.contains("segment-")
        }
        let list = try await ask(group, asked, "/cam01/track-all.m3u8").text
        let segment = try #require(list.split(separator: "\n").last { $0.hasPrefix("segment-") })
        let before = try #require(try await metric(group, asked, "weir_relay_fetches_total"))
        try await withThrowingTaskGroup(of: Int.self) { viewers in
            for number in 0..<40 {
                let url = group.url(asked, "/cam01/\(segment)?token=\(number)")
                viewers.addTask { try await Self.get(url).status }
            }
            for try await status in viewers { #expect(status == 200) }
        }
        #expect(try await metric(group, asked, "weir_relay_fetches_total") == before + 1)
        let direct = try await ask(group, place, "/cam01/\(segment)")
        #expect(try await ask(group, asked, "/cam01/\(segment)").text == direct.text)
        #expect(try await metric(group, place, "weir_relay_fetches_total") == 0)
        for form in ["index.m3u8", "mpegts"] {
            let complaints = try await MediaTools.complaints(playing: group.url(asked, "/cam01/\(form)"), seconds: 2)
            #expect(complaints == "", "\(form)")
        }
        #expect(try await ask(group, asked, "/nowhere/index.m3u8").status == 404)

        // What this server has not recorded, the owner has.
        let range = "/cam01/archive-\(began)-now.m3u8"
        try await eventually("the owner has recorded something") {
            try await self.ask(group, place, range).text.contains("segment-")
        }
        let archive = try await ask(group, asked, range)
        for form in ["timeshift_abs-\(began).ts", "archive-\(began)-60.mp4"] {
            let complaints = try await MediaTools.complaints(playing: group.url(asked, "/cam01/\(form)"), seconds: 2)
            #expect(complaints == "", "\(form)")
        }
        let recorded = try #require(archive.text.split(separator: "\n").first { $0.hasPrefix("segment-") })
        #expect(archive.status == 200)
        #expect(try await ask(group, asked, "/cam01/\(recorded)").status == 200)
        // A file is handed over as the owner has it, also in parts.
        let start = try #require(Int64(recorded.split(separator: "-")[1])) / 90_000
        try await eventually("the file's range is recorded") {
            try await self.ask(group, place, "/cam01/archive-\(start + 5)-now.m3u8").text.contains("segment-")
        }
        let file = "/cam01/archive-\(start)-3.mp4"
        let whole = try await Self.get(group.url(place, file))
        #expect(whole.status == 200)
        #expect(try await Self.get(group.url(asked, file)).text == whole.text)
        let part = try await Self.get(group.url(asked, file), headers: ["Range": "bytes=4-7"])
        #expect(part.status == 206 && part.text == "ftyp", "\(part)")
        let status = try await ask(group, asked, "/cam01/recording_status.json").text
        #expect(status.contains("\"from\""), "it has recorded nothing itself: \(status)")
    }

    @Test("players of HLS and MPEG-TS go on through one server while the one that captures is killed")
    func playersGoOn() async throws {
        let group = try await group("failback immediate; cluster_serve proxy;", streams: 6)
        try await group.startAll()
        let names = (1...6).map { "cam0\($0)" }
        let places = try await group.settled(names)
        let moving = names.filter { places[$0] == "two" }
        try #require(!moving.isEmpty)
        for stream in moving {
            try await eventually("\(stream) can be played through one") {
                let list = try await self.ask(group, "one", "/\(stream)/track-all.m3u8")
                return list.status == 200 && list.text.components(separatedBy: "#EXTINF").count > 2
            }
        }
        // More than what was there before the move: by the clock, the gap of the move would count as played.
        let wanted = 280
        let players = try moving.flatMap { stream in
            try ["index.m3u8", "mpegts"].map { form in
                try ChildProcess(
                    "/usr/bin/ffmpeg",
                    [
                        "-v", "error", "-stats_period", "0.2", "-progress", "-", "-i",
                        group.url("one", "/\(stream)/\(form)"), "-frames:v", "\(wanted)", "-f", "null", "-",
                    ])
            }
        }
        func frames(_ player: ChildProcess) -> Int {
            let line = player.output.split(separator: "\n").last { $0.hasPrefix("frame=") }
            return line.flatMap { Int($0.dropFirst(6).trimmingCharacters(in: .whitespaces)) } ?? 0
        }
        try await eventually("all players play") {
            for player in players where !player.isRunning { throw TestFailure("a player ended:\n\(player.output)") }
            return players.allSatisfy { frames($0) > 50 }
        }
        await group.kill("two")
        for player in players {
            #expect(await player.exitStatus() == 0, "\(player.output)")
            #expect(frames(player) == wanted, "\(player.output)")
        }
        let after = try await group.settled(names, on: ["one", "three"])
        #expect(moving.allSatisfy { after[$0] != "two" })
    }
}

// A range of an archive as one file: through HTTP and by the tool, read by ffmpeg, in parts and as a whole.
import Foundation
import FoundationNetworking
import Testing

@Suite(.serialized)
struct ArchiveExportTests {
    private let root = FileManager.default.temporaryDirectory.appending(path: "weir-archive-\(UUID().uuidString)")

    private func configuration(_ source: Int) -> String {
        """
        stream cam {
            input udp://127.0.0.1:\(source) source_timeout=1;
            segment_duration 1;
            segment_count 3;
            dvr \(root.path) 1h;
        }
        """
    }

    private func ask(
        _ url: String, method: String = "GET", range: String? = nil
    ) async throws -> (status: Int, headers: [String: String], body: Data) {
        var request = URLRequest(url: try #require(URL(string: url)), timeoutInterval: 30)
        request.httpMethod = method
        if let range { request.setValue("bytes=\(range)", forHTTPHeaderField: "Range") }
        let (data, response) = try await URLSession.shared.data(for: request)
        let http = try #require(response as? HTTPURLResponse)
        let headers = http.allHeaderFields.reduce(into: [String: String]()) {
            $0["\($1.key)".lowercased()] = "\($1.value)"
        }
        return (http.statusCode, headers, data)
    }

    private func facts(_ server: WeirProcess) async throws -> [String: Any] {
        try await server.json("/streamer/api/v3/streams/cam/dvr/ranges")
    }

    private func duration(of url: String) async throws -> Double {
        let child = try ChildProcess(
            "/usr/bin/ffprobe", ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", url])
        _ = await child.exitStatus()
        return try #require(Double(child.output.trimmingCharacters(in: .whitespacesAndNewlines)), "\(child.output)")
    }

    /// Records what a sender sends, until the gap behind it is on record.
    private func record(_ server: WeirProcess, _ start: () throws -> ChildProcess) async throws {
        let before = try await facts(server)["duration"] as? Double ?? 0
        let sender = try start()
        try await eventually("it is recorded") {
            (try await facts(server)["duration"] as? Double ?? 0) >= before + 4
        }
        sender.stop()
        _ = await sender.exitStatus()
        try await eventually("the stream pauses") {
            let now = try await facts(server)
            let end = (now["ranges"] as? [[String: Any]])?.last?["closed_at"] as? Int
            let gap = (now["gaps"] as? [[String: Any]])?.last?["opened_at"] as? Int
            return end != nil && end == gap
        }
    }

    @Test("a range over a gap leaves as one MP4 and one TS file, of known length, in any part, also by the tool")
    func files() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let source = FreePort.udp()
        let server = try await WeirProcess(configuration(source))
        let target = "udp://127.0.0.1:\(source)?pkt_size=1316"
        for _ in 1...2 { try await record(server) { try MediaTools.send(to: target) } }
        let recorded = try await facts(server)
        let from = try #require(recorded["from"] as? Int)
        let seconds = try #require(recorded["duration"] as? Double)
        let depth = Int(try #require(recorded["depth"] as? Double))
        var frames: [Int] = []
        for form in ["mp4", "ts"] {
            let url = "\(server.base)/cam/archive-\(from)-600.\(form)"
            let whole = try await ask(url)
            #expect(whole.status == 200 && whole.headers["accept-ranges"] == "bytes")
            let head = try await ask(url, method: "HEAD")
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(head.headers["content-length"] == "\(whole.body.count)")
            let count = whole.body.count
            for start in [0, 1, 187, count / 3, count / 2 + 7, count - 5000, count - 1] {
                let end = min(count - 1, start + 70_000)
                let part = try await ask(url, range: "\(start)-\(end)")
                #expect(part.status == 206 && part.body == whole.body[start...end], "\(form) \(start)-\(end)")
                #expect(part.headers["content-range"] == "bytes \(start)-\(end)/\(count)")
            }
            #expect(try await ask(url, range: "\(count)-").status == 416)
            try await MediaTools.expectPlays(url, seconds: 600)
            // A transport stream has no index: ffmpeg may begin within a group of pictures, as it does with its own files.
            if form == "mp4" { try await MediaTools.expectPlays(url, seconds: 600, options: ["-ss", "5"]) }
            #expect(try await MediaTools.codecs(of: url) == ["aac", "h264"])
            // The gap is left out.
            #expect(abs(try await duration(of: url) - seconds) < 0.5, "\(form) of \(seconds) s")
            frames.append(try await MediaTools.frameCount(of: url))
            if form == "mp4" { try expectHeaderFirst(whole.body) }

            let file = root.appending(path: "export.\(form)").path
            // The tool reads the index on the disk, which has the newest segments only after the next sync.
            try await eventually("the tool's file is the server's") {
                let tool = try ChildProcess(
                    WeirProcess.program,
                    ["archive", "export", root.path, "cam", "\(from)", "\(from + 600)", file, "--json"])
                defer { try? FileManager.default.removeItem(atPath: file) }
                return await tool.exitStatus() == 0 && FileManager.default.contents(atPath: file) == whole.body
            }
        }
        #expect(frames[0] == frames[1] && Double(frames[0]) > seconds * 24)
        #expect(try await ask("\(server.base)/cam/archive-1000-5.mp4").status == 404)
        #expect(try await ask("\(server.base)/cam/archive-1000-100000.mp4").status == 400)
        // Players of other houses, over the gap.
        let home = try PlayerTests.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: home) }
        var watching: [(form: String, taken: String, vlc: ChildProcess)] = []
        for form in ["m3u8", "m3u8?container=ts", "mp4", "ts"].map({ "archive-\(from)-\(depth).\($0)" }) {
            let url = "\(server.base)/cam/\(form)"
            let gstreamer = try ChildProcess(
                "/usr/bin/gst-launch-1.0",
                ["-q", "uridecodebin3", "uri=\(url)", "!", "videoconvert", "!", "fakesink", "num-buffers=150"])
            #expect(await gstreamer.exitStatus() == 0 && !gstreamer.output.contains("ERROR"), "\(gstreamer.output)")
            let taken = home.appending(path: form.replacing("/", with: "") + ".taken.ts").path
            let vlc = try VLC.start(["-q", "--sout", "#std{access=file,mux=ts,dst=\(taken)}", url], home: home)
            watching.append((form, taken, vlc))
        }
        for (form, taken, vlc) in watching {
            #expect(await vlc.exitStatus() == 0, "\(vlc.output)")
            #expect(try await MediaTools.codecs(of: taken) == ["aac", "h264"], "\(form)")
            // VLC leaves out what comes late for its clock, which on a loaded machine is much.
            #expect(try await MediaTools.frameCount(of: taken) > 50, "\(form): \(vlc.output)")
        }
        // Endless, from the past on.
        for form in ["timeshift_abs-\(from).ts", "archive-\(from)-now.ts"] {
            let url = "\(server.base)/cam/\(form)"
            try await MediaTools.expectPlays(url, seconds: 4)
        }
        // Another size of the picture, other parameters and another sound.
        try await record(server) {
            try MediaTools.send(
                to: target,
                video: ["-vf", "scale=640:360", "-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-bf", "2"],
                audio: ["-c:a", "aac", "-ac", "1", "-ar", "44100"])
        }
        // It ends in the past: a list that can still grow keeps players waiting.
        let end = Int(try #require(try await facts(server)["depth"] as? Double))
        try await PlaylistPictures.expectPlayedOverChange(
            "archive-\(from)-\(end).m3u8", at: "\(server.base)/cam", home: home)
    }

    /// `ftyp`, `moov`, `mdat`, and nothing else.
    private func expectHeaderFirst(_ file: Data) throws {
        func box(_ offset: Int) -> (type: String, length: Int) {
            let size = file[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            let type = String(decoding: file[offset + 4..<offset + 8], as: UTF8.self)
            return (type, size == 1 ? file[offset + 8..<offset + 16].reduce(0) { $0 << 8 | Int($1) } : size)
        }
        var types: [String] = []
        var offset = 0
        while offset + 16 <= file.count {
            let found = box(offset)
            types.append(found.type)
            offset += max(8, found.length)
        }
        #expect(types == ["ftyp", "moov", "mdat"] && offset == file.count)
    }
}

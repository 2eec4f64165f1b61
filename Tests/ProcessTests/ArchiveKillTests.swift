// `kill -9` at random instants: what was recorded is there, frame by frame, and the index is that of the files.
import CMAF
import Foundation
import Media
import NIOCore
import TestSupport
import Testing

/// Many short lives of a server on one archive, each ended without a warning.
@Suite(.serialized)
struct ArchiveKillTests {
    /// `make soak` asks for a hundred.
    private static let lives = ProcessInfo.processInfo.environment["WEIR_KILLS"].flatMap { Int($0) } ?? 10

    private let root = FileManager.default.temporaryDirectory.appending(path: "weir-archive-\(UUID().uuidString)")

    private let streams = ["strip", "bunny"]

    private var configuration: String {
        let media = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "media").path
        return """
            file media { path \(media); }
            stream strip { input fake://fake; segment_duration 1; dvr \(root.path) 1d; }
            stream bunny { input file://media/bunny.mp4; segment_duration 1; dvr \(root.path) 1d; }
            """
    }

    /// Where the media end that a viewer has got, from the heads of the whole fragments of a live answer.
    private func end(of answer: [UInt8]) throws -> MediaTime? {
        guard let body = answer.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let found = ChunkParser.scan(ByteBuffer(bytes: answer[body.upperBound...]))
        return found.parts.filter { $0.track == TrackID(1) }.map { $0.start + $0.duration }.max()
    }

    private func tool(_ words: String...) async throws -> (status: Int32, output: String) {
        let child = try ChildProcess(WeirProcess.program, ["archive"] + words)
        return (await child.exitStatus(), child.output)
    }

    private func runs(_ stream: String) -> [URL] {
        let all = FileManager.default.enumerator(at: root.appending(path: stream), includingPropertiesForKeys: nil)
        return (all?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "mp4" }.sorted { $0.path < $1.path }
    }

    /// What a write leaves that the system tore: the begin of one more chunk behind the last.
    private func tear(_ stream: String, _ random: inout some RandomNumberGenerator) throws {
        guard let last = runs(stream).last else { return }
        let bytes = try Data(contentsOf: last)
        guard let moof = bytes.range(of: Data("moof".utf8))?.lowerBound, moof + 400 < bytes.count else { return }
        let file = try FileHandle(forWritingTo: last)
        try file.seekToEnd()
        try file.write(contentsOf: bytes[(moof - 4)..<(moof - 4 + Int.random(in: 1..<400, using: &random))])
        try file.close()
    }

    @Test("killed at random instants, with torn writes and lost indexes, nothing older than a chunk is lost")
    func killedAgainAndAgain() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        var random = SystemRandomNumberGenerator()
        var seen: [String: [MediaTime]] = [:]
        for life in 0..<Self.lives {
            let before = streams.map { runs($0).count }
            let server = try await WeirProcess(configuration)
            for stream in streams { try await server.waitForMedia(of: stream) }
            // What is shown before the store is open is in no archive.
            try await eventually("life \(life) is recorded") {
                streams.map { runs($0).count }.elementsEqual(before, by: >)
            }
            let viewers = try streams.map { stream in
                let viewer = try RawClient(port: server.port)
                viewer.send("GET /\(stream)/live.mp4 HTTP/1.0\r\n\r\n")
                return viewer
            }
            async let answers = (viewers[0].bytes(), viewers[1].bytes())
            // house rule: the instant of the kill is what is random.
            try await ContinuousClock().sleep(for: .milliseconds(Int.random(in: 0..<1500, using: &random)))
            server.child.signal(SIGKILL)
            #expect(await server.child.exitStatus() != 0)
            let got = await [answers.0, answers.1]
            for (stream, answer) in zip(streams, got) {
                if let end = try end(of: answer) { seen[stream, default: []].append(end) }
            }
            if life % 3 == 1 { for stream in streams { try tear(stream, &random) } }
            if life % 3 == 2 {
                for suffix in ["", "-wal", "-shm"] {
                    try? FileManager.default.removeItem(at: root.appending(path: "index.sqlite\(suffix)"))
                }
            }
        }
        for stream in streams { #expect(seen[stream, default: []].count >= Self.lives / 2) }
        // The last start takes up what the last kill left.
        let server = try await WeirProcess(configuration)
        for stream in streams {
            try await eventually("the archive is open") {
                try await server.get("/streamer/api/v3/streams/\(stream)/dvr/ranges")?.status == 200
            }
        }
        server.child.stop()
        #expect(await server.child.exitStatus() == 0)

        let verified = try await tool("verify", root.path)
        #expect(verified.status == 0, "\(verified.output)")
        for stream in streams { try await expectNothingLost(seen[stream] ?? [], of: stream) }
        try await expectStripIsWhole()
        for run in runs("bunny") {
            try await MediaTools.expectPlays(run.path, seconds: 600)
        }
        // The index equals the files: sums, ranges, gaps, and the digests of all segments.
        let before = try await facts()
        #expect(try await tool("rebuild", root.path, "--json").status == 0)
        #expect(try await facts() == before)
    }

    private func facts() async throws -> [String] {
        var facts = [try await tool("list", root.path, "--json").output]
        for stream in streams {
            facts.append(try await tool("ranges", root.path, stream, "--json").output)
            facts.append(try await tool("digest", root.path, stream, "0", "253402300799", "--json").output)
        }
        return facts
    }

    /// What a viewer saw is recorded, but for one chunk.
    private func expectNothingLost(_ seen: [MediaTime], of stream: String) async throws {
        struct Row: Decodable {
            var openedAt: Int64
            var closedAt: Int64
            var state: String
            enum CodingKeys: String, CodingKey {
                case state
                case openedAt = "opened_at"
                case closedAt = "closed_at"
            }
        }
        let text = try await tool("ranges", root.path, stream, "--json").output
        let rows = try JSONDecoder().decode([Row].self, from: Data(text.utf8))
        for end in seen {
            let chunk: Int64 = 200
            let newest = end.unixMilliseconds - chunk
            // A life may have begun within its last chunk.
            let isRecorded = rows.contains {
                $0.state == "recorded" && $0.openedAt <= end.unixMilliseconds && newest <= $0.closedAt
            }
            #expect(isRecorded, "\(newest) ms of \(stream) was seen and is not recorded")
        }
        for (a, b) in zip(rows, rows.dropFirst()) {
            #expect(a.closedAt == b.openedAt, "a hole of \(stream) without a cause: \(rows)")
        }
    }

    /// Within a run no picture is missing or repeated, and no run shows what another one has.
    private func expectStripIsWhole() async throws {
        var last: Int64?
        let height = FrameStrip.width / FrameStrip.cellCount
        for run in runs("strip") {
            let pictures = root.appending(path: "pictures.gray")
            let decoder = try ChildProcess(
                "/usr/bin/ffmpeg",
                [
                    "-v", "error", "-y", "-i", run.path, "-vf", "crop=\(FrameStrip.width):\(height):0:0", "-fps_mode",
                    "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", pictures.path,
                ])
            #expect(await decoder.exitStatus() == 0 && decoder.output == "", "\(run.path): \(decoder.output)")
            let bytes = try Data(contentsOf: pictures)
            let size = FrameStrip.width * height
            var tally = StripTally()
            for start in stride(from: 0, to: bytes.count, by: size) {
                tally.saw(FrameStrip.number(in: bytes[start..<start + size], width: FrameStrip.width))
            }
            #expect(tally.isPerfect, "\(run.path): \(tally)")
            if let last, let first = tally.first { #expect(first > last, "\(run.path) shows again what was recorded") }
            last = tally.last ?? last
            try FileManager.default.removeItem(at: pictures)
        }
    }
}

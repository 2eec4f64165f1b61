// Two servers captured the same time with different cuts: players get each instant once, out of one archive.
import Archive
import ArchiveStorage
import Foundation
import MPEGTS
import Media
import NIOCore
import NIOHTTP1
import Testing

@testable import Playback

@Suite(.timeLimit(.minutes(10))) struct OverlappingArchiveTests {
    /// The first five seconds as this server cut them, and behind that what another one captured from the third on, cut 600 ms later.
    private func recorded() async throws -> Recorded {
        let recorded = try Recorded()
        try await recorded.record(segments: 0..<5)
        recorded.recorder.pause()
        let other = try ArchiveStore(
            root: recorded.root + "-other", settings: .init(origin: "b"), report: { _ in })
        defer {
            other.close()
            try? FileManager.default.removeItem(atPath: recorded.root + "-other")
        }
        let recorder = try other.recorder(for: "cam", keeping: RetentionPolicy())
        for chunk in TestMedia.make(["-ac", "1"], start: TestMedia.noon + .milliseconds(600))
        where chunk.segmentStart >= TestMedia.noon + .seconds(3) { recorder.append(chunk) }
        recorder.pause()
        try await other.sync()
        for segment in try other.reader.segments(of: "cam", startingIn: .always) {
            let tracks = try FetchedTracks(
                try other.initialization(of: segment.run), fingerprint: segment.run.tracksFingerprint)
            let fetched = try FetchedSegment(
                OfferedSegment(segment), tracks: tracks, bytes: try other.bytes(of: segment))
            _ = try await recorded.archive.keep(fetched, of: "cam")
        }
        try await recorded.archive.finishFetching("cam")
        try await recorded.archive.sync()
        return recorded
    }

    private func ticks(_ milliseconds: Int64) -> Int64 { (TestMedia.noon + .milliseconds(milliseconds)).ticks }

    private func bytes(_ answer: ArchiveAnswer) throws -> ByteBuffer {
        switch answer {
        case .made(let made):
            #expect(made.status == .ok)
            return ByteBuffer(bytes: Recorded.whole(made).flatMap { $0 })
        case .body(_, let body, let range):
            var whole = ByteBuffer()
            while whole.readableBytes < range.count {
                whole.writeImmutableBuffer(try body.bytes(at: Int64(whole.readableBytes), before: range.upperBound))
            }
            return whole
        default: throw ArchiveError(.closed, "no bytes")
        }
    }

    @Test func theListGoesOverWithACutAndPassesOverNothing() async throws {
        let recorded = try await recorded()
        let list = try await recorded.text("archive-\(Recorded.from)-60.m3u8")
        let names = list.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
        var expected: [String] = []
        for second in Int64(0)..<4 { expected.append("segment-\(ticks(second * 1000))-all.m4s") }
        expected.append("cut-\(ticks(4000))-\(ticks(4600)).m4s")
        expected.append("segment-\(ticks(4600))-all.m4s")
        #expect(Array(names.prefix(6)) == expected)
        #expect(names.count == 10 || names.count == 11, "\(list)")
        #expect(list.contains("#EXTINF:0.600"), "\(list)")
        #expect(lines(list, "#EXT-X-DISCONTINUITY").filter { !$0.contains("SEQUENCE") }.count == 1)
        let boxes = try await recorded.text("archive-\(Recorded.from)-60.m3u8?container=ts")
        #expect(boxes.contains("cut-\(ticks(4000))-\(ticks(4600)).ts"))
    }

    @Test func aCutSegmentIsTheBeginningOfTheWholeOne() async throws {
        let recorded = try await recorded()
        let whole = try bytes(try await recorded.ask("segment-\(ticks(4000))-all.m4s"))
        let cut = try bytes(try await recorded.ask("cut-\(ticks(4000))-\(ticks(4600)).m4s"))
        #expect(cut.readableBytes < whole.readableBytes && whole.readableBytesView.starts(with: cut.readableBytesView))
        // 600 ms are three chunks of five pictures; the last may be without its sound.
        #expect(try pictures(in: try bytes(try await recorded.ask("cut-\(ticks(4000))-\(ticks(4600)).ts"))) == 15)
        for name in ["cut-\(ticks(4000))-\(ticks(5000)).m4s", "cut-\(ticks(4000))-\(ticks(3000)).ts", "cut-1-2.m4s"] {
            #expect(try await recorded.find(name) == nil, "\(name)")
        }
    }

    /// Each picture of either server once: 23 of the third second up to 4.6, and all that came behind.
    @Test(arguments: ["ts", "mp4"]) func aFileHasEachInstantOnce(form: String) async throws {
        let recorded = try await recorded()
        let file = try bytes(try await recorded.ask("archive-\(Recorded.from)-60.\(form)"))
        // Four seconds and 600 ms of this server, and of the other one all but its first four seconds.
        let expected = 100 + 15 + 250 - 100
        if form == "ts" {
            #expect(try pictures(in: file) == expected)
        } else {
            let said = try probe(file, ["-count_frames", "-select_streams", "v:0"], "stream=nb_read_frames")
            #expect(said == ["\(expected)"])
        }
    }

    /// Sound reaches a little over the end of the last picture: what comes behind a gap begins behind that.
    @Test(arguments: ["ts", "mp4"]) func timeNeverRunsBackInAFile(form: String) async throws {
        for last in stride(from: 2, to: 24, by: 3) {
            let recorded = try Recorded()
            for chunk in Recorded.chunks.prefix(last) { recorded.recorder.append(chunk) }
            recorded.recorder.pause()
            try await recorded.record(segments: 6..<8)
            recorded.recorder.pause()
            try await recorded.archive.sync()
            let file = try bytes(try await recorded.ask("archive-\(Recorded.from)-60.\(form)"))
            var ends: [Substring: Int64] = [:]
            for line in try probe(file, [], "packet=stream_index,dts,duration") {
                let words = line.split(separator: ",", omittingEmptySubsequences: true)
                let (time, duration) = (try #require(Int64(words[1])), try #require(Int64(words[2])))
                // The clock of a transport stream has 90 kHz: a frame of sound may be a tick shorter than it says.
                #expect(time >= ends[words[0], default: time + 1] - 1, "\(last): track \(words[0]) at \(time)")
                ends[words[0]] = time + duration
            }
            #expect(ends.count == 2)
        }
    }

    /// The lines that ffprobe has to say of a file.
    private func probe(_ file: ByteBuffer, _ options: [String], _ entries: String) throws -> [String] {
        let path = FileManager.default.temporaryDirectory.appending(path: "weir-file-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(file.readableBytesView).write(to: URL(filePath: path))
        let judge = Process()
        judge.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        judge.arguments =
            ["ffprobe", "-v", "error"] + options + ["-show_entries", entries, "-of", "csv=p=0", path]
        let pipe = Pipe()
        judge.standardOutput = pipe
        judge.standardError = pipe
        try judge.run()
        let said = try pipe.fileHandleForReading.readToEnd() ?? Data()
        judge.waitUntilExit()
        return String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// The pictures of a transport stream, whose times must rise.
    private func pictures(in stream: ByteBuffer) throws -> Int {
        var demuxer = TransportStreamDemuxer()
        var output = DemuxOutput()
        demuxer.receive(stream, into: &output)
        demuxer.finish(into: &output)
        var video: TrackID?
        var times: [Int64] = []
        for event in output.take() {
            switch event {
            case .tracks(let tracks): video = tracks.tracks.first { $0.kind == .video }?.id
            case .frames(let frames): times += frames.filter { $0.track == video }.map(\.decodeTime.ticks)
            case .clockJump: break
            }
        }
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
        return times.count
    }
}

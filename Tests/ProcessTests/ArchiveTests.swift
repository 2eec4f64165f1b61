// Recording by the built server: files that ordinary tools read, and what a killed server leaves.
import Foundation
import Testing

@Suite(.serialized)
struct ArchiveTests {
    private static func configuration(_ source: Int, _ root: URL, more: String = "") -> String {
        "stream cam { input udp://127.0.0.1:\(source); segment_duration 1; dvr \(root.path) 1h; \(more)}\n"
    }

    /// A directory that is gone when the test has ended.
    private final class Folder: Sendable {
        let url = FileManager.default.temporaryDirectory.appending(path: "weir-archive-\(UUID().uuidString)")
        init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(at: url) }

        /// The run files in the order of time.
        var runs: [URL] {
            guard let found = FileManager.default.enumerator(at: url, includingPropertiesForKeys: nil) else {
                return []
            }
            return found.compactMap { $0 as? URL }.filter { $0.pathExtension == "mp4" }.sorted { $0.path < $1.path }
        }
    }

    /// - Parameter known: runs that do not count.
    private func waitForBytes(_ count: Int, in folder: Folder, besides known: [URL] = []) async throws {
        let known = Set(known.map(\.path))
        try await eventually("\(count) bytes are recorded") {
            folder.runs.filter { !known.contains($0.path) }.reduce(0) {
                $0 + ((try? $1.resourceValues(forKeys: [.fileSizeKey]).fileSize) ?? 0)
            } >= count
        }
    }

    /// ffmpeg, mpv and VLC take all of what is in the file at this moment.
    private func expectOrdinary(_ run: URL, _ moment: String) async throws {
        // VLC runs as somebody else, and the file grows on under the eyes of ffmpeg: a copy is what a crash would leave now.
        let home = try PlayerTests.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: home) }
        let copy = home.appending(path: "run.mp4")
        try FileManager.default.copyItem(at: run, to: copy)
        #expect(try await MediaTools.codecs(of: copy.path) == ["aac", "h264"], "\(moment)")
        // A copy of a file that is being written may end within a chunk, of which ffmpeg speaks.
        let frames = try await MediaTools.frameCount(of: copy.path)
        #expect(frames > 50, "\(moment)")
        let decoded = home.appending(path: "mpv.y4m")
        let mpv = try ChildProcess(
            "/usr/bin/mpv",
            [
                "--no-config", "--really-quiet", "--no-audio", "--vo=null", "--untimed", "--o=\(decoded.path)",
                "--of=yuv4mpegpipe", "--ovc=wrapped_avframe", copy.path,
            ])
        #expect(await mpv.exitStatus() == 0, "\(moment): \(mpv.output)")
        #expect(try await MediaTools.frameCount(of: decoded.path) >= frames - 1, "\(moment): mpv")
        let taken = home.appending(path: "vlc.ts")
        let vlc = try VLC.start(
            ["-q", "--sout", "#std{access=file,mux=ts,dst=\(taken.path)}", copy.path], home: home)
        #expect(await vlc.exitStatus() == 0, "\(moment): \(vlc.output)")
        #expect(try await MediaTools.codecs(of: taken.path) == ["aac", "h264"], "\(moment)")
        // What comes late for its clock VLC leaves out, which on a loaded machine is much.
        #expect(try await MediaTools.frameCount(of: taken.path) > 25, "\(moment): \(vlc.output)")
    }

    @Test("a run file is read by ffmpeg, mpv and VLC while it grows, after a kill and when it is finished")
    func filesAreOrdinary() async throws {
        let (folder, source) = (try Folder(), FreePort.udp())
        let sender = try MediaTools.send(to: "udp://127.0.0.1:\(source)?pkt_size=1316")
        let killed = try await WeirProcess(Self.configuration(source, folder.url))
        try await waitForBytes(200_000, in: folder)
        let first = try #require(folder.runs.first)
        try await expectOrdinary(first, "growing")
        killed.child.signal(SIGKILL)
        #expect(await killed.child.exitStatus() != 0)
        try await expectOrdinary(first, "killed")
        // The killed server may have recorded any amount meanwhile: the next one's bytes count alone.
        let left = folder.runs
        let server = try await WeirProcess(Self.configuration(source, folder.url))
        try await waitForBytes(200_000, in: folder, besides: left)
        server.child.stop()
        #expect(await server.child.exitStatus() == 0)
        sender.stop()
        #expect(folder.runs.count > left.count)
        for run in folder.runs { try await MediaTools.expectPlays(run.path, seconds: 60) }
        try await expectOrdinary(first, "finished")
    }

    @Test("a reload adds and removes recording, and the viewer of the live stream notices nothing")
    func reloadLeavesLiveAlone() async throws {
        let (folder, source) = (try Folder(), FreePort.udp())
        let live = "stream cam { input udp://127.0.0.1:\(source); segment_duration 1; }\n"
        let server = try await WeirProcess(live)
        let sender = try MediaTools.send(to: "udp://127.0.0.1:\(source)?pkt_size=1316")
        try await server.waitForMedia(of: "cam")
        #expect(folder.runs.isEmpty)
        try Data(Self.configuration(source, folder.url).utf8).write(to: server.configuration)
        #expect(try await server.get("/streamer/api/v3/config/reload", method: "POST")?.status == 200)
        try await waitForBytes(50_000, in: folder)
        try Data(live.utf8).write(to: server.configuration)
        #expect(try await server.get("/streamer/api/v3/config/reload", method: "POST")?.status == 200)
        let stream = try await server.json("/streamer/api/v3/streams/cam")
        let events = try #require(stream["last_events"] as? [[String: Any]])
        #expect(events.filter { $0["event"] as? String == "media_started" }.count == 1)
        try await MediaTools.expectPlays(try #require(folder.runs.first).path, seconds: 60)
        sender.stop()
    }

    @Test("a directory that cannot be written costs the archive only, and recording begins when it can")
    func brokenStoreLeavesLiveAlone() async throws {
        let (folder, source) = (try Folder(), FreePort.udp())
        // A file where the directory should be.
        let root = folder.url.appending(path: "store")
        try Data().write(to: root)
        let server = try await WeirProcess(Self.configuration(source, root))
        let sender = try MediaTools.send(to: "udp://127.0.0.1:\(source)?pkt_size=1316")
        try await server.waitForMedia(of: "cam")
        let events = try await server.json("/streamer/api/v3/events")["events"] as? [[String: Any]]
        #expect(events?.contains { $0["event"] as? String == "archive_unavailable" } ?? false)
        try FileManager.default.removeItem(at: root)
        try await waitForBytes(50_000, in: folder)
        sender.stop()
    }
}

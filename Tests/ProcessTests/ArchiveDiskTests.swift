// What becomes of a recording when its disk is full, and what is not recorded: the filler.
import Foundation
import Testing

/// A small file system of its own, where this process may make one.
private final class SmallDisk {
    let url = FileManager.default.temporaryDirectory.appending(path: "weir-disk-\(UUID().uuidString)")

    init() async throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        let mount = try ChildProcess("/bin/mount", ["-t", "tmpfs", "-o", "size=40m", "tmpfs", url.path])
        guard await mount.exitStatus() == 0 else { throw TestFailure("mount: \(mount.output)") }
    }

    func unmount() async throws {
        let child = try ChildProcess("/bin/umount", ["-l", url.path])
        _ = await child.exitStatus()
        try? FileManager.default.removeItem(at: url)
    }

    static func isPossible() async -> Bool {
        guard getuid() == 0, let disk = try? await SmallDisk() else { return false }
        try? await disk.unmount()
        return true
    }
}

@Suite(.serialized)
struct ArchiveDiskTests {
    private func facts(_ server: WeirProcess) async throws -> [String: Any] {
        try await server.json("/streamer/api/v3/streams/cam/dvr/ranges")
    }

    private func events(_ server: WeirProcess, _ kind: String) async throws -> Int {
        let all = try await server.json("/streamer/api/v3/events")["events"] as? [[String: Any]] ?? []
        return all.filter { $0["event"] as? String == kind }.count
    }

    /// Fills the disk to its last byte.
    private func fill(_ path: String) {
        guard let file = fopen(path, "a") else { return }
        setvbuf(file, nil, _IONBF, 0)
        for size in [1 << 20, 4096, 1] {
            let block = [UInt8](repeating: 1, count: size)
            while fwrite(block, size, 1, file) == 1 {}
        }
        fclose(file)
    }

    @Test(
        "a full disk stops neither live nor retention, and recording goes on by itself when there is room",
        .enabled("a file system can be mounted") { await SmallDisk.isPossible() })
    func fullDisk() async throws {
        let disk = try await SmallDisk()
        let (root, source) = (disk.url.appending(path: "store"), FreePort.udp())
        func configuration(_ bound: String) -> String {
            "stream cam { input udp://127.0.0.1:\(source); segment_duration 1; dvr \(root.path) 1d \(bound) sync=1; }"
        }
        let server = try await WeirProcess(configuration("300M"))
        let sender = try MediaTools.send(to: "udp://127.0.0.1:\(source)?pkt_size=1316")
        try await eventually("it is recorded") { (try await facts(server)["bytes"] as? Int ?? 0) > 450_000 }
        let foreign = disk.url.appending(path: "foreign").path
        try await eventually("the disk is full") {
            fill(foreign)
            return try await events(server, "recording_failed") == 1
        }
        // A bound of bytes holds all the same, but for what the full disk has not let into the index.
        try Data(configuration("250K").utf8).write(to: server.configuration)
        #expect(try await server.get("/streamer/api/v3/config/reload", method: "POST")?.status == 200)
        try await eventually("old segments are deleted") {
            (try await facts(server)["bytes"] as? Int ?? .max) <= 250_000
        }
        #expect(try await events(server, "archive_retention_failed") == 0)
        let live = try #require(try await server.get("/cam/track-1.m3u8"))
        try await eventually("live goes on") { try await server.get("/cam/track-1.m3u8")?.body != live.body }
        try FileManager.default.removeItem(atPath: foreign)
        try await eventually("it is recorded again") { try await events(server, "recording_resumed") == 1 }
        try await eventually("the gap is on record") {
            (try await facts(server)["gaps"] as? [[String: Any]] ?? []).contains {
                $0["cause"] as? String == "disk-full"
            }
        }
        sender.stop()
        server.child.stop()
        #expect(await server.child.exitStatus() == 0)
        try await disk.unmount()
    }

    @Test("the filler of a backup line is not recorded unless it is asked for", arguments: [false, true])
    func filler(isRecorded: Bool) async throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "weir-archive-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        let media = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "media").path
        let source = FreePort.udp()
        let server = try await WeirProcess(
            """
            file media { path \(media); }
            stream cam {
                input udp://127.0.0.1:\(source) source_timeout=1;
                backup media/bunny.mp4 timeout=1\(isRecorded ? " dvr=true" : "");
                segment_duration 1;
                dvr \(root.path) 1h;
            }
            """)
        // Nobody sends: the filler plays.
        try await server.waitForMedia(of: "cam", segments: 3)
        let count = try await facts(server)["duration"] as? Double ?? 0
        #expect((count > 0) == isRecorded)
        guard !isRecorded else { return }
        let sender = try MediaTools.send(to: "udp://127.0.0.1:\(source)?pkt_size=1316")
        try await eventually("the input is recorded") { (try await facts(server)["duration"] as? Double ?? 0) > 2 }
        sender.stop()
        try await eventually("the filler plays again, and is a gap") {
            let gaps = try await facts(server)["gaps"] as? [[String: Any]] ?? []
            return gaps.contains {
                $0["cause"] as? String == "source-away"
                    && ($0["closed_at"] as? Int ?? 0) - ($0["opened_at"] as? Int ?? 0) > 2000
            }
        }
        #expect((try await facts(server)["ranges"] as? [Any])?.count == 1)
    }
}

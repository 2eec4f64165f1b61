// Programs that viewers have, playing what the built server sends: VLC and GStreamer.
import Foundation
import Testing

@Suite(.serialized)
struct PlayerTests {
    private static let paths = ["index.m3u8", "index.m3u8?container=ts", "mpegts"]

    private static func server() async throws -> WeirProcess {
        let server = try await WeirProcess("stream clock { input fake://fake; segment_duration 1; segment_count 10; }")
        try await server.waitForMedia(of: "clock", segments: 3)
        return server
    }

    static func temporaryFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weir-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    @Test("what VLC takes out of each form is whole", arguments: paths)
    func vlcTakesWholeFrames(path: String) async throws {
        let server = try await Self.server()
        let home = try Self.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: home) }
        let file = home.appending(path: "taken.ts").path
        let vlc = try VLC.start(
            ["-q", "--sout", "#std{access=file,mux=ts,dst=\(file)}", "\(server.base)/clock/\(path)"], home: home)
        // The test picture has about 25 kB a second.
        try await eventually("VLC has taken six seconds") {
            let attributes = try? FileManager.default.attributesOfItem(atPath: file)
            return (attributes?[.size] as? Int ?? 0) > 150_000
        }
        vlc.stop()
        #expect(await vlc.exitStatus() == 0, "\(vlc.output)")
        #expect(try await MediaTools.codecs(of: file) == ["aac", "h264"])
        #expect(try await MediaTools.frameCount(of: file) > 75, "\(path): \(vlc.output)")
        try await MediaTools.expectPlays(file, seconds: 60)
    }

    @Test("VLC shows each form, without late pictures that would mean wrong times", arguments: paths)
    func vlcShows(path: String) async throws {
        let server = try await Self.server()
        let home = try Self.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: home) }
        // Wrong times are wrong at every try; a machine that is busy with something else is late only now and then.
        var troubles: [String] = []
        for _ in 0..<4 {
            let vlc = try VLC.start(
                ["-vv", "--run-time=6", "--vout=dummy", "--aout=dummy", "\(server.base)/clock/\(path)"], home: home)
            #expect(await vlc.exitStatus() == 0, "\(vlc.output)")
            let said = vlc.output
            for trouble in ["discontinuity received", "TS discontinuity"] {
                #expect(!said.contains(trouble), "\(path): \(trouble)")
            }
            troubles = ["buffer too late", "timestamp conversion failed"].filter(said.contains)
            troubles += ["codec (h264) started", "Stream buffering done"].filter { !said.contains($0) }
                .map { "no \($0)" }
            if troubles.isEmpty { break }
        }
        #expect(troubles.isEmpty, "\(path)")
    }

    @Test("GStreamer decodes 150 frames of each form", arguments: paths)
    func gstreamer(path: String) async throws {
        let server = try await Self.server()
        let player = try ChildProcess(
            "/usr/bin/gst-launch-1.0",
            [
                "-q", "uridecodebin3", "uri=\(server.base)/clock/\(path)", "!", "videoconvert", "!", "fakesink",
                "num-buffers=150",
            ])
        // The sink ends the pipeline after its 150th buffer; whatever goes wrong before ends it with status 1.
        #expect(await player.exitStatus() == 0, "\(player.output)")
        #expect(!player.output.contains("ERROR"), "\(player.output)")
    }
}

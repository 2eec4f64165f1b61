// Records a fake source into a file that ffmpeg can read, and decodes it.
import CMAF
import Foundation
import Ingest
import Media
import NIOCore
import TestSupport

@testable import Inputs

/// Frames of a fake source as an MP4 file.
struct FakeRecording {
    let directory: TemporaryDirectory
    var path: String { "\(directory.path)/fake.mp4" }

    /// Each track is written as one fragment.
    init(_ frames: [Frame]) throws {
        directory = try TemporaryDirectory()
        var bytes = InitializationSegment.write(FakePlayer.tracks)
        for track in FakePlayer.tracks.tracks {
            let ofTrack = frames.filter { $0.track == track.id }
            guard !ofTrack.isEmpty else { continue }
            let length = track.id == FakePlayer.videoTrack ? FakeClock.frameDuration : FakeAudio.frameDuration
            _ = FragmentWriter.append(
                ofTrack.map { frame in
                    TimedFrame(
                        track: frame.track, decodeTime: MediaTime(ticks: frame.decodeTime.ticks),
                        presentationTime: MediaTime(ticks: frame.presentationTime.ticks), duration: length,
                        isKey: frame.isKey, data: frame.data)
                }, to: &bytes)
        }
        try directory.file("fake.mp4", Data(bytes.readableBytesView))
    }

    /// What ffmpeg writes on its standard output, and what it complains about.
    func decode(_ options: String) throws -> (output: [UInt8], complaints: String) {
        let complaints = "\(directory.path)/complaints.txt"
        let output = "\(directory.path)/output"
        try directory.file("complaints.txt", Data())
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/ffmpeg")
        process.arguments =
            ["-nostdin", "-v", "warning", "-y", "-i", path] + options.split(separator: " ").map(String.init) + [output]
        process.standardInput = FileHandle.nullDevice
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: complaints))
        process.standardError = handle
        try process.run()
        process.waitUntilExit()
        try handle.close()
        guard process.terminationStatus == 0 else {
            throw FFmpegFailure(status: process.terminationStatus)
        }
        return (
            [UInt8](try Data(contentsOf: URL(fileURLWithPath: output))),
            String(decoding: try Data(contentsOf: URL(fileURLWithPath: complaints)), as: UTF8.self)
        )
    }

    /// The luma of every frame, in order.
    func grayFrames() throws -> (pixels: [UInt8], complaints: String) {
        let result = try decode("-map 0:v -fps_mode passthrough -f rawvideo -pix_fmt gray")
        return (result.output, result.complaints)
    }
}

/// The frames that a player entered at `start` gives out until `end`, asked for in steps.
func fakeFrames(
    _ name: String, from start: MediaTime, to end: MediaTime, bitRate: Int64 = 200_000,
    step: MediaSpan = .milliseconds(80)
) -> [Frame] {
    var player = FakePlayer(name: name, bitRate: bitRate)
    var gathered = Gathered()
    var now = start
    while now < end {
        gathered.append(contentsOf: player.advance(to: now))
        now += step
    }
    gathered.append(contentsOf: player.advance(to: end))
    return gathered.frames
}

// ffmpeg and ffprobe as senders and as judges.
import Foundation
import Testing

enum MediaTools {
    /// Sends a test picture and tone as an MPEG transport stream in real time until stopped.
    static func send(
        to url: String, video: [String] = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-b:v", "400k"],
        audio: [String] = ["-c:a", "aac"], format: [String] = ["-f", "mpegts"]
    ) throws -> ChildProcess {
        try ChildProcess(
            "/usr/bin/ffmpeg",
            ["-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-f", "lavfi", "-i", "sine=r=48000"]
                + video + audio + format + [url])
    }

    /// Plays `seconds` of `url` into nothing and gives what ffmpeg complained of: empty when all was well.
    static func complaints(playing url: String, seconds: Int, options: [String] = []) async throws -> String {
        let child = try ChildProcess(
            "/usr/bin/ffmpeg", ["-v", "error"] + options + ["-i", url, "-t", "\(seconds)", "-f", "null", "-"])
        let status = await child.exitStatus()
        return status == 0 ? child.output : "exit status \(status): \(child.output)"
    }

    /// Records what ffmpeg complained of when it played `seconds` of `url`.
    static func expectPlays(
        _ url: String, seconds: Int, options: [String] = [], location: SourceLocation = #_sourceLocation
    ) async throws {
        let complaints = try await complaints(playing: url, seconds: seconds, options: options)
        #expect(complaints == "", "\(url) \(options)", sourceLocation: location)
    }

    /// The codecs of all streams of `url`, sorted.
    static func codecs(of url: String) async throws -> [String] {
        let child = try ChildProcess(
            "/usr/bin/ffprobe", ["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", url])
        let status = await child.exitStatus()
        guard status == 0 else { throw TestFailure("ffprobe \(url): \(child.output)") }
        // A stream in several programmes is listed once for each.
        return Set(child.output.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: [","]) })
            .filter { !$0.isEmpty }.sorted()
    }

    /// The video frames of `url` that ffmpeg can decode.
    static func frameCount(of url: String) async throws -> Int {
        let child = try ChildProcess(
            "/usr/bin/ffprobe",
            [
                "-v", "error", "-select_streams", "v:0", "-count_frames", "-show_entries", "stream=nb_read_frames",
                "-of",
                "csv=p=0", url,
            ])
        _ = await child.exitStatus()
        let numbers = child.output.split(whereSeparator: \.isNewline).compactMap { Int($0) }
        guard let count = numbers.first else { throw TestFailure("ffprobe \(url): \(child.output)") }
        return count
    }

    /// A test picture of 20 s as a transport stream that every server can read. Made once a machine, whichever test comes first.
    static func film() async throws -> URL {
        let film = FileManager.default.temporaryDirectory.appending(path: "weir-test-film.ts")
        if !FileManager.default.fileExists(atPath: film.path) {
            let part = film.path + ".\(UUID().uuidString)"
            let maker = try ChildProcess(
                "/usr/bin/ffmpeg",
                [
                    "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=25", "-f", "lavfi", "-i", "sine=r=48000",
                    "-t", "20", "-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-c:a", "aac", "-f", "mpegts",
                    part,
                ])
            try #require(await maker.exitStatus() == 0, "\(maker.output)")
            // Another run of the tests may have been first, with the same bytes.
            try Data(contentsOf: URL(filePath: part)).write(to: film, options: .atomic)
            try FileManager.default.removeItem(atPath: part)
        }
        return film
    }
}

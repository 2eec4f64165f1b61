// What an archive shows when it is played: the frame numbers of the strip of fake://, in the order of the playlist.
import Foundation
import TestSupport
import Testing

/// Stretches of an archive that play without a reset of the decoder.
struct ArchiveStrip {
    struct Stretch {
        /// Milliseconds of UTC at which its first segment begins.
        var start: Int64
        /// In the order of the pictures; nil: damaged.
        var numbers: [Int64?]

        /// By how many milliseconds the archive's time of a frame is later than the source's.
        var offset: Int64? { numbers.first.flatMap { $0 }.map { start - $0 * 40 } }
    }
    var stretches: [Stretch] = []

    var numbers: [Int64?] { stretches.flatMap(\.numbers) }

    /// Reads what `archive-FROM-DURATION.m3u8` of a stream has, decoded by ffmpeg.
    /// - Parameters:
    ///   - base: `http://host:port` of the server.
    ///   - folder: for files in between.
    init(of stream: String, at base: String, from: Int64, to: Int64, folder: URL) async throws {
        let list = try await WebClient.ask("\(base)/\(stream)/archive-\(from)-\(to - from).m3u8")
        guard list.status == 200 else { throw TestFailure("no archive of \(stream) at \(base): \(list.text)") }
        var map = ""
        var open: (start: Int64, map: String, media: Data)?
        var mustReset = false
        for line in list.text.split(whereSeparator: \.isNewline) {
            if line.hasPrefix("#EXT-X-MAP:URI=\"") {
                map = String(line.dropFirst("#EXT-X-MAP:URI=\"".count).prefix { $0 != "\"" })
            } else if line.hasPrefix("#EXT-X-DISCONTINUITY"), !line.hasPrefix("#EXT-X-DISCONTINUITY-") {
                mustReset = true
            } else if !line.hasPrefix("#") {
                let answer = try await WebClient.ask("\(base)/\(stream)/\(line)")
                guard answer.status == 200, let ticks = Int64(line.dropFirst("segment-".count).prefix { $0.isNumber })
                else { throw TestFailure("\(line): \(answer.status)") }
                if mustReset || open?.map != map {
                    if let open { stretches.append(try await Self.decode(open.start, open.media, folder)) }
                    open = (ticks / 90, map, try await WebClient.ask("\(base)/\(stream)/\(map)").body)
                    mustReset = false
                }
                open?.media.append(answer.body)
            }
        }
        if let open { stretches.append(try await Self.decode(open.start, open.media, folder)) }
    }

    private static func decode(_ start: Int64, _ media: Data, _ folder: URL) async throws -> Stretch {
        let file = folder.appending(path: "stretch.mp4")
        try media.write(to: file)
        return Stretch(start: start, numbers: try await numbers(in: file, folder))
    }

    /// The numbers of all pictures of a file; what ffmpeg complains of shows in them.
    static func numbers(in file: URL, _ folder: URL) async throws -> [Int64?] {
        let pictures = folder.appending(path: "\(UUID().uuidString).gray")
        defer { try? FileManager.default.removeItem(at: pictures) }
        let decoder = try ChildProcess(
            "/usr/bin/ffmpeg", ["-v", "error", "-y", "-i", file.path] + StripRecording.format + [pictures.path])
        _ = await decoder.exitStatus()
        return try StripRecording(pictures).update().numbers
    }
}

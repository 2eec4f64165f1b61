// How many pictures of which width there are: in the segments of a playlist, and in what a player made of it.
import Foundation
import Testing

/// Pictures that a playlist plays without a reset of the decoder.
struct PictureStretch: Equatable {
    var width: Int
    var count: Int
}

enum PlaylistPictures {
    /// The stretches of a playlist of fragmented MP4, told without a player of playlists: the segments of each are put behind
    /// their initialization as one file.
    static func stretches(of list: String, at base: String, folder: URL) async throws -> [PictureStretch] {
        let answer = try await WebClient.ask("\(base)/\(list)")
        guard answer.status == 200 else { throw TestFailure("\(list): \(answer.text)") }
        var map = Data()
        var files: [Data] = []
        var mustReset = true
        for line in answer.text.split(whereSeparator: \.isNewline) {
            if line.hasPrefix("#EXT-X-MAP:URI=\"") {
                let name = line.dropFirst("#EXT-X-MAP:URI=\"".count).prefix { $0 != "\"" }
                map = try await WebClient.ask("\(base)/\(name)").body
                mustReset = true
            } else if line == "#EXT-X-DISCONTINUITY" {
                mustReset = true
            } else if !line.hasPrefix("#") {
                if mustReset { files.append(map) }
                mustReset = false
                files[files.count - 1].append(try await WebClient.ask("\(base)/\(line)").body)
            }
        }
        var stretches: [PictureStretch] = []
        for file in files {
            let url = folder.appending(path: "stretch.mp4")
            try file.write(to: url)
            let widths = try await widths(in: url.path)
            let width = try #require(widths.keys.first, "a stretch of \(list) without a picture")
            #expect(widths.count == 1, "\(widths)")
            stretches.append(PictureStretch(width: width, count: widths[width] ?? 0))
        }
        return stretches
    }

    /// The pictures that ffmpeg decodes, by their width.
    static func widths(in url: String) async throws -> [Int: Int] {
        let child = try ChildProcess(
            "/usr/bin/ffprobe",
            ["-v", "error", "-select_streams", "v:0", "-show_entries", "frame=width", "-of", "csv=p=0", url])
        let status = await child.exitStatus()
        guard status == 0 else { throw TestFailure("ffprobe \(url): \(child.output)") }
        return child.output.split(whereSeparator: \.isNewline).reduce(into: [:]) { widths, line in
            if let width = line.split(separator: ",").first.flatMap({ Int($0) }) { widths[width, default: 0] += 1 }
        }
    }

    /// Two stretches of one kind and a third of another one, with gaps between: players have the pictures of all.
    static func expectPlayedOverChange(_ list: String, at base: String, home: URL) async throws {
        let stretches = try await stretches(of: list, at: base, folder: home)
        let all = stretches.reduce(into: [Int: Int]()) { $0[$1.width, default: 0] += $1.count }
        let first = try #require(stretches.first)
        try #require(Set(all.keys) == [320, 640] && first.width == 320 && stretches.count >= 3, "\(stretches)")
        let transport = "\(base)/\(list)?container=ts"
        // ffmpeg reads the first initialization of a playlist only: of fragmented MP4 it has what comes before the change.
        try await MediaTools.expectPlays(transport, seconds: 600)
        #expect(try await widths(in: transport) == all)
        for url in ["\(base)/\(list)", transport] {
            let pictures = home.appending(path: "pictures.gray")
            let gstreamer = try ChildProcess(
                "/usr/bin/gst-launch-1.0",
                [
                    "-q", "uridecodebin3", "uri=\(url)", "!", "videoconvert", "!", "video/x-raw,format=GRAY8", "!",
                    "filesink", "location=\(pictures.path)",
                ])
            #expect(await gstreamer.exitStatus() == 0 && !gstreamer.output.contains("ERROR"), "\(gstreamer.output)")
            // Each picture of 16:9 has as many bytes as pixels.
            let size = try FileManager.default.attributesOfItem(atPath: pictures.path)[.size] as? Int
            #expect(size == all.reduce(0) { $0 + $1.value * $1.key * ($1.key * 9 / 16) }, "\(url) of \(stretches)")
        }
        // VLC loses some pictures at each reset, but not what comes behind it.
        var taken: [Int: Int] = [:]
        for _ in 0..<3 {
            let file = home.appending(path: "\(UUID().uuidString).ts").path
            let vlc = try VLC.start(["-q", "--sout", "#std{access=file,mux=ts,dst=\(file)}", transport], home: home)
            #expect(await vlc.exitStatus() == 0, "\(vlc.output)")
            taken = try await widths(in: file)
            if taken[320, default: 0] > (first.count + (all[320] ?? 0)) / 2,
                taken[640, default: 0] > (all[640] ?? 0) / 2
            {
                return
            }
        }
        Issue.record("VLC has \(taken) of \(stretches)")
    }
}

// Files that ffmpeg makes, what ffprobe says of them, and bytes as a file that can be read in ranges.
import CMAF
import Foundation
import NIOCore

struct ToolFailure: Error, CustomStringConvertible {
    var description: String
}

/// A directory that goes away with its owner.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "cmaf-tests-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// What `timeout 60 tool arguments…` prints; throws when it fails or complains.
func run(_ tool: String, _ arguments: [String]) throws -> String {
    let scratch = try Scratch()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["timeout", "60", tool] + arguments
    for name in ["out", "err"] { try Data().write(to: URL(fileURLWithPath: "\(scratch.path)/\(name)")) }
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch.path + "/out"))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch.path + "/err"))
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let messages = try String(contentsOfFile: scratch.path + "/err", encoding: .utf8)
    guard process.terminationStatus == 0, messages.isEmpty else {
        throw ToolFailure(description: "\(tool) \(arguments.joined(separator: " ")): \(messages)")
    }
    return try String(contentsOfFile: scratch.path + "/out", encoding: .utf8)
}

/// A packet as ffprobe lists it: times in seconds.
struct ProbedPacket: Equatable {
    var decode: Double
    var presentation: Double
    var size: Int
    var position: Int64
    var isKey: Bool
}

/// The packets of one stream (`v:0`, `a:0` …) in decode order.
func probePackets(_ path: String, _ stream: String) throws -> [ProbedPacket] {
    let text = try run(
        "ffprobe",
        [
            "-v", "error", "-select_streams", stream, "-show_entries", "packet=pts_time,dts_time,size,pos,flags", "-of",
            "compact=p=0", path,
        ])
    return text.split(separator: "\n").map { line in
        var fields: [Substring: Substring] = [:]
        for part in line.split(separator: "|") {
            let pair = part.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { fields[pair[0]] = pair[1] }
        }
        return ProbedPacket(
            decode: Double(fields["dts_time"] ?? "") ?? .nan, presentation: Double(fields["pts_time"] ?? "") ?? .nan,
            size: Int(fields["size"] ?? "") ?? -1, position: Int64(fields["pos"] ?? "") ?? -1,
            isKey: fields["flags"]?.hasPrefix("K") ?? false)
    }
}

func bytes(of path: String) throws -> ByteBuffer {
    ByteBuffer(bytes: [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
}

/// Opens bytes as a file.
func open(_ bytes: ByteBuffer) throws(CMAFError) -> MP4File {
    try MP4File(size: Int64(bytes.readableBytes)) { offset, length in
        let begin = min(max(0, Int(offset)), bytes.readableBytes)
        let end = min(begin + length, bytes.readableBytes)
        return bytes.getSlice(at: bytes.readerIndex + begin, length: end - begin) ?? ByteBuffer()
    }
}

/// The repository's own film: one key frame, no B-frames, 5.1 sound, moov at the end.
let bunny = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("media/bunny.mp4").path

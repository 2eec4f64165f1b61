// Runs ffmpeg and ffprobe: they make the vectors and are the second opinion.
import Foundation

struct ToolFailure: Error, CustomStringConvertible {
    var description: String
}

/// What a run of a tool gave.
struct ToolResult {
    var output: [UInt8]
    var messages: String

    var text: String { String(decoding: output, as: UTF8.self) }
}

/// A directory that goes away with the value's last reference.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/mpegts-tests-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }

    func write(_ bytes: [UInt8], to name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }
}

/// Runs `timeout 60 tool arguments…`; throws when it does not end with 0.
func run(_ tool: String, _ arguments: [String]) throws -> ToolResult {
    let scratch = try Scratch()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["timeout", "60", tool] + arguments
    // Files, not pipes: nobody has to read both at the same time.
    for name in ["out", "err"] { try Data().write(to: URL(fileURLWithPath: scratch.file(name))) }
    let out = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch.file("out")))
    let err = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch.file("err")))
    process.standardOutput = out
    process.standardError = err
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let messages = try String(decoding: read(scratch.file("err")), as: UTF8.self)
    guard process.terminationStatus == 0 else {
        throw ToolFailure(description: "\(tool) \(arguments.joined(separator: " ")): \(messages)")
    }
    return ToolResult(output: try read(scratch.file("out")), messages: messages)
}

func read(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

/// ffmpeg with the picture and sound that all vectors show.
func transportStream(_ arguments: [String], seconds: Int = 2) throws -> [UInt8] {
    let scratch = try Scratch()
    let input = [
        "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=176x144:rate=25:duration=\(seconds)", "-f", "lavfi",
        "-i",
        "sine=frequency=440:sample_rate=48000:duration=\(seconds)", "-threads", "1",
    ]
    _ = try run("ffmpeg", input + arguments + ["-f", "mpegts", scratch.file("x.ts")])
    return try read(scratch.file("x.ts"))
}

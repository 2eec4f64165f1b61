// The system's ffmpeg as a sender and as a maker of files.
import Foundation

/// A running ffmpeg. Ends when it is released.
final class FFmpeg {
    /// 25 fps H.264 with a key frame per second and, if wanted, AAC: seconds of a test picture.
    static func source(seconds: Int, options: String = "", audio: Bool = true) -> [String] {
        var arguments = "-f lavfi -i testsrc2=size=160x120:rate=25 "
        if audio { arguments += "-f lavfi -i sine=frequency=440:sample_rate=48000 " }
        arguments += "-t \(seconds) -c:v libx264 -preset ultrafast -g 25 -bf 0 -pix_fmt yuv420p "
        if audio { arguments += "-c:a aac -b:a 64k " }
        return (arguments + options).split(separator: " ").map(String.init)
    }

    private let process: Process

    init(_ arguments: [String]) throws {
        process = Self.prepared(arguments)
        try process.run()
    }

    /// Killed, since a sender in the middle of its clip takes its time over a polite request.
    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    /// Runs to the end; the status is zero or the test has no ground to stand on.
    ///
    /// Waits without holding a thread: the tests share as few as there are cores.
    static func make(_ arguments: [String], program: String = FFmpeg.ffmpeg) async throws {
        let process = prepared(arguments, program: program)
        let status: Int32 = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
        guard status == 0 else { throw FFmpegFailure(status: status) }
    }

    static let ffmpeg = "/usr/bin/ffmpeg"

    private static func prepared(_ arguments: [String], program: String = FFmpeg.ffmpeg) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = (program == ffmpeg ? ["-nostdin", "-loglevel", "error", "-y"] : []) + arguments
        process.standardInput = FileHandle.nullDevice
        // Not the tests' own output: whoever reads that would wait for ffmpeg as well.
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        return process
    }
}

struct FFmpegFailure: Error { var status: Int32 }

/// A directory that is removed with its owner.
final class TemporaryDirectory {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("weir-inputs-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String, _ contents: Data) throws {
        try contents.write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }
}

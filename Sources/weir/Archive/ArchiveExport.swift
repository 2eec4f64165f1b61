// `weir archive export`: a range of a stream as one file.
import Archive
import ArchiveStorage
import ArgumentParser
import Media
import NIOCore
import Playback

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a range of a stream to an MP4 or MPEG-TS file.",
        discussion: """
            The name's ending says which: .mp4 or .ts. Segments that start in the range are taken, gaps are left out. \
            May be used beside a running server; the range must not be deleted meanwhile.
            """)

    @OptionGroup var store: ArchiveCommand.Store

    @Argument(help: "The stream.")
    var stream: String

    @OptionGroup var utc: UTCRange

    @Argument(help: "The file to write, NAME.mp4 or NAME.ts. It must not exist.")
    var file: String

    private struct Answer: Encodable {
        var file: String
        var bytes: Int64
        var seconds: Double
        var segments: Int
    }

    private var form: ExportForm? { file.split(separator: ".").last.flatMap { ExportForm(rawValue: String($0)) } }

    func validate() throws {
        guard form != nil else { throw ValidationError("FILE must end in .mp4 or .ts") }
    }

    func run() throws {
        guard let form else { return }
        let archive = try store.open()
        let selection = try archive.selection(of: stream, in: utc.range)
        guard !selection.entries.isEmpty else {
            throw ArchiveError(
                .unknownStream, "nothing of `\(stream)` is recorded in this range: see `weir archive ranges`")
        }
        let plan = try ExportPlan(selection, as: form, from: archive.fileSystem)
        try write(ExportBody(plan: plan, fileSystem: archive.fileSystem))
        let answer = Answer(
            file: file, bytes: plan.length, seconds: selection.duration.seconds, segments: selection.entries.count)
        if store.json { return try store.printJSON(answer) }
        print("\(file): \(answer.seconds) s in \(answer.segments) segments, \(answer.bytes) bytes")
    }

    private func write(_ body: ExportBody) throws {
        // The directory of the file is the file system here; its name is the last part.
        let parts = file.split(separator: "/", omittingEmptySubsequences: false)
        let directory = parts.count > 1 ? parts.dropLast().joined(separator: "/") : "."
        let name = String(parts.last ?? "")
        let target = PosixFileSystem(root: directory.isEmpty ? "/" : directory)
        let output = try target.create(name)
        let bar = ProgressBar(isWanted: !store.json)
        do {
            var position: Int64 = 0
            while position < body.plan.length {
                let bytes = try body.bytes(at: position, before: body.plan.length)
                guard bytes.readableBytes > 0 else { throw ArchiveError(.damagedMedia, "the range ends early") }
                try output.write([bytes], at: position)
                position += Int64(bytes.readableBytes)
                bar.show(ArchiveProgress(done: position, total: body.plan.length, path: file))
            }
            try target.sync([output])
        } catch {
            // Half a file must not be taken for a whole one.
            try target.remove(name)
            throw error
        }
        bar.end()
    }
}

// `weir archive rebuild` and `repair`: change a store that no server has open.
import ArchiveStorage
import ArgumentParser
import Media
import Synchronization

/// What was told while a store was worked on.
private final class Remarks: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ event: ArchiveEvent) {
        guard let line = Self.line(event) else { return }
        lines.withLock { $0.append(line) }
    }

    var all: [String] { lines.withLock { $0 } }

    private static func line(_ event: ArchiveEvent) -> String? {
        switch event {
        case .recovered(let path, let segments, let cut):
            "\(path): \(segments) segments found behind the index, \(cut) torn bytes cut off"
        case .foreignFile(let path): "\(path): none of the archive's, left alone"
        case .damagedFile(let path, let reason): "\(path): \(reason)"
        case .bytesMissing(let path, let segments): "\(path): the bytes of \(segments) segments are gone"
        case .journalDamaged(let stream, let lines): "\(stream): \(lines) damaged lines in the journal"
        case .indexFailed(let reason): "the index cannot be written: \(reason)"
        default: nil
        }
    }
}

struct RebuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild", abstract: "Make the index of a store anew from its files.",
        discussion: "The old one is kept as index.sqlite.before-rebuild. No server may have the store open.")

    @OptionGroup var store: ArchiveCommand.Store

    private struct Answer: Encodable {
        var streams: Int
        var segments: Int64
        var bytes: Int64
        var remarks: [String]
    }

    func run() throws {
        let remarks = Remarks()
        let bar = ProgressBar(isWanted: !store.json)
        let workshop = try ArchiveWorkshop(
            root: store.root, rebuild: true, progress: { bar.show($0) }, report: { remarks.add($0) })
        bar.end()
        let streams = try workshop.inspection.streams()
        let answer = Answer(
            streams: streams.count, segments: streams.reduce(0) { $0 + $1.segments },
            bytes: streams.reduce(0) { $0 + $1.bytes }, remarks: remarks.all)
        if store.json { return try store.printJSON(answer) }
        for remark in answer.remarks { print(remark) }
        print("\(answer.streams) streams, \(answer.segments) segments, \(answer.bytes) bytes")
    }
}

struct RepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair", abstract: "Mend what is damaged in a store, and take out what is lost.",
        discussion: """
            Headers, trailers and journals are written again from what the index knows. A segment whose media are damaged \
            is deleted: a gap of the cause disk-error stands in its place. No server may have the store open. \
            `verify` shows beforehand what there is to do. Exits 1 when something is left that cannot be mended here.
            """)

    @OptionGroup var store: ArchiveCommand.Store

    private struct Answer: Encodable {
        struct Item: Encodable {
            var path: String
            var start: Int64?
            var kind: String
            var reason: String
            var remedy: String
        }
        var items: [Item]
        var remarks: [String]
    }

    func run() throws {
        let remarks = Remarks()
        let bar = ProgressBar(isWanted: !store.json)
        // What the start of a store finds behind its index is taken up there already.
        let workshop = try ArchiveWorkshop(root: store.root, rebuild: false, report: { remarks.add($0) })
        let found = try workshop.inspection.verify(isServed: false) { bar.show($0) }
        bar.end()
        let done = try workshop.repair(found.findings)
        let items = done.map { finding, remedy in
            Answer.Item(
                path: finding.path, start: finding.start?.unixMilliseconds, kind: finding.kind.rawValue,
                reason: finding.reason, remedy: remedy.rawValue)
        }
        if store.json {
            try store.printJSON(Answer(items: items, remarks: remarks.all))
        } else {
            for remark in remarks.all { print(remark) }
            for item in items {
                print("\(item.remedy)\t\(item.path)\(item.start.map { " \($0) ms" } ?? ""): \(item.reason)")
            }
            print("\(items.count) findings")
        }
        if done.contains(where: { $0.remedy == .left }) { throw ExitCode.failure }
    }
}

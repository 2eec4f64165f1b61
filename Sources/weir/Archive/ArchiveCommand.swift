// `weir archive`: looks at the directory of a store, also while a server writes it.
import Archive
import ArchiveStorage
import ArgumentParser
import FoundationEssentials
import Media

struct ArchiveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive", abstract: "Look at archives, take files out of them, mend them.",
        discussion:
            "Beside a running server all may be used but rebuild and repair, which need the store for themselves.",
        subcommands: [
            ListCommand.self, RangesCommand.self, VerifyCommand.self, DigestCommand.self, ExportCommand.self,
            RebuildCommand.self, RepairCommand.self,
        ])

    struct Store: ParsableArguments {
        @Argument(help: "The directory of the store: the path of the dvr line.")
        var root: String

        @Flag(help: "Write JSON.")
        var json = false

        func open() throws -> ArchiveInspection { try ArchiveInspection(root: root) }

        func printJSON(_ value: some Encodable) throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(value), as: UTF8.self))
        }
    }
}

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the streams of a store.")

    @OptionGroup var store: ArchiveCommand.Store

    private struct Row: Encodable {
        var name: String
        var bytes: Int64
        var segments: Int64
    }

    func run() throws {
        let rows = try store.open().streams().map { Row(name: $0.name, bytes: $0.bytes, segments: $0.segments) }
        if store.json { return try store.printJSON(rows) }
        for row in rows { print("\(row.name)\t\(row.segments) segments\t\(row.bytes) bytes") }
    }
}

struct RangesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ranges", abstract: "Show what is recorded of a stream, and the gaps with their causes.")

    @OptionGroup var store: ArchiveCommand.Store

    @Argument(help: "The stream.")
    var stream: String

    private struct Row: Encodable {
        var openedAt: Int64
        var closedAt: Int64
        /// `recorded`, or the cause of a gap.
        var state: String

        enum CodingKeys: String, CodingKey {
            case state
            case openedAt = "opened_at"
            case closedAt = "closed_at"
        }

        init(_ range: TimeRange, _ state: String) {
            openedAt = range.start.unixMilliseconds
            closedAt = range.end.unixMilliseconds
            self.state = state
        }
    }

    func run() throws {
        let archive = try store.open()
        let recorded = try archive.ranges(of: stream).ranges.map { Row($0, "recorded") }
        let gaps = try archive.gaps(of: stream).gaps.map { Row($0.range, $0.cause.rawValue) }
        let rows = (recorded + gaps).sorted { $0.openedAt < $1.openedAt }
        if store.json { return try store.printJSON(rows) }
        for row in rows {
            let length = Double(row.closedAt - row.openedAt) / 1000
            print("\(Self.utc(row.openedAt))  \(Self.utc(row.closedAt))  \(length) s  \(row.state)")
        }
    }

    private static func utc(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000)
            .formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
    }
}

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Read every byte of a store and compare it with what was recorded.",
        discussion: "Exits 0 when all is well, 1 when anything is not what was recorded. `repair` mends.")

    @OptionGroup var store: ArchiveCommand.Store

    private struct Answer: Encodable {
        struct Finding: Encodable {
            var kind: String
            var path: String
            var start: Int64?
            var reason: String
        }
        var segments: Int
        var bytes: Int64
        var findings: [Finding]
    }

    func run() throws {
        let bar = ProgressBar(isWanted: !store.json)
        let result = try store.open().verify(isServed: ArchiveWorkshop.isServed(store.root)) { bar.show($0) }
        bar.end()
        if store.json {
            let findings = result.findings.map {
                Answer.Finding(
                    kind: $0.kind.rawValue, path: $0.path, start: $0.start?.unixMilliseconds, reason: $0.reason)
            }
            try store.printJSON(Answer(segments: result.segments, bytes: result.bytes, findings: findings))
        } else {
            for finding in result.findings {
                print("\(finding.path)\(finding.start.map { " \($0.unixMilliseconds) ms" } ?? ""): \(finding.reason)")
            }
            print("\(result.segments) segments, \(result.bytes) bytes, \(result.findings.count) findings")
        }
        if !result.findings.isEmpty { throw ExitCode.failure }
    }
}

struct DigestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "digest", abstract: "Print a digest of the media of a range, to compare two servers' archives.",
        discussion:
            "It depends on the media alone, not on how they lie in files. Segments that start in the range count.")

    @OptionGroup var store: ArchiveCommand.Store

    @Argument(help: "The stream.")
    var stream: String

    @OptionGroup var utc: UTCRange

    private struct Answer: Encodable {
        var digest: String
        var segments: Int
    }

    func run() throws {
        let (digest, segments) = try store.open().digest(of: stream, in: utc.range)
        if store.json { return try store.printJSON(Answer(digest: "\(digest)", segments: segments)) }
        print("\(digest)  \(segments) segments")
    }
}

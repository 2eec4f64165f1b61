// Reads every byte of a store and compares it with what was recorded.
import Archive
import CMAF
import GRDB
import Media
import NIOCore

extension ArchiveInspection {
    /// What a verification has read, and all that is wrong with it.
    package struct Verification: Hashable, Sendable {
        package var segments = 0
        package var bytes: Int64 = 0
        package var findings: [ArchiveFinding] = []
    }

    /// Reads all files of all streams. A server may write and delete meanwhile: what changed while it was looked at is
    /// looked at again.
    /// - Parameter isServed: a server has the store open: files that it has just begun are not in the index yet.
    package func verify(isServed: Bool, progress: (ArchiveProgress) -> Void) throws -> Verification {
        var result = Verification()
        result.findings += try indexTroubles()
        let streams = try index.streams()
        var state = ArchiveProgress(done: 0, total: streams.reduce(0) { $0 + $1.bytes }, path: "")
        for stream in streams {
            if let finding = try journalTrouble(of: stream.name) { result.findings.append(finding) }
            for row in try index.runs(of: stream.name) {
                let (segments, findings) = try settled(row, isServed: isServed)
                result.findings += findings
                result.segments += segments.count
                let bytes = segments.reduce(Int64(0)) { $0 + Int64($1.length) }
                result.bytes += bytes
                state.done += bytes
                state.path = row.run.path
                progress(state)
            }
            if !isServed { result.findings += try unindexedFiles(of: stream.name) }
        }
        return result
    }

    /// SQLite's own check of pages and rows.
    private func indexTroubles() throws -> [ArchiveFinding] {
        let lines = try index.database.read { try String.fetchAll($0, sql: "PRAGMA integrity_check(20)") }
        return lines.filter { $0 != "ok" }.map {
            ArchiveFinding(.index, stream: "", path: RunPath.indexName, reason: $0)
        }
    }

    /// The findings of a run that did not change while it was read.
    private func settled(_ row: RunRow, isServed: Bool) throws -> ([ArchivedSegment], [ArchiveFinding]) {
        var segments = try index.segments(ofRun: row.run)
        var row = row
        while true {
            let findings = RunVerification(row, segments, fileSystem, isServed: isServed).findings()
            guard !findings.isEmpty else { return (segments, []) }
            let later = try index.segments(ofRun: row.run)
            guard let laterRow = try index.run(path: row.run.path) else { return ([], []) }
            if later == segments, laterRow == row { return (segments, findings) }
            (segments, row) = (later, laterRow)
        }
    }

    /// The journal must give the ledger that the index has.
    private func journalTrouble(of stream: String) throws -> ArchiveFinding? {
        let path = stream + "/" + RunPath.journalName
        while true {
            guard let row = try index.streams().first(where: { $0.name == stream }) else { return nil }
            let ledger = try index.ledger(of: row.id)
            guard row.journalGeneration != 0 || !ledger.entries.isEmpty else { return nil }
            let reason: String?
            do throws(FileSystemError) {
                let file = try fileSystem.open(path, forWriting: false)
                reason = Self.objection(
                    try file.read(at: 0, count: Int(clamping: row.journalOffset)), row, ledger)
            } catch {
                reason = "\(error)"
            }
            guard let reason else { return nil }
            if try index.streams().first(where: { $0.name == stream }) == row {
                return ArchiveFinding(.journal, stream: stream, path: path, reason: reason)
            }
        }
    }

    private static func objection(_ bytes: ByteBuffer, _ row: StreamRow, _ ledger: StreamLedger) -> String? {
        guard Int64(bytes.readableBytes) == row.journalOffset else { return "it is shorter than the index says" }
        guard let read = JournalText.read(bytes, known: nil) else { return "its first line is not that of a journal" }
        if read.damagedLines > 0 { return "\(read.damagedLines) lines cannot be understood" }
        if read.generation != row.journalGeneration || read.end != row.journalOffset {
            return "it is not the journal that the index knows"
        }
        var found = StreamLedger()
        for entry in read.entries { found.apply(entry) }
        return found == ledger ? nil : "it says other gaps, locks or deletions than the index"
    }

    private func unindexedFiles(of stream: String) throws -> [ArchiveFinding] {
        let known = Set(try index.runs(of: stream).map(\.run.path))
        var findings: [ArchiveFinding] = []
        let days: [DirectoryEntry]
        do throws(FileSystemError) { days = try fileSystem.list(stream) } catch {
            guard error.kind == .notFound else { throw error }
            return []
        }
        for day in days where day.isDirectory && RunPath.isDate(day.name) {
            for entry in try fileSystem.list(stream + "/" + day.name) where RunPath.isRun(entry.name) {
                let path = stream + "/" + day.name + "/" + entry.name
                if !known.contains(path) {
                    findings.append(
                        ArchiveFinding(
                            .unindexed, stream: stream, path: path,
                            reason: "the index does not know the file: `weir archive rebuild` takes it in"))
                }
            }
        }
        return findings
    }
}

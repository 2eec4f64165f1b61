// What must hold at every moment of an archive's life, whatever happened to it.
import Archive
import CMAF
import Media
import NIOCore
import Synchronization
import Testing

@testable import ArchiveStorage

/// Files whose rows' bytes were read since they last changed.
struct ArchiveLifeChecks {
    struct Known: Hashable {
        var changes: Int
        var rows: [ArchivedSegment]
    }
    var files: [String: Known] = [:]
}

/// One broken promise ends a life: what follows from it says nothing new.
struct ArchiveLifeViolation: Error, CustomStringConvertible {
    var description: String
}

extension ArchiveLife {
    func violation(_ what: String, _ segments: [ArchivedSegment] = []) -> ArchiveLifeViolation {
        let places = segments.prefix(6).map {
            "\(($0.start - SyntheticStream.epoch).seconds) in \($0.run.path) at \($0.offset)"
        }
        return ArchiveLifeViolation(
            description: "seed \(seed): \(what) \(places)\nbefore: \(history.joined(separator: "; "))")
    }

    /// No overlap, no row without its bytes, no gap where something is, sums that are right, nothing protected lost.
    func check() throws {
        for stream in try bench.index.streams() {
            let rows = try bench.index.segments(of: stream.name, startingIn: .always)
            for (a, b) in zip(rows, rows.dropFirst()) where a.end > b.start { throw violation("overlap", [a, b]) }
            for (path, rows) in Dictionary(grouping: rows, by: \.run.path).sorted(by: { $0.key < $1.key }) {
                try checkBytes(path, rows)
            }
            guard stream.bytes == rows.reduce(0, { $0 + Int64($1.length) }), stream.segments == rows.count else {
                throw violation("wrong sums of \(stream.name)")
            }
            let recorded = RangeSet(rows.map(\.range))
            let untrue = try bench.index.ledger(of: stream.id).gaps.gaps.filter { recorded.overlaps($0.range) }
            guard untrue.isEmpty else {
                throw violation(
                    "gaps of \(stream.name) where something is: \(untrue)",
                    rows.filter { row in untrue.contains { $0.range.overlaps(row.range) } })
            }
            let present = Set(rows.map(\.named))
            for (id, kept) in protected[stream.name] ?? [:] {
                let lost = kept.filter { !present.contains($0.named) }
                guard lost.isEmpty else { throw violation("lock \(id) of \(stream.name) lost", lost) }
            }
        }
    }

    private func checkBytes(_ path: String, _ rows: [ArchivedSegment]) throws {
        guard let node = disk.state.withLock({ $0.files[path] }) else { throw violation("rows without a file", rows) }
        let known = ArchiveLifeChecks.Known(changes: node.contents.withLock { $0.changes }, rows: rows)
        guard checks.files[path] != known else { return }
        let file = try disk.open(path, forWriting: false)
        for row in rows {
            let media = try file.read(at: row.offset, count: row.length)
            guard MediaDigest(of: media) == row.digest else { throw violation("a row without its bytes", [row]) }
            let box = try file.read(at: row.offset + Int64(row.length), count: SegmentTrailer.boxLength)
            guard SegmentTrailer(box: box) == row.trailer else { throw violation("a row without its trailer", [row]) }
        }
        checks.files[path] = known
    }

    /// On a disk that works, and when all is done that is due: nothing past its age by more than a segment, and files hold
    /// what the index says and nothing else: no orphan, no byte of what was deleted.
    func checkSettled() throws {
        settle()
        try check()
        for feed in feeds {
            guard let age = feed.policy.age, let row = try bench.index.streams().first(where: { $0.name == feed.name })
            else { continue }
            let limit = bench.utc - age - Self.segment
            let locks = try bench.index.ledger(of: row.id).protected
            let old = try bench.index.segments(of: feed.name, startingIn: TimeRange(TimeRange.always.start, limit))
                .filter { $0.end < limit && !locks.overlaps($0.range) }
            guard old.isEmpty else { throw violation("\(feed.name) keeps beyond its age", old) }
        }
        let open = Set(bench.writer.streams.values.flatMap { $0.runs + $0.damaged }.map(\.run.path))
        let findings = try ArchiveInspection(index: bench.index, fileSystem: disk).verify(isServed: false) { _ in }
            .findings.filter { !open.contains($0.path) }
        guard findings.isEmpty else { throw violation("\(findings.prefix(3))") }
    }

    /// The files alone give the same index, row by row.
    func checkRebuild() throws {
        let before = try IndexDump(bench.index)
        try bench.restart(losingIndex: true)
        let after = try IndexDump(bench.index)
        guard after != before else { return }
        let missing = Set(before.runs + before.segments).subtracting(after.runs + after.segments).sorted()
        let added = Set(after.runs + after.segments).subtracting(before.runs + before.segments).sorted()
        throw violation(
            "the rebuilt index lacks \(missing.prefix(3)), has \(added.prefix(3)) more, "
                + "ledgers: \(difference(before.ledgers, after.ledgers))")
    }

    /// The journals' lines that only one of the two would have.
    private func difference(_ before: [String: StreamLedger], _ after: [String: StreamLedger]) -> String {
        func lines(_ ledger: StreamLedger?) -> Set<String> { Set(ledger?.entries.map { JournalText.line($0) } ?? []) }
        return Set(before.keys).union(after.keys).sorted().map { name in
            let (old, new) = (lines(before[name]), lines(after[name]))
            return "\(name) lacks \(old.subtracting(new).sorted()), has \(new.subtracting(old).sorted()) more"
        }.joined(separator: "; ")
    }
}

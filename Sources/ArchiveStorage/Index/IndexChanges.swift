// What the writer changes in the index: all of a step in one transaction.
package import Archive
import Foundation
import GRDB
import Media

/// Changes that reach the disk together or not at all. The bytes they speak of must be there before.
package struct IndexChanges: Sendable {
    package struct Journal: Hashable, Sendable {
        package var generation: Int64
        package var offset: Int64
    }
    package struct LedgerChange: Sendable {
        package var ledger: StreamLedger
        /// Where gaps may have changed.
        package var touched: TimeRange
        package var journal: Journal
    }

    /// New streams, or known ones: nothing happens to those.
    package var streams: [StreamRow] = []
    /// Runs that are new or have grown; `segments` and `first` are kept up by the segments below.
    package var runs: [RunRow] = []
    package var added: [(stream: Int64, segment: ArchivedSegment)] = []
    package var removed: [(stream: Int64, segment: ArchivedSegment)] = []
    package var ledgers: [Int64: LedgerChange] = [:]
    package var toFree: [FreedPart] = []
    package var freed: [FreedPart] = []
    /// Runs whose file is gone.
    package var removedRuns: [Int64] = []

    package init() {}

    package var isEmpty: Bool {
        streams.isEmpty && runs.isEmpty && added.isEmpty && removed.isEmpty && ledgers.isEmpty && toFree.isEmpty
            && freed.isEmpty && removedRuns.isEmpty
    }
}

extension ArchiveIndex {
    /// Throws when the disk or the index refuses; then nothing has changed.
    package func commit(_ changes: IndexChanges) throws {
        guard !changes.isEmpty else { return }
        try database.write { db in
            for stream in changes.streams {
                try db.execute("INSERT OR IGNORE INTO stream (id, name) VALUES (?, ?)", [stream.id, stream.name])
            }
            try Self.write(changes.runs, db)
            // Removed first: what is added may begin where something that goes began.
            try Self.remove(changes.removed, db)
            try Self.add(changes.added, db)
            for (stream, change) in changes.ledgers.sorted(by: { $0.key < $1.key }) {
                try Self.write(change, of: stream, db)
            }
            for part in changes.toFree {
                try db.execute(
                    "INSERT OR REPLACE INTO to_free VALUES (?, ?, ?)", [part.run.id, part.offset, part.length])
            }
            for run in Set(changes.toFree.map(\.run.id)).sorted() { try Self.narrow(run, db) }
            for part in changes.freed {
                try db.execute("DELETE FROM to_free WHERE run = ? AND offset = ?", [part.run.id, part.offset])
            }
            for run in changes.removedRuns {
                try db.execute("DELETE FROM to_free WHERE run = ?", [run])
                try db.execute("DELETE FROM run WHERE id = ?", [run])
            }
        }
    }

    private static func write(_ runs: [RunRow], _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO run (id, stream, path, start, first, end, origin, tracks, initialization_length, size,
                    segments, is_open)
                VALUES (?, (SELECT id FROM stream WHERE name = ?), ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)
                ON CONFLICT (id) DO UPDATE SET size = excluded.size, is_open = excluded.is_open
                """)
        for row in runs {
            try statement.execute(arguments: [
                row.run.id, row.run.stream, row.run.path, row.run.start.ticks, row.first.ticks, row.end.ticks,
                row.run.origin, Int64(bitPattern: row.run.tracksFingerprint), row.run.initializationLength, row.size,
                row.isOpen,
            ])
        }
    }

    private static func add(_ added: [(stream: Int64, segment: ArchivedSegment)], _ db: Database) throws {
        let insert = try db.cachedStatement(sql: "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        let countRun = try db.cachedStatement(
            sql: """
                UPDATE run SET first = CASE WHEN segments = 0 THEN ?1 ELSE min(first, ?1) END,
                    end = CASE WHEN segments = 0 THEN ?2 ELSE max(end, ?2) END, segments = segments + 1 WHERE id = ?3
                """)
        let countStream = try db.cachedStatement(
            sql: "UPDATE stream SET bytes = bytes + ?, segments = segments + 1 WHERE id = ?")
        for (stream, segment) in added {
            try insert.execute(arguments: [
                stream, segment.start.ticks, segment.duration.ticks, segment.run.id, segment.offset, segment.length,
                Data(segment.digest.bytes), segment.flags,
            ])
            try countRun.execute(arguments: [segment.start.ticks, segment.end.ticks, segment.run.id])
            try countStream.execute(arguments: [segment.length, stream])
        }
    }

    private static func remove(_ removed: [(stream: Int64, segment: ArchivedSegment)], _ db: Database) throws {
        let delete = try db.cachedStatement(sql: "DELETE FROM segment WHERE stream = ? AND start = ?")
        let countStream = try db.cachedStatement(
            sql: "UPDATE stream SET bytes = bytes - ?, segments = segments - 1 WHERE id = ?")
        var perRun: [Int64: Int64] = [:]
        for (stream, segment) in removed {
            try delete.execute(arguments: [stream, segment.start.ticks])
            try countStream.execute(arguments: [segment.length, stream])
            perRun[segment.run.id, default: 0] += 1
        }
        for (run, count) in perRun.sorted(by: { $0.key < $1.key }) {
            try db.execute("UPDATE run SET segments = segments - ? WHERE id = ?", [count, run])
            try narrow(run, db)
        }
    }

    /// Both ends of a run follow the segments that are left of it, so that ranges can be told from runs alone.
    private static func narrow(_ run: Int64, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                UPDATE run SET first = coalesce(
                    (SELECT s.start FROM segment s WHERE s.stream = run.stream AND s.start >= run.first
                        AND s.start < run.end AND s.run = run.id ORDER BY s.start LIMIT 1), run.end),
                    end = coalesce(
                    (SELECT s.start + s.duration FROM segment s WHERE s.stream = run.stream AND s.start >= run.first
                        AND s.start < run.end AND s.run = run.id ORDER BY s.start DESC LIMIT 1), run.first)
                WHERE id = ?
                """)
        try statement.execute(arguments: [run])
    }

    private static func write(_ change: IndexChanges.LedgerChange, of stream: Int64, _ db: Database) throws {
        try db.execute(
            "UPDATE stream SET horizon = ?, journal_generation = ?, journal_offset = ? WHERE id = ?",
            [change.ledger.horizon?.ticks, change.journal.generation, change.journal.offset, stream])
        try db.execute(
            "DELETE FROM gap WHERE stream = ? AND start <= ? AND end >= ?",
            [stream, change.touched.end.ticks, change.touched.start.ticks])
        for gap in change.ledger.gaps.gaps
        where gap.range.start <= change.touched.end && gap.range.end >= change.touched.start {
            try db.execute(
                "INSERT OR REPLACE INTO gap VALUES (?, ?, ?, ?)",
                [stream, gap.range.start.ticks, gap.range.end.ticks, gap.cause.rawValue])
        }
        try db.execute("DELETE FROM lock WHERE stream = ?", [stream])
        for lock in change.ledger.locks {
            try db.execute(
                "INSERT INTO lock VALUES (?, ?, ?, ?, ?)",
                [stream, lock.id, lock.range.start.ticks, lock.range.end.ticks, lock.note])
        }
    }
}

extension Database {
    /// Executes what is prepared once for all.
    fileprivate func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }
}

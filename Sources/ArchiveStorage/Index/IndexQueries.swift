// What readers ask of the index.
package import Archive
import GRDB
package import Media

extension ArchiveIndex {
    /// The segments of a stream that start in `range`, in the order of time, at most `limit` of them.
    package func segments(
        of stream: String, startingIn range: TimeRange, limit: Int = .max
    ) throws -> [ArchivedSegment] {
        try read { db in
            guard let id = try Self.id(of: stream, db) else { return [] }
            return try Self.segments(
                db, id, stream,
                sql: "SELECT \(ArchivedSegment.columns) FROM segment WHERE stream = ? AND start >= ? AND start < ? "
                    + "ORDER BY start LIMIT ?",
                [id, range.start.ticks, range.end.ticks, limit])
        }
    }

    /// The segment that starts at `start`.
    package func segment(of stream: String, start: MediaTime) throws -> ArchivedSegment? {
        try read { db in
            guard let id = try Self.id(of: stream, db) else { return nil }
            return try Self.segments(
                db, id, stream,
                sql: "SELECT \(ArchivedSegment.columns) FROM segment WHERE stream = ? AND start = ?",
                [id, start.ticks]
            ).first
        }
    }

    /// The last segment that starts before `time`: the only earlier one that may reach into what begins there.
    package func segment(of stream: String, startingBefore time: MediaTime) throws -> ArchivedSegment? {
        try read { db in
            guard let id = try Self.id(of: stream, db) else { return nil }
            return try Self.segments(
                db, id, stream,
                sql: "SELECT \(ArchivedSegment.columns) FROM segment WHERE stream = ? AND start < ? "
                    + "ORDER BY start DESC LIMIT 1",
                [id, time.ticks]
            ).first
        }
    }

    /// The segments that share time with `range`, in the order of time.
    ///
    /// Ends are in the order of starts (`SegmentUnion`), so those that begin before it are looked at from the last one
    /// backwards until one ends too early.
    package func segments(of stream: String, touching range: TimeRange) throws -> [ArchivedSegment] {
        var found = try segments(of: stream, startingIn: range)
        var before = range.start
        while let segment = try segment(of: stream, startingBefore: before), segment.end > range.start {
            found.insert(segment, at: 0)
            before = segment.start
        }
        return found
    }

    /// The segments of one run, in the order of the file.
    package func segments(ofRun run: ArchivedRun) throws -> [ArchivedSegment] {
        try read { db in
            guard let id = try Self.id(of: run.stream, db) else { return [] }
            guard
                let row = try Row.fetchOne(
                    db.cachedStatement(sql: "SELECT first, end FROM run WHERE id = ?"), arguments: [run.id])
            else { return [] }
            return try Self.segments(
                db, id, run.stream,
                sql: "SELECT \(ArchivedSegment.columns) FROM segment "
                    + "WHERE stream = ? AND start >= ? AND start < ? AND run = ? ORDER BY offset",
                [id, row[0] as Int64, row[1] as Int64, run.id])
        }
    }

    /// The runs of a stream, in the order of time.
    package func runs(of stream: String) throws -> [RunRow] {
        try read { db in
            guard let id = try Self.id(of: stream, db) else { return [] }
            return try Row.fetchAll(
                db, sql: "SELECT \(RunRow.columns) FROM run r WHERE stream = ? ORDER BY start, id", arguments: [id]
            ).map { RunRow($0, stream: stream) }
        }
    }

    package func run(path: String) throws -> RunRow? {
        try read { db in
            try Row.fetchOne(
                db.cachedStatement(
                    sql: "SELECT \(RunRow.columns), s.name FROM run r JOIN stream s ON s.id = r.stream WHERE path = ?"),
                arguments: [path]
            ).map { RunRow($0, stream: $0[11]) }
        }
    }

    /// Runs that were being written when the index was last changed.
    package func openRuns() throws -> [RunRow] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: "SELECT \(RunRow.columns), s.name FROM run r JOIN stream s ON s.id = r.stream "
                    + "WHERE is_open != 0 ORDER BY r.id"
            ).map { RunRow($0, stream: $0[11]) }
        }
    }

    /// The greatest id of a run; 0 when there is none.
    package func lastRunID() throws -> Int64 {
        try read { try Int64.fetchOne($0, sql: "SELECT max(id) FROM run") ?? 0 }
    }

    package func partsToFree() throws -> [FreedPart] {
        try read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: "SELECT \(RunRow.columns), s.name, f.offset, f.length FROM to_free f "
                        + "JOIN run r ON r.id = f.run JOIN stream s ON s.id = r.stream ORDER BY f.run, f.offset")
            ).map { FreedPart(run: RunRow($0, stream: $0[11]).run, offset: $0[12], length: $0[13]) }
        }
    }

    /// The bytes of the segments that touch `range`.
    package func bytes(of stream: String, touching range: TimeRange) throws -> Int64 {
        try read { db in
            guard let id = try Self.id(of: stream, db) else { return 0 }
            let first = try Int64.fetchOne(
                db.cachedStatement(
                    sql: "SELECT start FROM segment WHERE stream = ? AND start <= ? ORDER BY start DESC LIMIT 1"),
                arguments: [id, range.start.ticks])
            return try Int64.fetchOne(
                db.cachedStatement(
                    sql: "SELECT total(length) FROM segment WHERE stream = ? AND start >= ? AND start < ? "
                        + "AND start + duration > ?"),
                arguments: [id, first ?? range.start.ticks, range.end.ticks, range.start.ticks]) ?? 0
        }
    }

    static func id(of stream: String, _ db: Database) throws -> Int64? {
        try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT id FROM stream WHERE name = ?"), arguments: [stream])
    }

    private static func segments(
        _ db: Database, _ id: Int64, _ stream: String, sql: String, _ arguments: StatementArguments
    ) throws -> [ArchivedSegment] {
        var runs: [Int64: ArchivedRun] = [:]
        var result: [ArchivedSegment] = []
        let runStatement = try db.cachedStatement(sql: "SELECT \(RunRow.columns) FROM run r WHERE id = ?")
        let rows = try Row.fetchCursor(db.cachedStatement(sql: sql), arguments: arguments)
        while let row = try rows.next() {
            let runID: Int64 = row[2]
            if runs[runID] == nil, let found = try Row.fetchOne(runStatement, arguments: [runID]) {
                runs[runID] = RunRow(found, stream: stream).run
            }
            result.append(try ArchivedSegment(row, runs: runs))
        }
        return result
    }
}

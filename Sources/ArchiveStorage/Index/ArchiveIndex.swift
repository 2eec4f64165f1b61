// index.sqlite: opened, read and changed. Readers never wait for the writer (WAL).
package import Archive
import GRDB
import Media

/// The index of one store. Reading is possible from any thread at any time; changes come from the store's one writer.
package final class ArchiveIndex: Sendable {
    let database: any DatabaseWriter
    private let isInMemory: Bool

    /// Opens the index, and makes it when there is none.
    /// - Parameter path: nil keeps it in memory alone, for tests.
    /// - Returns: nil instead of an index that is damaged or of another version: set it aside and rebuild.
    package static func open(path: String?) throws -> ArchiveIndex? {
        var configuration = Configuration()
        configuration.label = "archive-index"
        configuration.maximumReaderCount = 4
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            // The inner pages of an index of 200 streams and a month, 20 MB, should mostly stay at hand; the default is 2 MB.
            try db.execute(sql: "PRAGMA cache_size = -8000")
            // A row must not survive a power cut that its bytes did not: each commit is on the disk when it returns.
            if !db.configuration.readonly { try db.execute(sql: "PRAGMA synchronous = FULL") }
        }
        do {
            let database: any DatabaseWriter =
                if let path { try DatabasePool(path: path, configuration: configuration) } else {
                    try DatabaseQueue(configuration: configuration)
                }
            let index = ArchiveIndex(database, isInMemory: path == nil)
            let version = try database.read { try Int.fetchOne($0, sql: "PRAGMA user_version") ?? 0 }
            if version == 0 {
                let isEmpty = try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_master") == 0 }
                guard isEmpty else { return nil }
                try database.write { try IndexSchema.create($0) }
            } else if version != IndexSchema.version {
                return nil
            }
            return index
        } catch let error as DatabaseError
            where error.resultCode == .SQLITE_CORRUPT || error.resultCode == .SQLITE_NOTADB
        {
            return nil
        }
    }

    /// Opens an existing index that a server may be writing at this moment.
    package static func openReadOnly(path: String) throws -> ArchiveIndex {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        return ArchiveIndex(try DatabaseQueue(path: path, configuration: configuration))
    }

    private init(_ database: any DatabaseWriter, isInMemory: Bool = false) {
        self.database = database
        self.isInMemory = isInMemory
    }

    /// Reads one state of the index.
    func read<Value>(_ value: (Database) throws -> Value) throws -> Value {
        // In memory readers share the writer's only connection, one at a time. `read` would forbid it to write and allow it
        // again around each look-up, and at both SQLite throws away everything it has prepared.
        guard isInMemory else { return try database.read(value) }
        return try database.unsafeRead(value)
    }

    package func streams() throws -> [StreamRow] {
        try read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT id, name, bytes, segments, journal_generation, journal_offset FROM stream ORDER BY name
                        """)
            ).map {
                StreamRow(
                    id: $0[0], name: $0[1], bytes: $0[2], segments: $0[3], journalGeneration: $0[4],
                    journalOffset: $0[5])
            }
        }
    }

    /// What the index knows of gaps and locks of a stream.
    package func ledger(of stream: Int64) throws -> StreamLedger {
        try read { db in
            var ledger = StreamLedger()
            if let horizon = try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT horizon FROM stream WHERE id = ?"), arguments: [stream])
            {
                ledger.apply(.horizon(MediaTime(ticks: horizon)))
            }
            let gaps = try Row.fetchAll(
                db.cachedStatement(sql: "SELECT start, end, cause FROM gap WHERE stream = ? ORDER BY start"),
                arguments: [stream])
            for row in gaps {
                guard let cause = GapCause(rawValue: row[2]) else {
                    throw ArchiveError(.damagedIndex, "a gap has the unknown cause `\(row[2] as String)`")
                }
                let range = TimeRange(MediaTime(ticks: row[0]), MediaTime(ticks: row[1]))
                ledger.apply(.gap(Gap(range, cause)))
            }
            let locks = try Row.fetchAll(
                db.cachedStatement(sql: "SELECT id, start, end, note FROM lock WHERE stream = ? ORDER BY id"),
                arguments: [stream])
            for row in locks {
                let range = TimeRange(MediaTime(ticks: row[1]), MediaTime(ticks: row[2]))
                ledger.apply(.lock(ProtectedRange(id: row[0], range: range, note: row[3])))
            }
            return ledger
        }
    }
}

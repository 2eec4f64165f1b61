// The tables of index.sqlite.
import GRDB

/// Times are 90 kHz ticks since 1970 UTC, lengths and offsets are bytes. Documented for operators in docs/archive.md.
enum IndexSchema {
    /// Stored as SQLite's `user_version`; an index of another version is set aside and rebuilt from the files.
    static let version = 1

    static func create(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE stream (
                    id INTEGER PRIMARY KEY,
                    name TEXT NOT NULL UNIQUE,
                    bytes INTEGER NOT NULL DEFAULT 0,
                    segments INTEGER NOT NULL DEFAULT 0,
                    horizon INTEGER,
                    journal_generation INTEGER NOT NULL DEFAULT 0,
                    journal_offset INTEGER NOT NULL DEFAULT 0);
                CREATE TABLE run (
                    id INTEGER PRIMARY KEY,
                    stream INTEGER NOT NULL,
                    path TEXT NOT NULL UNIQUE,
                    start INTEGER NOT NULL,
                    first INTEGER NOT NULL,
                    end INTEGER NOT NULL,
                    origin TEXT NOT NULL,
                    tracks INTEGER NOT NULL,
                    initialization_length INTEGER NOT NULL,
                    size INTEGER NOT NULL,
                    segments INTEGER NOT NULL,
                    is_open INTEGER NOT NULL);
                CREATE INDEX run_by_stream ON run (stream, start);
                CREATE TABLE segment (
                    stream INTEGER NOT NULL,
                    start INTEGER NOT NULL,
                    duration INTEGER NOT NULL,
                    run INTEGER NOT NULL,
                    offset INTEGER NOT NULL,
                    length INTEGER NOT NULL,
                    digest BLOB NOT NULL,
                    flags INTEGER NOT NULL,
                    PRIMARY KEY (stream, start)) WITHOUT ROWID;
                CREATE TABLE gap (
                    stream INTEGER NOT NULL,
                    start INTEGER NOT NULL,
                    end INTEGER NOT NULL,
                    cause TEXT NOT NULL,
                    PRIMARY KEY (stream, start)) WITHOUT ROWID;
                CREATE TABLE lock (
                    stream INTEGER NOT NULL,
                    id INTEGER NOT NULL,
                    start INTEGER NOT NULL,
                    end INTEGER NOT NULL,
                    note TEXT NOT NULL,
                    PRIMARY KEY (stream, id)) WITHOUT ROWID;
                CREATE TABLE to_free (
                    run INTEGER NOT NULL,
                    offset INTEGER NOT NULL,
                    length INTEGER NOT NULL,
                    PRIMARY KEY (run, offset)) WITHOUT ROWID;
                PRAGMA user_version = \(version);
                """)
    }
}

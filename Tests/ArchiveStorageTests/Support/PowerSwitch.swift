// Ends the life of an index together with that of its virtual disk.
import GRDB

@testable import ArchiveStorage

/// What is committed after the power went never was.
final class PowerSwitch: TransactionObserver {
    private let disk: MemoryFileSystem
    init(_ disk: MemoryFileSystem) { self.disk = disk }
    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { false }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseWillCommit() throws { try disk.check("commit", RunPath.indexName) }
    func databaseDidCommit(_ db: Database) {}
    func databaseDidRollback(_ db: Database) {}
}

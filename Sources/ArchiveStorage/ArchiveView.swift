// What the writer publishes for readers on other threads: ledgers, segments that the index does not have yet, leases.
import Archive
import Media
import Synchronization

/// Shared by a store's writer and its readers. Nobody holds its lock while a disk is asked.
final class ArchiveView: Sendable {
    /// One stream as its readers see it.
    struct Stream: Sendable {
        var ledger = StreamLedger()
        /// Closed and written, not yet in the index; in the order of time of writing.
        var unindexed: [ArchivedSegment] = []
        /// End of the newest closed segment.
        var end: MediaTime?
        /// Start of the newest segment that is being recorded: other servers' segments up to it may come.
        var recordedEnd: MediaTime?
        /// Why nothing is recorded now; nil while a segment is being written.
        var pause: GapCause?
        /// Of the segments that the index has.
        var bytes: Int64 = 0
        var segments: Int64 = 0
        var policy = RetentionPolicy()
    }

    private struct State: Sendable {
        var streams: [String: Stream] = [:]
        var statistics = ArchiveStatistics()
        /// Readers per path of a run file.
        var leases: [String: Int] = [:]
        /// Look-ups under way, by the generation in which they began.
        var lookUps: [Int: Int] = [:]
        var generation = 0
    }

    private let state = Mutex(State())
    /// Summaries of whole hours, so that comparing a year does not read a year of rows.
    let hours = HourCache()

    /// Segments came or went.
    func changed(_ name: String, _ segments: [ArchivedSegment]) {
        hours.forget(name, segments)
    }

    func stream(_ name: String) -> Stream? { state.withLock { $0.streams[name] } }
    func streams() -> [String: Stream] { state.withLock { $0.streams } }

    func update(_ name: String, _ change: (inout Stream) -> Void) {
        state.withLock { change(&$0.streams[name, default: Stream()]) }
    }

    var statistics: ArchiveStatistics { state.withLock { $0.statistics } }

    func count(_ change: (inout ArchiveStatistics) -> Void) { state.withLock { change(&$0.statistics) } }

    func lease(_ path: String) { state.withLock { $0.leases[path, default: 0] += 1 } }

    func endLease(_ path: String) {
        state.withLock { state in
            guard let count = state.leases[path] else { return }
            state.leases[path] = count > 1 ? count - 1 : nil
        }
    }

    /// While `find` runs, no bytes are freed of what it may have found.
    func holding<T>(_ find: () throws -> T) rethrows -> T {
        let generation = state.withLock { state in
            state.lookUps[state.generation, default: 0] += 1
            return state.generation
        }
        defer {
            state.withLock { state in
                let left = (state.lookUps[generation] ?? 1) - 1
                state.lookUps[generation] = left > 0 ? left : nil
            }
        }
        return try find()
    }

    /// Look-ups from here on are of a new generation. To be called when rows are gone: what begins later cannot find them, so that
    /// a crowd of readers never keeps bytes from being freed.
    func beginGeneration() -> Int {
        state.withLock { state in
            state.generation += 1
            return state.generation
        }
    }

    /// Whether somebody still looks up who began before `generation`.
    func isLookedUp(before generation: Int) -> Bool {
        state.withLock { $0.lookUps.keys.contains { $0 < generation } }
    }

    func isLeased(_ path: String) -> Bool { state.withLock { $0.leases[path] != nil } }
}

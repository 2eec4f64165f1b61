// One stream on the writer's side: its open run, its ledger with the journal's unwritten lines, its fault.
import Archive
import Media

/// Belongs to the writer.
final class StreamWriting {
    let id: Int64
    let name: String
    var ledger: StreamLedger
    var run: OpenRun?
    /// Runs that are written with what other servers have, oldest first.
    var fetched: [OpenRun] = []
    /// Segments of the index that go with the next commit, as what supersedes them comes.
    var superseded: [ArchivedSegment] = []
    /// Their deletion is noted, but the index would not take it.
    var doomed: [ArchivedSegment] = []
    /// Runs that no chunk follows, with bytes that are not written, synced or indexed yet.
    var finished: [OpenRun] = []
    /// Runs whose writing failed: to be recovered before anything else is written.
    var damaged: [OpenRun] = []
    /// End of the newest segment, open or closed.
    var end: MediaTime?
    /// No segment that the index has ends before this: until then age has nothing to take. Nil before anybody has looked.
    var oldestEnd: MediaTime?
    /// Why the next gap will be.
    var pause: GapCause = .serverDown
    /// Where the segment that is being written must end, because what follows is recorded already.
    var limit: MediaTime?
    var fault: Fault?
    /// The overlap was told already for this stretch.
    var isRefusalTold = false

    /// Journal: where it ends, and lines that it lacks.
    var journal: IndexChanges.Journal
    var journalLines = ""
    /// The journal is missing or damaged and must be written anew.
    var isJournalLost = false
    /// The journal has lines that a power cut would take.
    var isJournalDirty = false
    /// Behind its end the journal may have a part of lines whose writing failed.
    var isJournalTorn = false
    /// Where gaps changed since the last commit; nil when the ledger did not.
    var touched: TimeRange?

    struct Fault {
        var error: FileSystemError
        var retryAt: Duration
        var attempts: Int
    }
    /// Failures in a row; only a written segment sets it back.
    var attempts = 0

    init(id: Int64, name: String, ledger: StreamLedger, journal: IndexChanges.Journal) {
        self.id = id
        self.name = name
        self.ledger = ledger
        self.journal = journal
    }

    /// Runs with something that is not in the index yet, oldest first.
    var runs: [OpenRun] { finished + fetched + (run.map { [$0] } ?? []) }

    /// Changes the ledger, and remembers to write it to journal and index.
    func record(_ entry: StreamLedger.Entry) {
        ledger.apply(entry)
        journalLines += JournalText.line(entry)
        switch entry {
        case .gap(let gap): touch(gap.range)
        case .clear(let range): touch(range)
        case .forget(let time): touch(TimeRange(TimeRange.always.start, time))
        case .lock, .unlock, .horizon: touch(touched ?? TimeRange(MediaTime(ticks: 0), MediaTime(ticks: 0)))
        }
    }

    /// The index has got these.
    func indexed(_ segments: [ArchivedSegment]) {
        guard let known = oldestEnd else { return }
        oldestEnd = segments.reduce(known) { min($0, $1.end) }
    }

    func touch(_ range: TimeRange) {
        touched = touched.map { TimeRange(min($0.start, range.start), max($0.end, range.end)) } ?? range
    }
}

// Writes what was fetched from other servers: runs of their own (`.r.mp4`), beside the run that is being recorded.
import Archive
import CMAF
import Media

extension ArchiveWriter {
    /// Fetched runs of one stream that may be open at a time: as many as orders can be under way from two peers.
    static let mostFetchedRuns = 4

    /// Writes a verified segment, unless it is not wanted any more. Its row, the rows and bytes of what it supersedes and the
    /// gap that it fills change together with the next sync.
    ///
    /// - Throws: `FileSystemError` when the disk refuses; the stream is then faulty like one whose recording fails.
    func keep(_ fetched: FetchedSegment, of name: String, at now: ArchiveInstant) throws -> FetchResult {
        let stream = stream(name)
        if let fault = stream.fault { throw fault.error }
        let offer = fetched.offer
        if let reason = objection(to: offer, stream) { return .declined(reason) }
        var near = try neighbours(of: offer.range, stream)
        if near.contains(where: { $0.covers(offer) }) { return .covered }
        var victims = near.filter { offer.supersedes($0) }
        if victims.contains(where: { view.isLeased($0.run.path) }) {
            return .declined("a shorter one is being sent to somebody")
        }
        if !victims.isEmpty {
            // What goes must be known to the index, so that rows come and go in one step.
            flush(at: now)
            sync(at: now)
            if let fault = stream.fault { throw fault.error }
            near = try neighbours(of: offer.range, stream)
            victims = near.filter { offer.supersedes($0) }
            guard stream.runs.allSatisfy({ run in !run.pending.contains { offer.supersedes($0) } }) else {
                return .declined("the index cannot be written")
            }
        }
        do throws(FileSystemError) {
            let run = try fetchedRun(for: fetched, stream)
            note(offer, stream)
            try writeJournal(of: stream, durably: false)
            run.append(fetched)
        } catch {
            fail(stream, error, now)
            throw error
        }
        stream.superseded += victims
        if staged.last !== stream { staged.append(stream) }
        flush(at: now)
        if let fault = stream.fault { throw fault.error }
        view.count {
            $0.segmentsFetched += 1
            $0.bytesFetched += Int64(offer.length)
        }
        if !victims.isEmpty { sync(at: now) }
        return .kept(superseded: victims.count)
    }

    /// What was being fetched for the stream is fetched for now: its files are closed.
    func finishFetching(_ name: String) {
        guard let stream = streams[name] else { return }
        finishFetched(stream)
    }

    func finishFetched(_ stream: StreamWriting) {
        for run in stream.fetched {
            run.isFinished = true
            run.isDirty = true
        }
        stream.finished += stream.fetched
        stream.fetched = []
    }

    private func objection(to offer: OfferedSegment, _ stream: StreamWriting) -> String? {
        if stream.ledger.gaps.deleted.overlaps(offer.range) { return "it was deleted here" }
        if let horizon = stream.ledger.horizon, offer.start < horizon { return "it was deleted here for want of space" }
        if let open = stream.run?.open, offer.end > open.start { return "it is newer than what is being recorded" }
        return nil
    }

    /// Closed segments that touch `range`, indexed or not.
    private func neighbours(of range: TimeRange, _ stream: StreamWriting) throws -> [ArchivedSegment] {
        try index.segments(of: stream.name, touching: range)
            + (stream.runs + stream.damaged).flatMap(\.pending).filter { $0.range.overlaps(range) }
    }

    /// The gap before it, if it is the newest now, and the gap that it fills.
    private func note(_ offer: OfferedSegment, _ stream: StreamWriting) {
        if let end = stream.end, offer.start > end {
            stream.record(.gap(Gap(TimeRange(end, offer.start), stream.pause)))
        }
        if !stream.ledger.gaps.gaps(in: offer.range).isEmpty { stream.record(.clear(offer.range)) }
        stream.end = max(stream.end ?? offer.end, offer.end)
    }

    private func fetchedRun(
        for fetched: FetchedSegment, _ stream: StreamWriting
    ) throws(FileSystemError) -> OpenRun {
        let offer = fetched.offer
        let fitting = stream.fetched.first { run in
            run.end == offer.start && !offer.isDiscontinuous && run.run.tracksFingerprint == offer.tracksFingerprint
                && run.run.origin == offer.origin
                && run.run.start.index(of: DigestPeriod.hour) == offer.start.index(of: DigestPeriod.hour)
        }
        if let fitting { return fitting }
        if stream.fetched.count >= Self.mostFetchedRuns {
            let oldest = stream.fetched.removeFirst()
            oldest.isFinished = true
            oldest.isDirty = true
            stream.finished.append(oldest)
        }
        let (run, file) = try createRun(
            of: stream, start: offer.start, origin: offer.origin, initialization: fetched.tracks.initialization,
            isFetched: true)
        let open = OpenRun(
            run, tracks: fetched.tracks.tracks, initialization: fetched.tracks.initialization,
            isDiscontinuous: offer.isDiscontinuous, file: file)
        // A start looks for unknown files in the newest day only. This one may lie in any: its row goes before its bytes.
        var changes = IndexChanges()
        changes.streams = newStreams
        changes.runs = [open.row(isOpen: true)]
        do { try index.commit(changes) } catch {
            tellIndexFailure(error)
            throw FileSystemError(.other, operation: "write", path: RunPath.indexName, reason: "\(error)")
        }
        newStreams.removeAll()
        stream.fetched.append(open)
        return open
    }

    /// Sorts out segments that were found in files: of those that share time, the ones that supersede stay. A crash
    /// between a row and the bytes that it replaces, or an index that is lost, leave both in the files.
    func resolveOverlaps(of stream: StreamWriting, _ changes: inout IndexChanges) throws {
        let others = changes.added.filter { $0.stream != stream.id }
        let (kept, dropped) = SegmentUnion.kept(changes.added.filter { $0.stream == stream.id }.map(\.segment))
        changes.toFree += Self.parts(dropped)
        var removed = Set(changes.removed.filter { $0.stream == stream.id }.map(\.segment.start))
        var added: [ArchivedSegment] = []
        let isIndexed = try index.segment(of: stream.name, startingBefore: TimeRange.always.end) != nil
        for segment in kept {
            let near =
                isIndexed
                ? try index.segments(of: stream.name, touching: segment.range).filter { !removed.contains($0.start) }
                : []
            if near.contains(where: { $0.covers(segment) }) {
                changes.toFree += Self.parts([segment])
                continue
            }
            let victims = near.filter { segment.supersedes($0) }
            removed.formUnion(victims.map(\.start))
            changes.removed += victims.map { (stream.id, $0) }
            changes.toFree += Self.parts(victims)
            added.append(segment)
        }
        changes.added = others + added.map { (stream.id, $0) }
        for segment in added where !stream.ledger.gaps.gaps(in: segment.range).isEmpty {
            stream.record(.clear(segment.range))
        }
    }
}

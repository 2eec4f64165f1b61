// Initialisation segments of archived runs, kept by the hash of their bytes.
import Archive
import ArchiveStorage
import CMAF
import Media
import Synchronization

/// What the runs of an archive are made of. Content is named by its hash, so nothing here grows old.
final class ArchiveHeaders: Sendable {
    private struct State {
        var tracks: [UInt64: TrackSet] = [:]
        var headers: [String: Representation] = [:]
    }

    private static let largestCount = 1024
    private let state = Mutex(State())

    /// The tracks of a run, from the beginning of its file.
    func tracks(of run: ArchivedRun, in store: ArchiveStore) throws -> TrackSet {
        if let known = state.withLock({ $0.tracks[run.tracksFingerprint] }) { return known }
        let tracks = try InitializationSegment.read(try store.initialization(of: run))
        state.withLock { state in
            if state.tracks.count >= Self.largestCount { state.tracks.removeAll() }
            state.tracks[run.tracksFingerprint] = tracks
        }
        return tracks
    }

    /// The name of the header for all tracks of a run; nil when players can take none of them.
    func name(of run: ArchivedRun, in store: ArchiveStore) throws -> String? {
        let tracks = try tracks(of: run, in: store)
        guard let (made, fingerprint) = Self.make(tracks, .all) else { return nil }
        keep(made, fingerprint, .all)
        return RenditionName.initialization(fingerprint, .all)
    }

    /// The header of this hash, for the tracks of some run of the stream; nil when no run has such tracks.
    func representation(
        _ fingerprint: String, _ selection: TrackSelection, of stream: String, in store: ArchiveStore
    ) throws -> Representation? {
        if let known = state.withLock({ $0.headers["\(fingerprint)-\(selection)"] }) { return known }
        for run in try store.reader.runsByTracks(of: stream) {
            guard let (made, found) = Self.make(try tracks(of: run, in: store), selection),
                found.description == fingerprint
            else { continue }
            keep(made, found, selection)
            return made
        }
        return nil
    }

    private func keep(_ made: Representation, _ fingerprint: Fingerprint, _ selection: TrackSelection) {
        state.withLock { state in
            if state.headers.count >= Self.largestCount { state.headers.removeAll() }
            state.headers["\(fingerprint)-\(selection)"] = made
        }
    }

    private static func make(_ tracks: TrackSet, _ selection: TrackSelection) -> (Representation, Fingerprint)? {
        let ids = tracks.ids(of: selection)
        guard !ids.isEmpty else { return nil }
        let bytes = InitializationSegment.write(tracks, only: ids)
        let fingerprint = InitializationSegment.fingerprint(bytes)
        return (
            Representation(
                contentType: tracks.contentType(of: ids), pieces: [bytes], entityTag: "\"\(fingerprint)\""),
            fingerprint
        )
    }
}

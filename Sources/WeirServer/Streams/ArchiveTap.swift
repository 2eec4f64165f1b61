// Where a stream's chunks leave for its archive: stays with the stream while recorders come and go.
import Archive
import ArchiveStorage
import Media
import NIOConcurrencyHelpers

/// Hands the chunks of one stream to whatever records it at the moment, if anything does. May be used from any thread.
final class ArchiveTap: Sendable {
    private struct State {
        var recorder: ArchiveRecorder?
        var store: ObjectIdentifier?
        /// A recording begins with a segment: what is handed over in the middle of one has no place in an archive.
        var waitsForSegment = true
        /// The filler of a `backup` line is recorded too.
        var takesFiller = false
    }

    private let state = NIOLockedValueBox(State())

    /// Never waits for a disk.
    /// - Parameter isFiller: the chunk comes from the `backup` file: the stream's own media are away.
    func append(_ chunk: Chunk, isFiller: Bool) {
        state.withLockedValue { state in
            guard let recorder = state.recorder else { return }
            if isFiller, !state.takesFiller {
                if !state.waitsForSegment { recorder.pause(.sourceAway) }
                state.waitsForSegment = true
                return
            }
            if state.waitsForSegment {
                guard chunk.startsSegment else { return }
                state.waitsForSegment = false
            }
            recorder.append(chunk)
        }
    }

    /// The stream runs, but no input delivers anything for now.
    func mediaLost() {
        state.withLockedValue { $0.recorder?.pause(.sourceAway) }
    }

    func isRecording(in store: ArchiveStorage.ArchiveStore) -> Bool {
        state.withLockedValue { $0.recorder != nil && $0.store == ObjectIdentifier(store) }
    }

    func start(_ recorder: ArchiveRecorder, in store: ArchiveStorage.ArchiveStore, takesFiller: Bool) {
        stop()
        state.withLockedValue {
            $0 = State(
                recorder: recorder, store: ObjectIdentifier(store), waitsForSegment: true, takesFiller: takesFiller)
        }
    }

    func setTakesFiller(_ value: Bool) { state.withLockedValue { $0.takesFiller = value } }

    /// Recording ends here, on purpose.
    func stop() {
        state.withLockedValue {
            $0.recorder?.pause(.serverDown)
            $0 = State()
        }
    }
}

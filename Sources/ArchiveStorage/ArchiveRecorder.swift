// What a stream hands its chunks to.
package import Archive
package import Media
import Synchronization

/// Records one stream. Callable from any thread; nothing here waits for a disk.
package final class ArchiveRecorder: Sendable {
    package let stream: String
    private let queue: CommandQueue
    private let view: ArchiveView
    private let report: @Sendable (ArchiveEvent) -> Void
    /// Chunks are dropped until a segment starts and there is room.
    private let isDropping = Mutex(false)

    init(
        stream: String, queue: CommandQueue, view: ArchiveView, report: @escaping @Sendable (ArchiveEvent) -> Void
    ) {
        self.stream = stream
        self.queue = queue
        self.view = view
        self.report = report
    }

    /// Hands over a chunk; returns at once. Chunks of one stream come in their order.
    ///
    /// When the disk is slower than the media and the queue is full, the chunk and those up to the next segment with room
    /// are dropped: the segment ends early, a gap with the cause `write-dropped` is recorded and told once.
    package func append(_ chunk: Chunk) {
        let isNew: Bool? = isDropping.withLock { isDropping in
            if isDropping, !chunk.startsSegment { return false }
            if queue.offer(chunk, of: stream) {
                isDropping = false
                return nil
            }
            defer { isDropping = true }
            return !isDropping
        }
        guard let isNew else { return }
        view.count { $0.chunksDropped += 1 }
        if isNew, queue.post(.pause(stream: stream, .writeDropped)) {
            report(.writeDropped(stream: stream, from: chunk.start))
        }
    }

    /// The stream delivers nothing for now: its open segment ends here, and the gap that follows has this cause.
    package func pause(_ cause: GapCause = .sourceAway) {
        _ = queue.post(.pause(stream: stream, cause))
    }
}

// One viewer of an endless transport stream out of an archive: from an instant on, or live so much later.
import Archive
import ArchiveStorage
import CMAF
import Media
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Lives on the connection's event loop. A segment is read when the client has taken the one before.
final class ArchiveFollower {
    /// Where it begins, and how close to now it may come.
    struct Course: Hashable, Sendable {
        var start: MediaTime
        /// A segment is sent when it ended so long ago.
        var delay: MediaSpan
    }

    /// Between two looks for a segment that is not there yet.
    private static let pause = TimeAmount.milliseconds(250)
    /// A stream that records nothing for so long has ended for its viewers.
    private static let patience = MediaSpan.seconds(60)
    /// A delayed stream begins with what it has to show at once.
    static let backStep = MediaSpan.seconds(10)

    private let archive: ArchivePlayback
    private let store: ArchiveStore
    private let stream: String
    private let delay: MediaSpan
    private let context: ChannelHandlerContext
    private let counters: SessionCounters
    private let finished: () -> Void
    private var state: State
    private var isOver = false

    /// What is carried from segment to segment.
    private struct State: Sendable {
        var position: MediaTime
        var last: PlaybackSelection.Entry?
        var joint = TransportStreamJoint()
        var waitsSince: MediaTime?
    }

    private enum Step: Sendable {
        case send(ByteBuffer, State)
        case wait(State)
        case end
    }

    init(
        _ course: Course, archive: ArchivePlayback, store: ArchiveStore, stream: String,
        context: ChannelHandlerContext, counters: SessionCounters, finished: @escaping () -> Void
    ) {
        self.archive = archive
        self.store = store
        self.stream = stream
        delay = course.delay
        self.context = context
        self.counters = counters
        self.finished = finished
        state = State(position: course.start)
    }

    func stop() { isOver = true }

    func send() {
        guard !isOver else { return }
        let (archive, store, stream, delay, state) = (archive, store, stream, delay, state)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        archive.threads.runIfActive(eventLoop: context.eventLoop) {
            try Self.step(state, archive: archive, store: store, stream: stream, delay: delay)
        }.whenComplete { result in
            switch result {
            case .success(let step): bound.value.take(step)
            case .failure: bound.value.end()
            }
        }
    }

    /// The next segment as packets. Blocks.
    private static func step(
        _ state: State, archive: ArchivePlayback, store: ArchiveStore, stream: String, delay: MediaSpan
    ) throws -> Step {
        var state = state
        let now = archive.now()
        let found = try store.holding {
            try next(of: stream, from: state.position, in: store).map { ($0, store.lease($0.segment)) }
        }
        guard let (found, lease) = found, found.segment.end <= now - delay else {
            let since = state.waitsSince ?? now
            state.waitsSince = since
            return now - since > patience ? .end : .wait(state)
        }
        var entry = found
        entry.isDiscontinuous = state.last.map { $0.isCut || !entry.segment.continues($0.segment) } ?? false
        let segment = entry.segment
        let bytes = try store.bytes(of: segment)
        state.joint.advance(to: entry)
        let frames = try TransportStreamJoint.frames(of: entry, bytes)
        state.joint.played(frames)
        let packets = TransportStreamJoint.packets(
            of: frames, tracks: try archive.headers.tracks(of: segment.run, in: store), shift: state.joint.shift,
            version: state.joint.version)
        withExtendedLifetime(lease) {}
        state.last = entry
        state.position = entry.end
        state.waitsSince = nil
        return .send(packets, state)
    }

    /// What plays from an instant on, as far as what overlaps it is there.
    private static func next(
        of stream: String, from position: MediaTime, in store: ArchiveStore
    ) throws -> PlaybackSelection.Entry? {
        guard let first = try store.reader.segment(of: stream, startingFrom: position) else { return nil }
        // What begins at its end decides whether others may take over.
        let range = TimeRange(first.start, first.end + MediaSpan(ticks: 1))
        return try store.reader.selection(of: stream, in: range).entries.first
    }

    private func take(_ step: Step) {
        guard !isOver else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        switch step {
        case .end: end()
        case .wait(let state):
            self.state = state
            context.eventLoop.scheduleTask(in: Self.pause) { bound.value.send() }
        case .send(let bytes, let state):
            self.state = state
            counters.bytes.wrappingAdd(bytes.readableBytes, ordering: .relaxed)
            let written = context.eventLoop.makePromise(of: Void.self)
            written.futureResult.whenComplete { result in
                guard case .success = result else { return bound.value.end() }
                bound.value.send()
            }
            context.writeAndFlush(NIOAny(HTTPServerResponsePart.body(.byteBuffer(bytes))), promise: written)
        }
    }

    private func end() {
        guard !isOver else { return }
        isOver = true
        finished()
    }
}

extension ArchiveRoute {
    /// Nil for what is no endless stream.
    func course(at now: MediaTime) -> ArchiveFollower.Course? {
        switch self {
        case .follow(let from): .init(start: from, delay: .zero)
        // What is being sent at any moment is a segment that ended so long ago; it begins with the newest such.
        case .followDelayed(let delay): .init(start: now - delay - ArchiveFollower.backStep, delay: delay)
        default: nil
        }
    }
}

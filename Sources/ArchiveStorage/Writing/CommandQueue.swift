// The bounded queue between recorders and the writer thread.
import Archive
import Dispatch
import Glibc
import Media
import NIOCore
import Synchronization

/// What a store's writer is asked to do, in order.
enum ArchiveCommand: Sendable {
    case append(stream: String, Chunk)
    case pause(stream: String, GapCause)
    case perform(@Sendable (ArchiveWriter, ArchiveInstant) -> Void)
}

/// Bounded by the bytes of its chunks; everything else is rare and small and always taken.
final class CommandQueue: Sendable {
    private struct State {
        var commands: [ArchiveCommand] = []
        var bytes = 0
        var isClosed = false
        var isWoken = false
    }
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    let limit: Int

    init(limit: Int) { self.limit = limit }

    var bytes: Int { state.withLock { $0.bytes } }

    /// - Returns: false when there is no room or the queue is closed: nothing was taken.
    func offer(_ chunk: Chunk, of stream: String) -> Bool {
        let size = chunk.bytes.readableBytes
        return add { state in
            guard !state.isClosed, state.bytes + size <= limit || state.bytes == 0 else { return false }
            state.bytes += size
            state.commands.append(.append(stream: stream, chunk))
            return true
        }
    }

    /// - Returns: false when the queue is closed.
    func post(_ command: ArchiveCommand) -> Bool {
        add { state in
            guard !state.isClosed else { return false }
            state.commands.append(command)
            return true
        }
    }

    private func add(_ change: (inout State) -> Bool) -> Bool {
        let (isTaken, mustWake) = state.withLock { state in
            let isTaken = change(&state)
            let mustWake = isTaken && !state.isWoken
            if mustWake { state.isWoken = true }
            return (isTaken, mustWake)
        }
        if mustWake { wake.signal() }
        return isTaken
    }

    /// Nothing is taken any more; what is in the queue is still handed out.
    func close() {
        let mustWake = state.withLock { state in
            state.isClosed = true
            defer { state.isWoken = true }
            return !state.isWoken
        }
        if mustWake { wake.signal() }
    }

    /// After a first command, so long others are waited for: 200 streams hand over a thousand chunks in a second, and a wake
    /// of the thread for each costs more than writing it. Far less than a chunk lasts, so that a killed process loses no more.
    private static let gathering: UInt32 = 10_000

    /// Waits for commands, at most a quarter of a second, and takes all. Their bytes count until `done`.
    func take() -> (commands: [ArchiveCommand], isClosed: Bool) {
        if wake.wait(timeout: .now() + .milliseconds(250)) == .success, !state.withLock({ $0.isClosed }) {
            usleep(Self.gathering)
        }
        return state.withLock { state in
            state.isWoken = false
            defer { state.commands = [] }
            return (state.commands, state.isClosed)
        }
    }

    /// The chunks of a batch are written: their room is free again.
    func done(_ commands: [ArchiveCommand]) {
        let bytes = commands.reduce(0) { sum, command in
            if case .append(_, let chunk) = command { sum + chunk.bytes.readableBytes } else { sum }
        }
        state.withLock { $0.bytes -= bytes }
    }
}

extension ArchiveWriter {
    /// One turn of the writer: a batch of commands, then what is due.
    func step(_ commands: [ArchiveCommand], at now: ArchiveInstant) {
        for command in commands {
            switch command {
            case .append(let stream, let chunk): append(chunk, to: stream, at: now)
            case .pause(let stream, let cause): pause(stream, cause)
            case .perform(let work):
                flush(at: now)
                work(self, now)
            }
        }
        flush(at: now)
        retryIfDue(at: now)
        syncIfDue(at: now)
        keepIfDue(at: now)
    }

    /// The last step: all open segments end, everything is synced.
    func stop(at now: ArchiveInstant) {
        for stream in sortedStreams {
            finishRun(stream)
            finishFetched(stream)
        }
        flush(at: now)
        sync(at: now)
    }
}

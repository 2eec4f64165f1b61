// Keeps the streams of the configuration running: starts, updates and stops them, and finds them by name.
import LiveStream
import Media
import NIOConcurrencyHelpers
import NIOCore
import SettingsLanguage

/// The streams of this server. May be used from any thread; `locate` is called on every player request.
final class StreamKeeper: StreamDirectory {
    struct Entry {
        var settings: StreamSettings
        var definition: LiveStreamDefinition
        var running: LiveStream?
        /// The group says when this server captures it.
        var isManaged: Bool
        /// It starts when the one of its name before has closed its inputs.
        fileprivate var start: Continuing?
    }

    /// Where a stream goes on that ran elsewhere; nil when it begins anew.
    typealias Continuing = @Sendable (LiveStreamDefinition) -> StreamContinuation?
    private typealias Ending = (name: String, closed: EventLoopFuture<Void>)

    private struct State {
        var settings = ServerSettings()
        private(set) var entries: [String: Entry] = [:]
        /// Those of the entries: a player's request does not copy a whole one.
        private(set) var running: [String: LiveStream] = [:]
        /// Names in the order of the configuration.
        var names: [String] = []
        var isStopped = false
        /// Streams that were stopped and may still read their sources, which may allow one reader: the next of a name waits.
        var ending: [String: EventLoopFuture<Void>] = [:]
        /// Answers for streams that the group runs elsewhere.
        var locateInGroup: (@Sendable (String) -> StreamLocation)?

        subscript(name: String) -> Entry? {
            get { entries[name] }
            set {
                entries[name] = newValue
                running[name] = newValue?.running
            }
        }

        mutating func removeAll() {
            entries.removeAll()
            running.removeAll()
            names.removeAll()
        }
    }

    /// How long what an input received may wait for what others receive.
    private static let mailPause = TimeAmount.milliseconds(10)

    private let state = NIOLockedValueBox(State())
    /// One for each event loop.
    private let mailboxes: [ObjectIdentifier: InputMailbox]
    private let eventLoops: any EventLoopGroup
    private let environment: @Sendable (_ stream: StreamSettings) -> LiveStream.Environment

    init(
        eventLoops: any EventLoopGroup,
        environment: @escaping @Sendable (_ stream: StreamSettings) -> LiveStream.Environment
    ) {
        self.eventLoops = eventLoops
        var mailboxes: [ObjectIdentifier: InputMailbox] = [:]
        for loop in eventLoops.makeIterator() {
            mailboxes[ObjectIdentifier(loop)] = InputMailbox(loop, pause: Self.mailPause)
        }
        self.mailboxes = mailboxes
        self.environment = environment
    }

    /// Batches of media that came while an event loop had too much waiting.
    var droppedBatches: UInt64 { mailboxes.values.reduce(0) { $0 + $1.droppedBatches } }

    /// Makes the running streams those of `settings`. Streams that did not change are not touched; one that has to begin anew
    /// does so when it has closed its inputs.
    /// Returns what was done, one line for each thing that changed.
    func apply(_ settings: ServerSettings) -> [String] {
        var ended: [Ending] = []
        let change = state.withLockedValue { state -> SettingsChange? in
            guard !state.isStopped else { return nil }
            let change = SettingsChange(from: state.settings, to: settings)
            state.settings = settings
            for stream in change.removed { remove(stream.name, from: &state, ended: &ended) }
            for stream in change.added where !stream.isDisabled { add(stream, to: &state) }
            for changed in change.changed { apply(changed.new, to: &state, ended: &ended) }
            state.names = settings.streams.filter { !$0.isDisabled }.map(\.name)
            return change
        }
        follow(ended)
        return change.map { $0.streamLines + $0.serverLines } ?? []
    }

    private func remove(_ name: String, from state: inout State, ended: inout [Ending]) {
        guard var entry = state[name] else { return }
        state[name] = nil
        end(&entry, in: &state, ended: &ended)
    }

    private func add(_ stream: StreamSettings, to state: inout State) {
        let isManaged = state.settings.hasGroup && stream.clusterIngest != nil
        var entry = Entry(settings: stream, definition: LiveStreamDefinition(stream), isManaged: isManaged)
        if !isManaged { start(&entry, in: state) }
        state[stream.name] = entry
    }

    private func apply(_ stream: StreamSettings, to state: inout State, ended: inout [Ending]) {
        guard !stream.isDisabled else { return remove(stream.name, from: &state, ended: &ended) }
        guard var entry = state[stream.name] else { return add(stream, to: &state) }
        let (old, wasManaged) = (entry.definition, entry.isManaged)
        entry.settings = stream
        entry.definition = LiveStreamDefinition(stream)
        entry.isManaged = state.settings.hasGroup && stream.clusterIngest != nil
        if entry.isManaged != wasManaged {
            end(&entry, in: &state, ended: &ended)
            if !entry.isManaged { start(&entry, in: state) }
        } else if entry.definition.segmentDuration != old.segmentDuration {
            // The length of segments is part of where cuts lie: a stream cannot change it while it runs.
            if entry.running != nil {
                end(&entry, in: &state, ended: &ended)
                start(&entry, in: state)
            }
        } else if entry.definition != old {
            entry.running?.update(entry.definition)
        }
        state[stream.name] = entry
    }

    // MARK: One after the other

    /// Now, or when the one of its name before has closed its inputs.
    private func start(_ entry: inout Entry, in state: State, continuing: @escaping Continuing = { _ in nil }) {
        guard state.ending[entry.settings.name] == nil else {
            entry.start = continuing
            return
        }
        let loop = eventLoops.next()
        entry.start = nil
        entry.running = LiveStream(
            entry.definition, at: mailboxes[ObjectIdentifier(loop)] ?? InputMailbox(loop),
            environment: environment(entry.settings), continuing: continuing(entry.definition))
    }

    /// It does not run any more, nor is it about to. The caller follows what is added to `ended` outside of the lock.
    private func end(
        _ entry: inout Entry, in state: inout State, reason: String = "the configuration changed", ended: inout [Ending]
    ) {
        entry.start = nil
        guard let running = entry.running else { return }
        entry.running = nil
        let closed = running.stop(reason: reason)
        state.ending[entry.settings.name] = closed
        ended.append((entry.settings.name, closed))
    }

    /// A loop that is gone already has nothing left to close, so a failure is an end like any other.
    private func follow(_ ended: [Ending]) {
        for (name, closed) in ended { closed.whenComplete { _ in self.closed(name) } }
    }

    /// A stream of that name has closed its inputs: the next one starts, if it is still wanted.
    private func closed(_ name: String) {
        state.withLockedValue { state in
            state.ending[name] = nil
            guard !state.isStopped, var entry = state[name], let continuing = entry.start else { return }
            start(&entry, in: state, continuing: continuing)
            state[name] = entry
        }
    }

    // MARK: In a group

    /// Whom to ask for streams that the group runs elsewhere.
    func setGroup(_ locate: @escaping @Sendable (String) -> StreamLocation) {
        state.withLockedValue { $0.locateInGroup = locate }
    }

    /// Starts a stream of the group. False when it is not configured here, or all has been stopped.
    func startManaged(_ name: String, continuing: @escaping Continuing) -> Bool {
        state.withLockedValue { state in
            guard !state.isStopped, var entry = state[name], entry.isManaged else { return false }
            guard entry.running == nil else { return true }
            start(&entry, in: state, continuing: continuing)
            state[name] = entry
            return true
        }
    }

    /// Stops a stream of the group; done when it makes no chunk any more and reads no source. A stream that the group does
    /// not manage any more is left alone.
    func stopManaged(_ name: String, reason: String) async {
        var ended: [Ending] = []
        let closed = state.withLockedValue { state -> EventLoopFuture<Void>? in
            guard var entry = state[name], entry.isManaged else { return nil }
            end(&entry, in: &state, reason: reason, ended: &ended)
            state[name] = entry
            return state.ending[name]
        }
        follow(ended)
        // A loop that is gone already has nothing left to close.
        _ = try? await closed?.get()
    }

    // MARK: Looking up

    func locate(_ name: String) -> StreamLocation {
        if let running = state.withLockedValue({ $0.running[name] }) { return .here(running) }
        let (entry, group) = state.withLockedValue { ($0[name], $0.locateInGroup) }
        guard let entry else { return group?(name) ?? .unknown }
        if let running = entry.running { return .here(running) }
        if entry.isManaged, let group { return group(name) }
        return .starting(reason: "the stream is not running on this server", retryAfter: 1)
    }

    func entry(_ name: String) -> Entry? {
        state.withLockedValue { $0[name] }
    }

    /// All streams in the order of the configuration.
    var entries: [Entry] {
        state.withLockedValue { state in state.names.compactMap { state.entries[$0] } }
    }

    // MARK: Ending

    /// Stops all streams; done when none makes chunks any more, and none reads its source.
    func stopAll(reason: String) async {
        let closed = state.withLockedValue { state in
            state.isStopped = true
            let running = state.names.compactMap { state.running[$0] }
            state.removeAll()
            return running.map { $0.stop(reason: reason) } + state.ending.values
        }
        // A loop that is gone already has nothing left to close.
        for closed in closed { _ = try? await closed.get() }
    }
}

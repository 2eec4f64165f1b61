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
    }

    private struct State {
        var settings = ServerSettings()
        var entries: [String: Entry] = [:]
        /// Names in the order of the configuration.
        var names: [String] = []
        var isStopped = false
        /// Answers for streams that the group runs elsewhere.
        var locateInGroup: (@Sendable (String) -> StreamLocation)?
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

    /// Makes the running streams those of `settings`. Streams that did not change are not touched.
    /// Returns what was done, one line for each thing that changed.
    func apply(_ settings: ServerSettings) -> [String] {
        var stopped: [LiveStream] = []
        let change = state.withLockedValue { state -> SettingsChange? in
            guard !state.isStopped else { return nil }
            let change = SettingsChange(from: state.settings, to: settings)
            state.settings = settings
            for stream in change.removed { remove(stream.name, from: &state, stopped: &stopped) }
            for stream in change.added where !stream.isDisabled { add(stream, to: &state) }
            for changed in change.changed { apply(changed.new, to: &state, stopped: &stopped) }
            state.names = settings.streams.filter { !$0.isDisabled }.map(\.name)
            return change
        }
        for stream in stopped { stream.stop(reason: "the configuration changed") }
        return change.map { $0.streamLines + $0.serverLines } ?? []
    }

    private func remove(_ name: String, from state: inout State, stopped: inout [LiveStream]) {
        if let running = state.entries.removeValue(forKey: name)?.running { stopped.append(running) }
    }

    private func add(_ stream: StreamSettings, to state: inout State) {
        let definition = LiveStreamDefinition(stream)
        let isManaged = state.settings.hasGroup && stream.clusterIngest != nil
        state.entries[stream.name] = Entry(
            settings: stream, definition: definition, running: isManaged ? nil : start(stream, definition),
            isManaged: isManaged)
    }

    private func apply(_ stream: StreamSettings, to state: inout State, stopped: inout [LiveStream]) {
        guard !stream.isDisabled else { return remove(stream.name, from: &state, stopped: &stopped) }
        guard var entry = state.entries[stream.name] else { return add(stream, to: &state) }
        let definition = LiveStreamDefinition(stream)
        let isManaged = state.settings.hasGroup && stream.clusterIngest != nil
        if entry.isManaged != isManaged {
            if let running = entry.running { stopped.append(running) }
            entry.running = isManaged ? nil : start(stream, definition)
        } else if entry.definition.segmentDuration != definition.segmentDuration {
            // The length of segments is part of where cuts lie: a stream cannot change it while it runs.
            if let running = entry.running {
                stopped.append(running)
                entry.running = start(stream, definition)
            }
        } else if entry.definition != definition {
            entry.running?.update(definition)
        }
        entry.settings = stream
        entry.definition = definition
        entry.isManaged = isManaged
        state.entries[stream.name] = entry
    }

    private func start(
        _ settings: StreamSettings, _ definition: LiveStreamDefinition, continuing: StreamContinuation? = nil
    ) -> LiveStream {
        let loop = eventLoops.next()
        let mailbox = mailboxes[ObjectIdentifier(loop)] ?? InputMailbox(loop)
        return LiveStream(definition, at: mailbox, environment: environment(settings), continuing: continuing)
    }

    // MARK: In a group

    /// Whom to ask for streams that the group runs elsewhere.
    func setGroup(_ locate: @escaping @Sendable (String) -> StreamLocation) {
        state.withLockedValue { $0.locateInGroup = locate }
    }

    /// Starts a stream of the group. False when it is not configured here, or all has been stopped.
    func startManaged(_ name: String, continuing: (LiveStreamDefinition) -> StreamContinuation?) -> Bool {
        state.withLockedValue { state in
            guard !state.isStopped, var entry = state.entries[name], entry.isManaged else { return false }
            guard entry.running == nil else { return true }
            entry.running = start(entry.settings, entry.definition, continuing: continuing(entry.definition))
            state.entries[name] = entry
            return true
        }
    }

    /// Stops a stream of the group; done when it makes no chunk any more. A stream that the group does not manage any
    /// more is left alone.
    func stopManaged(_ name: String, reason: String) async {
        let running = state.withLockedValue { state -> LiveStream? in
            guard let entry = state.entries[name], entry.isManaged else { return nil }
            state.entries[name]?.running = nil
            return entry.running
        }
        // A loop that is gone already has nothing left to stop.
        _ = try? await running?.stop(reason: reason).get()
    }

    // MARK: Looking up

    func locate(_ name: String) -> StreamLocation {
        let (entry, group) = state.withLockedValue { ($0.entries[name], $0.locateInGroup) }
        guard let entry else { return group?(name) ?? .unknown }
        if let running = entry.running { return .here(running) }
        if entry.isManaged, let group { return group(name) }
        return .starting(reason: "the stream is not running on this server", retryAfter: 1)
    }

    func entry(_ name: String) -> Entry? {
        state.withLockedValue { $0.entries[name] }
    }

    /// All streams in the order of the configuration.
    var entries: [Entry] {
        state.withLockedValue { state in state.names.compactMap { state.entries[$0] } }
    }

    // MARK: Ending

    /// Stops all streams; done when none makes chunks any more.
    func stopAll(reason: String) async {
        let running = state.withLockedValue { state in
            state.isStopped = true
            let running = state.names.compactMap { state.entries[$0]?.running }
            state.entries.removeAll()
            state.names.removeAll()
            return running
        }
        for stream in running {
            // A loop that is gone already has nothing left to stop.
            _ = try? await stream.stop(reason: reason).get()
        }
    }
}

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
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// Names in the order of the configuration.
        var names: [String] = []
        var isStopped = false
    }

    private let state = NIOLockedValueBox(State())
    private let eventLoops: any EventLoopGroup
    private let environment: @Sendable (_ stream: StreamSettings) -> LiveStream.Environment

    init(
        eventLoops: any EventLoopGroup,
        environment: @escaping @Sendable (_ stream: StreamSettings) -> LiveStream.Environment
    ) {
        self.eventLoops = eventLoops
        self.environment = environment
    }

    /// Makes the running streams those of `settings`. Streams that did not change are not touched.
    /// Returns what was done, one line for each stream that changed.
    func apply(_ settings: ServerSettings) -> [String] {
        var changes: [String] = []
        var stopped: [LiveStream] = []
        state.withLockedValue { state in
            guard !state.isStopped else { return }
            let wanted = settings.streams.filter { !$0.isDisabled }
            let names = Set(wanted.map(\.name))
            for name in state.names where !names.contains(name) {
                if let running = state.entries.removeValue(forKey: name)?.running { stopped.append(running) }
                changes.append("stream \(name) removed")
            }
            for stream in wanted {
                apply(stream, to: &state, changes: &changes, stopped: &stopped)
            }
            state.names = wanted.map(\.name)
        }
        for stream in stopped { stream.stop(reason: "the configuration changed") }
        return changes
    }

    private func apply(
        _ settings: StreamSettings, to state: inout State, changes: inout [String], stopped: inout [LiveStream]
    ) {
        let definition = LiveStreamDefinition(settings)
        guard var entry = state.entries[settings.name] else {
            state.entries[settings.name] = Entry(
                settings: settings, definition: definition, running: start(settings, definition))
            changes.append("stream \(settings.name) added")
            return
        }
        guard entry.settings != settings else { return }
        // The length of segments is part of where cuts lie: a stream cannot change it while it runs.
        if entry.definition.segmentDuration != definition.segmentDuration {
            if let running = entry.running { stopped.append(running) }
            entry.running = start(settings, definition)
        } else if entry.definition != definition {
            entry.running?.update(definition)
        }
        entry.settings = settings
        entry.definition = definition
        state.entries[settings.name] = entry
        changes.append("stream \(settings.name) changed")
    }

    private func start(_ settings: StreamSettings, _ definition: LiveStreamDefinition) -> LiveStream {
        LiveStream(definition, on: eventLoops.next(), environment: environment(settings))
    }

    // MARK: Looking up

    func locate(_ name: String) -> StreamLocation {
        state.withLockedValue { state in
            guard let entry = state.entries[name] else { return .unknown }
            guard let running = entry.running else {
                return .starting(reason: "the stream is not running on this server", retryAfter: 1)
            }
            return .here(running)
        }
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

// The streams of this server in the hands of the group: starts and stops captures, tells how they do.
import Cluster
import Ingest
import LiveStream
import Logging
import ManagementAPI
import Media
import PeerLink
import SettingsLanguage

/// What `ClusterService` commands on this server.
struct ClusterKeeper: CaptureControl {
    let keeper: StreamKeeper
    let clocks: SystemClocks
    let events: EventLog
    let logger: Logger
    let currentLoad: @Sendable () -> PeerLoad

    func startCapture(of stream: Cluster.StreamName, reason: String, continuing: Continuation?) -> Bool {
        keeper.startManaged(stream.text) { definition in
            continuing.map {
                StreamContinuation($0, at: clocks.utc(), segmentDuration: definition.segmentDuration)
            }
        }
    }

    func stopCapture(of stream: Cluster.StreamName, reason: String) async {
        await keeper.stopManaged(stream.text, reason: reason)
    }

    func captureStates() -> [CaptureState] {
        keeper.entries.compactMap { entry in
            guard entry.isManaged, let running = entry.running else { return nil }
            return CaptureState(
                stream: Cluster.StreamName(entry.settings.name), health: CaptureHealth(running),
                continuation: Continuation(running))
        }
    }

    func localStreams() -> [Cluster.StreamName: Bool] {
        keeper.entries.reduce(into: [:]) { streams, entry in
            guard !entry.isManaged else { return }
            streams[Cluster.StreamName(entry.settings.name)] = entry.running?.status.isAlive ?? false
        }
    }

    func load() -> PeerLoad { currentLoad() }

    func happened(_ event: ClusterEvent) {
        events.record(event.kind.rawValue, stream: event.stream?.text, peer: event.peer?.text, reason: event.reason)
        var metadata: Logger.Metadata = ["reason": "\(event.reason)"]
        if let stream = event.stream { metadata["stream"] = "\(stream)" }
        if let peer = event.peer { metadata["peer"] = "\(peer)" }
        if let epoch = event.epoch { metadata["epoch"] = "\(epoch)" }
        logger.info("\(event.kind.rawValue)", metadata: metadata)
    }
}

extension CaptureHealth {
    init(_ stream: LiveStream) {
        let status = stream.status
        if status.isAlive {
            // Who goes on until this server has media goes on until there is something to show.
            self = stream.window.segments.isEmpty ? .starting : .running
        } else if !stream.window.segments.isEmpty {
            // It had media once: this is no start any more.
            self = .failing(Self.trouble(status) ?? status.reason)
        } else if !status.inputs.isEmpty, status.inputs.allSatisfy({ $0.trouble != nil || $0.state == .standby }) {
            self = .failing(Self.trouble(status) ?? "no input gives media")
        } else {
            self = .starting
        }
    }

    private static func trouble(_ status: LiveStreamStatus) -> String? {
        status.inputs.enumerated().lazy.compactMap { index, input in
            input.trouble.map { "input \(index + 1): \($0)" }
        }.first
    }
}

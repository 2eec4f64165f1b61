// Answers for streams of other servers with what those say, if the configuration wants it so.
import AsyncHTTPClient
import ManagementAPI
import NIOCore
import Playback
import ServiceLifecycle
import SettingsLanguage

/// The relay as a service: its requests end with it.
struct RelayService: Service {
    let relay: StreamRelay
    let clients: [HTTPClient]

    func run() async throws {
        await cancelWhenGracefulShutdown { await relay.run() }
        for client in clients { try await client.shutdown() }
    }
}

extension WeirServer {
    /// Nil for a server on its own. `cluster_serve` of a reload decides anew whether it is used.
    static func relay(
        _ settings: ServerSettings, _ configuration: RunningConfiguration, _ keeper: StreamKeeper,
        _ eventLoops: any EventLoopGroup
    ) -> RelayService? {
        guard settings.hasGroup else { return nil }
        let client = HTTPClient(eventLoopGroup: eventLoops, configuration: StreamRelay.configuration)
        let endless = HTTPClient(eventLoopGroup: eventLoops, configuration: StreamRelay.endlessConfiguration)
        let relay = StreamRelay(
            client: client, endlessClient: endless, directory: keeper, eventLoops: eventLoops
        ) { name in
            configuration.current.settings.peers.first { $0.name == name }?.contact.description
        }
        relay.isEnabled = settings.clusterServe == .proxy
        return RelayService(relay: relay, clients: [client, endless])
    }
}

extension StreamRelay {
    var metrics: [MetricFamily] {
        let now = statistics
        func family(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: Int) -> MetricFamily {
            MetricFamily(name, kind, help: help, samples: [.init(Double(value))])
        }
        return [
            family("weir_relay_fetches_total", .counter, "Requests to owners of streams", now.fetches),
            family("weir_relay_failures_total", .counter, "Requests that owners did not answer", now.failures),
            family("weir_relay_fetched_bytes_total", .counter, "Bytes fetched from owners", now.fetchedBytes),
            family("weir_relay_shared_total", .counter, "Answers without a request of their own", now.shared),
            family("weir_relay_kept_bytes", .gauge, "Memory of kept answers", now.keptBytes),
            family("weir_relay_followed_streams", .gauge, "Streams followed for endless viewers", now.followedStreams),
        ]
    }
}

// What M4F needs to know of this server: who it is, its key, its clocks, where peers are.
import Inputs
import M4F
import Media
import NIOCore
import SettingsLanguage

extension WeirServer {
    /// This run of the server, with the key of the configuration in force.
    static func identity(
        _ name: String, _ configuration: RunningConfiguration
    ) -> @Sendable () -> M4FIdentity {
        let server = PassedServer(instance: .random(in: .min ... .max), name: name)
        return {
            M4FIdentity(
                server: server,
                signature: configuration.current.settings.clusterKey.map { PeerSignature(key: $0.value) })
        }
    }
}

extension RunningConfiguration {
    /// Where other servers reach a peer: `http://host:port`.
    func contact(ofPeer name: String) -> String? {
        current.settings.peers.first { $0.name == name }.map { "http://\($0.contact)" }
    }

    /// Where viewers who ask with https find a peer; nil when that is not known here.
    func secureViewerURL(ofPeer name: String) -> String? {
        let settings = current.settings
        return settings.peers.first { $0.name == name }.flatMap { settings.secureViewerURL(of: $0) }
    }
}

extension M4FClocks {
    init(_ clocks: SystemClocks) {
        self.init(
            monotonic: { .nanoseconds(Int64(clamping: clocks.monotonic().uptimeNanoseconds)) }, utc: clocks.utc)
    }
}

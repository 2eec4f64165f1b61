// Takes a change of the configuration to the other servers of the group.
import AsyncHTTPClient
import Cluster
import ManagementAPI
import PeerLink
import SettingsLanguage

/// The other servers as places that a configuration is offered to. May be used from any task.
struct GroupConfiguration: Sendable {
    /// What a server said to an offer.
    struct Opinion: Sendable {
        var server: ConfigApplyFacts.Server
        /// A server that does not answer keeps its file and cannot object.
        var hasAnswered: Bool
    }

    /// Writing, forcing to the disk and applying some thousand streams.
    private static let longestAnswer = TimeSpan.seconds(20)

    let own: PeerID
    let configuration: RunningConfiguration
    let caller: SealedCaller

    private var peers: [PeerSettings] { configuration.current.settings.peers.filter { PeerID($0) != own } }

    var others: [String] { peers.map(\.name) }

    func offer(_ text: String, base: String, action: ConfigurationOffer.Action) async -> [Opinion] {
        await prepared(text, base: base, action: action)()
    }

    /// The offer with the peers and the key as they are now, to be made later.
    func prepared(
        _ text: String, base: String, action: ConfigurationOffer.Action
    ) -> @Sendable () async -> [Opinion] {
        let peers = peers
        let key = configuration.current.settings.clusterKey?.value ?? ""
        let offer = ConfigurationOffer(sender: own, action: action, base: base, text: text)
        return { [caller] in
            await withTaskGroup(of: (Int, Opinion).self) { tasks in
                for (index, peer) in peers.enumerated() {
                    tasks.addTask { (index, await Self.make(offer, to: peer, key: key, caller)) }
                }
                var opinions: [(Int, Opinion)] = []
                for await opinion in tasks { opinions.append(opinion) }
                return opinions.sorted { $0.0 < $1.0 }.map(\.1)
            }
        }
    }

    private static func make(
        _ offer: ConfigurationOffer, to peer: PeerSettings, key: String, _ caller: SealedCaller
    ) async -> Opinion {
        do throws(PollFailure) {
            let reply = try await caller.make(offer, at: "\(peer.contact)", key: key, timeout: longestAnswer)
            return Opinion(
                server: .init(hostname: peer.name, applied: reply.accepted, message: reply.message), hasAnswered: true)
        } catch {
            return Opinion(
                server: .init(
                    hostname: peer.name, applied: false, message: "not reached, it keeps its file: \(error.text)"),
                hasAnswered: false)
        }
    }
}

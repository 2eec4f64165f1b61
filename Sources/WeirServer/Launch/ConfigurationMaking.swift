// Puts together what shows and changes the configuration file.
import AsyncHTTPClient
import Cluster
import ManagementAPI
import Media
import PeerLink
import SettingsLanguage

extension WeirServer {
    /// - Parameters:
    ///   - client: that tells a refused connection at once; a dead server must not hold up a change.
    ///   - reload: reads the file again and applies the difference.
    static func configurationEditor(
        _ launch: Launch, configuration: RunningConfiguration, group: ServerGroup?, clocks: SystemClocks,
        events: EventLog, client: HTTPClient, reload: @escaping @Sendable () async throws -> ReloadFacts
    ) -> ConfigurationEditor {
        let utc: @Sendable () -> Int64 = { clocks.utc().unixMilliseconds }
        return ConfigurationEditor(
            configuration: configuration, hostname: launch.identity.name,
            server: ConfigurationEditor.Server(
                listen: launch.listen,
                objection: { [weak group] new in objection(to: new, now: configuration.current.settings, group) },
                reload: reload, now: utc,
                changed: { events.record("configuration_changed", reason: $0) }),
            group: group.map { group in
                GroupConfiguration(
                    own: group.own, configuration: configuration,
                    caller: SealedCaller(http: client, utc: utc))
            })
    }

    /// Why a running server cannot take these settings through the API; nil when it can.
    static func objection(to new: ServerSettings, now: ServerSettings, _ group: ServerGroup?) -> String? {
        if let objection = objection(to: new, group) { return objection }
        guard group == nil || new.hostname == now.hostname else {
            return "the hostname of a server in a group is changed in its file and by a restart"
        }
        return nil
    }

    /// Why a running server cannot take these settings from its file; nil when it can.
    static func objection(to new: ServerSettings, _ group: ServerGroup?) -> String? {
        guard let group else { return new.hasGroup ? "a server joins a group only by a restart" : nil }
        return group.objection(to: new)
    }

    /// What answers the other servers' offers.
    static func configurationResponder(
        _ editor: ConfigurationEditor, configuration: RunningConfiguration, clocks: SystemClocks
    ) -> SealedResponder<ConfigurationOffer> {
        SealedResponder(
            key: { configuration.current.settings.clusterKey?.value ?? "" },
            utc: { WallTime(milliseconds: clocks.utc().unixMilliseconds) },
            accept: { offer in
                let (accepted, message) = await editor.receive(
                    offer.text, base: offer.base, isCheck: offer.action == .check, from: offer.sender.text)
                return ConfigurationReply(accepted: accepted, message: message)
            })
    }

    /// What answers the questions and orders of the other servers.
    static func managementResponder(
        _ management: GroupManagement, configuration: RunningConfiguration, clocks: SystemClocks
    ) -> SealedResponder<ManagementCall> {
        SealedResponder(
            key: { configuration.current.settings.clusterKey?.value ?? "" },
            utc: { WallTime(milliseconds: clocks.utc().unixMilliseconds) },
            accept: { await management.answer($0) })
    }
}

// What a running server does when it is asked: applies another configuration, answers the API.
import Hummingbird
import Inputs
import Logging
import ManagementAPI
import Media
import PeerLink
import Playback
import SettingsLanguage

extension ServerParts {
    /// Makes the configuration that was read again the one in force, and applies what is another. One at a time: see `Reloads`.
    ///
    /// Warnings that were not there before are logged too. Throws when the configuration cannot be used; nothing has changed
    /// then.
    func apply(_ new: LoadedSettings, _ listeners: ListenerKeeper?) async throws -> ReloadFacts {
        if let objection = WeirServer.objection(to: new.settings, group) { throw LaunchError(objection) }
        let ports = try await listeners?.apply(new.settings.listening(at: launch.listen).effectiveListeners)
        let notices = new.remarks(given: WeirFeatures.available, newSince: configuration.current)
        for notice in notices { launch.logger.warning("\(notice)") }
        configuration.replace(with: new)
        roots.replace(with: new.settings.fileDirectories)
        archives.apply(new.settings)
        sinks.apply(new.settings.eventSinks)
        relay?.relay.isEnabled = new.settings.clusterServe == .proxy
        let changes = keeper.apply(new.settings) + (ports ?? [])
        await group?.apply(new.settings)
        replication.apply(new.settings)
        events.record("configuration_reloaded", reason: "\(changes.count) changes")
        return ReloadFacts(changes: changes, notices: notices.map(\.description))
    }

    /// The routes of API, console and other servers.
    func router(
        reload: @escaping @Sendable () async throws -> ReloadFacts, stop: @escaping @Sendable () -> Void
    ) -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: UnknownAddresses())
        let editor = WeirServer.configurationEditor(
            launch, configuration: configuration, group: group, clocks: clocks, events: events, client: client,
            reload: reload)
        let model = model(reload: reload, stop: stop)
        let management = group.map {
            GroupManagement(
                own: $0.own, configuration: configuration,
                caller: SealedCaller(http: client) { [clocks] in clocks.utc().unixMilliseconds }, model: model,
                keeper: keeper)
        }
        APIRoutes.add(
            to: router, server: model, archives: ArchiveModel(keeper: archives, now: clocks.utc), configuration: editor,
            group: management)
        ConsoleRoutes.add(to: router)
        if let group {
            PollRoute.add(to: router, responder: group.responder)
            SealedRoute.add(
                to: router,
                responder: WeirServer.configurationResponder(editor, configuration: configuration, clocks: clocks))
        }
        if let management {
            SealedRoute.add(
                to: router,
                responder: WeirServer.managementResponder(management, configuration: configuration, clocks: clocks))
        }
        ArchiveRoute.add(to: router, responder: replication.responder)
        return router
    }

    private func model(
        reload: @escaping @Sendable () async throws -> ReloadFacts, stop: @escaping @Sendable () -> Void
    ) -> ServerModel {
        ServerModel(
            hostname: launch.identity.name, instanceID: instanceID, events: events, keeper: keeper,
            archives: archives, replication: replication.keeper, sessions: sessions, statistics: statistics,
            clocks: clocks, configuration: configuration,
            control: ServerModel.Control(
                reload: {
                    do {
                        return try await reload()
                    } catch {
                        throw Problem.badRequest("\(error)", hint: "the settings that were in force stay")
                    }
                }, stop: stop),
            group: group,
            moreMetrics: { [sinks, relay, loopWatch] in
                loopWatch.metrics + sinks.metrics + (relay?.relay.metrics ?? [])
            })
    }

    /// Names this run of the server: rises from run to run, so that a restart shows.
    private var instanceID: String { String(clocks.utc().unixMilliseconds, radix: 36) }
}

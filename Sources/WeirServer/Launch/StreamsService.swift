// Streams and their archives as a service: started before the listeners, stopped after them.
import ServiceLifecycle
import SettingsLanguage

/// Starts the streams of the configuration and stops them all at shutdown.
struct StreamsService: Service {
    let keeper: StreamKeeper
    let archives: ArchiveKeeper
    let configuration: RunningConfiguration
    /// Called when no stream makes chunks any more.
    let stopped: @Sendable () async -> Void

    func run() async throws {
        archives.apply(configuration.current.settings)
        _ = keeper.apply(configuration.current.settings)
        try? await gracefulShutdown()
        await keeper.stopAll(reason: "the server is shutting down")
        await archives.close()
        await stopped()
    }
}

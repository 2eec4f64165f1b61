// SIGHUP reads the configuration again.
import Logging
import ManagementAPI
import ServiceLifecycle
import UnixSignals

/// Reloads at each SIGHUP, until shutdown.
struct ReloadService: Service {
    let reload: @Sendable () async throws -> ReloadFacts
    let logger: Logger

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            do {
                let done = try await reload()
                logger.info("configuration read again", metadata: ["changes": "\(done.changes.count)"])
            } catch {
                logger.error("configuration not applied, the old one goes on:\n\(error)")
            }
        }
    }
}

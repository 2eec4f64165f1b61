// Lets go of playlists and segments that nobody asks for any more.
import NIOCore
import Playback
import ServiceLifecycle

/// Calls `PlaybackService.releaseIdle` every few seconds until shutdown.
struct PlaybackUpkeep: Service {
    private static let period = Duration.seconds(5)

    let playback: PlaybackService
    let now: @Sendable () -> NIODeadline

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // Cancellation is the only way in which the sleep fails, and it is how this service ends.
            while (try? await ContinuousClock().sleep(for: Self.period)) != nil {
                playback.releaseIdle(at: now())
            }
        }
    }
}

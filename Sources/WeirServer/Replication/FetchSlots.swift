// Orders of all replicated streams share the server's few places for fetching.
import Archive
import Synchronization

/// The places of `FetchPlaces`, for whoever waits for one.
final class FetchSlots: Sendable {
    private let places = Mutex(FetchPlaces())

    /// Returns when there is a place; throws when the task is cancelled.
    func take(isLimited: Bool) async throws {
        while !places.withLock({ $0.take(isLimited: isLimited) }) {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    func give(isLimited: Bool) { places.withLock { $0.give(isLimited: isLimited) } }
}

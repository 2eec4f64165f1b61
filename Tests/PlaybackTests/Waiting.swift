// Waits for what other threads bring about; a suite's time limit ends it.

/// Looks again and again until `condition` holds.
///
/// - Throws: `CancellationError` when the test is ended before.
func until(_ condition: () throws -> Bool) async throws {
    while try !condition() {
        try Task.checkCancellation()
        await Task.yield()
    }
}

// Waits for what other threads bring about; a suite's time limit ends it.

/// Asks `condition` again and again until it holds.
///
/// - Throws: `CancellationError` when the test is ended before.
func until(_ condition: () throws -> Bool) async throws {
    while try !condition() {
        // Tests that only yield take the few threads of the pool from those that bring it about.
        try await ContinuousClock().sleep(for: .milliseconds(2))  // house rule: the pause between two questions
    }
}

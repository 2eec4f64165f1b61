// Reloads one after the other: a reload that takes its time is not overtaken by a later one.
import ManagementAPI
import SettingsLanguage

/// Reads the configuration again and applies it. Reloads are asked for by SIGHUP, by the API and by the editor, at any time
/// and all at once; each has read and applied before the next one reads, in the order in which they came. So what is in
/// force in the end is what was read last.
actor Reloads {
    private let read: @Sendable () throws -> LoadedSettings
    private let apply: @Sendable (LoadedSettings) async throws -> ReloadFacts
    private var isRunning = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// - Parameters:
    ///   - read: throws when the configuration has mistakes.
    ///   - apply: throws when the server cannot take it; nothing has changed then.
    init(
        read: @escaping @Sendable () throws -> LoadedSettings,
        apply: @escaping @Sendable (LoadedSettings) async throws -> ReloadFacts
    ) {
        self.read = read
        self.apply = apply
    }

    /// Those who wait for others to have finished.
    var waitingCount: Int { waiting.count }

    /// Throws what `read` and `apply` throw.
    func reload() async throws -> ReloadFacts {
        if isRunning {
            // Whoever finishes hands over without letting go, so that nobody comes in between.
            await withCheckedContinuation { waiting.append($0) }
        }
        isRunning = true
        defer {
            if waiting.isEmpty { isRunning = false } else { waiting.removeFirst().resume() }
        }
        return try await apply(read())
    }
}

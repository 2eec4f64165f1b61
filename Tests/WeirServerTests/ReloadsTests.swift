// Reloads that come while another one is under way.
import ManagementAPI
import NIOConcurrencyHelpers
import SettingsLanguage
import Testing

@testable import WeirServer

/// A file whose text is another one each time it is read, and a server that applies what was read when it is let.
private final class Desk: Sendable {
    private let log = NIOLockedValueBox<[String]>([])
    private let reads = NIOLockedValueBox(0)
    /// One element lets one reading be applied.
    let gate = AsyncStream.makeStream(of: Void.self)
    /// One element for each reading that begins to be applied.
    let begun = AsyncStream.makeStream(of: Void.self)

    var lines: [String] { log.withLockedValue { $0 } }

    func read() throws -> LoadedSettings {
        let number = reads.withLockedValue {
            $0 += 1
            return $0
        }
        log.withLockedValue { $0.append("read \(number)") }
        return try LoadedSettings.load(
            "weir.conf", from: TextSettingsSource(["weir.conf": number == 2 ? "mistake" : "hostname n\(number);"]))
    }

    func apply(_ loaded: LoadedSettings) async -> ReloadFacts {
        let name = loaded.settings.hostname ?? ""
        log.withLockedValue { $0.append("begin \(name)") }
        begun.continuation.yield()
        for await _ in gate.stream { break }
        log.withLockedValue { $0.append("end \(name)") }
        return ReloadFacts(changes: [name], notices: [])
    }
}

@Test(.timeLimit(.minutes(10)))
func aReloadReadsWhenTheOneBeforeItHasApplied() async throws {
    let desk = Desk()
    let reloads = Reloads(read: { try desk.read() }, apply: { await desk.apply($0) })
    let first = Task { try await reloads.reload() }
    for await _ in desk.begun.stream { break }
    // The first is held up; the others come meanwhile, the second to a file with a mistake.
    let second = Task { try await reloads.reload() }
    while await reloads.waitingCount < 1, desk.lines.count == 2 { await Task.yield() }
    let third = Task { try await reloads.reload() }
    while await reloads.waitingCount < 2, desk.lines.count == 2 { await Task.yield() }
    for _ in 0..<3 { desk.gate.continuation.yield() }
    desk.gate.continuation.finish()
    #expect(try await first.value.changes == ["n1"])
    await #expect(throws: SettingsError.self) { try await second.value }
    #expect(try await third.value.changes == ["n3"])
    #expect(desk.lines == ["read 1", "begin n1", "end n1", "read 2", "read 3", "begin n3", "end n3"])
    // Nobody is left in.
    #expect(try await reloads.reload().changes == ["n4"])
}

// Ports stay open: one that closes by itself is opened again, one that is taken out of the configuration is not.
import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle
import SettingsLanguage
import Testing

@testable import WeirServer

@Suite(.timeLimit(.minutes(5))) struct ListenerKeeperTests {
    /// A port whose listener ends as its number in the list of all says.
    private struct Port: Service {
        enum End { case byItself, failing, asTold }
        struct Failure: Error {}

        let end: End
        let opened: @Sendable () -> Void

        func run() async throws {
            if end == .failing { throw Failure() }
            opened()
            if end == .asTold { try await gracefulShutdown() }
        }
    }

    private func keeper(_ ends: [Port.End], openings: AsyncStream<Int>.Continuation) -> ListenerKeeper {
        let count = NIOLockedValueBox(0)
        return ListenerKeeper(
            [ListenerSettings(port: 1)], certificates: ServerCertificates(), logger: Logger(label: "test"),
            pause: .milliseconds(1)
        ) { _, opened in
            let number = count.withLockedValue { number in
                defer { number += 1 }
                return number
            }
            return Port(end: number < ends.count ? ends[number] : .asTold) {
                opened()
                openings.yield(number)
            }
        }
    }

    @Test func aPortThatClosesByItselfIsOpenedAgain() async throws {
        let openings = AsyncStream.makeStream(of: Int.self)
        let keeper = keeper([.byItself, .failing, .byItself], openings: openings.continuation)
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: keeper)], logger: Logger(label: "test")))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var opened: [Int] = []
            for await number in openings.stream {
                opened.append(number)
                if number == 3 { break }
            }
            #expect(opened == [0, 2, 3])
            // Nothing opens a port that a reload takes away, or at the server's end.
            #expect(try await keeper.apply([]) == ["port 1 closed"])
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        openings.continuation.finish()
        for await number in openings.stream { Issue.record("opened again: \(number)") }
    }

    @Test func aServerWithoutItsFirstPortDoesNotStart() async throws {
        let keeper = keeper([.failing], openings: AsyncStream.makeStream(of: Int.self).continuation)
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: keeper)], logger: Logger(label: "test")))
        await #expect(throws: Port.Failure.self) { try await group.run() }
    }
}

// Posts events to the sinks of the configuration, also after a reload.
import AsyncHTTPClient
import ManagementAPI
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import SettingsLanguage

/// All event sinks of the server. May be used from any thread.
final class EventSinkService: Service {
    private struct Running {
        var settings: EventSinkSettings
        var sink: EventSink
        var end: @Sendable () -> Void
    }

    private typealias Job = @Sendable () async -> Void

    /// A sink that does not answer in this time has failed.
    private static let longestPost = TimeAmount.seconds(10)
    /// A shutdown waits so long for the last events to be taken.
    private static let longestFlush = Duration.seconds(2)

    private let client: HTTPClient
    private let running = NIOLockedValueBox<[String: Running]>([:])
    private let jobs = AsyncStream<Job>.makeStream()

    init(log: EventLog, eventLoops: any EventLoopGroup) {
        // Its own, because the last events are those of the shutdown.
        client = HTTPClient(eventLoopGroup: eventLoops)
        _ = log.follow { [running] event in
            for sink in running.withLockedValue({ $0.values.map(\.sink) }) { sink.offer(event) }
        }
    }

    var metrics: [MetricFamily] {
        MetricFamily.families(sinks: running.withLockedValue { $0.values.map(\.sink) })
    }

    /// Sinks that did not change keep what waits in them.
    func apply(_ settings: [EventSinkSettings]) {
        let (ended, begun) = running.withLockedValue { running in
            let wanted = Dictionary(settings.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
            let ended = running.values.filter { wanted[$0.settings.name] != $0.settings }
            for one in ended { running[one.settings.name] = nil }
            var begun: [(EventSink, AsyncStream<Void>)] = []
            for one in wanted.values where running[one.name] == nil {
                let sink = makeSink(one)
                let (stop, continuation) = AsyncStream.makeStream(of: Void.self)
                running[one.name] = Running(settings: one, sink: sink, end: { continuation.finish() })
                begun.append((sink, stop))
            }
            return (ended, begun)
        }
        for one in ended { one.end() }
        for (sink, stop) in begun {
            jobs.continuation.yield {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await sink.run() }
                    group.addTask { for await _ in stop {} }
                    await group.next()
                    group.cancelAll()
                }
            }
        }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [jobs] in
            await withDiscardingTaskGroup { group in
                for await job in jobs.stream { group.addTask { await job() } }
                group.cancelAll()
            }
        }
        let sinks = running.withLockedValue { $0.values.map(\.sink) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { flushing in
                    for sink in sinks { flushing.addTask { await sink.flush() } }
                }
            }
            // Ends early only by cancellation.
            group.addTask { try? await Task.sleep(for: Self.longestFlush) }
            await group.next()
            group.cancelAll()
        }
        try await client.shutdown()
    }

    private func makeSink(_ settings: EventSinkSettings) -> EventSink {
        let url = settings.url.text
        return EventSink(name: settings.name, accepts: { settings.accepts($0) }) { [client] body in
            var request = HTTPClientRequest(url: url)
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(body)
            do {
                let response = try await client.execute(request, timeout: Self.longestPost)
                // The answer's body is of no interest, but it has to come to its end for the connection to be used again.
                _ = try? await response.body.collect(upTo: 64 << 10)
                switch response.status.code {
                case 200..<300: return .taken
                case 400, 413, 422: return .refused("it answers \(response.status.code)")
                default: return .failed("it answers \(response.status.code)")
                }
            } catch {
                return .failed("\(error)")
            }
        }
    }
}

extension EventSinkSettings {
    /// Whether an event passes the `only` and `except` lines.
    func accepts(_ event: ServerEvent) -> Bool {
        let passes = only.isEmpty || only.contains { $0.matches(event) }
        return passes && !except.contains { $0.matches(event) }
    }
}

extension EventSinkSettings.Filter {
    fileprivate func matches(_ event: ServerEvent) -> Bool { conditions.allSatisfy { $0.matches(event) } }
}

extension EventSinkSettings.Condition {
    fileprivate func matches(_ event: ServerEvent) -> Bool {
        let text =
            switch field {
            case .event: event.event
            case .media: event.stream
            case .peer: event.peer
            case .level: event.level.rawValue
            }
        guard let text else { return false }
        return values.contains { Self.matches($0[...], text[...]) }
    }

    /// `*` stands for any text, also none.
    static func matches(_ pattern: Substring, _ text: Substring) -> Bool {
        guard let star = pattern.firstIndex(of: "*") else { return pattern == text }
        guard text.hasPrefix(pattern[..<star]) else { return false }
        let rest = pattern[pattern.index(after: star)...]
        var tail = text.dropFirst(pattern[..<star].count)
        while true {
            if matches(rest, tail) { return true }
            if tail.isEmpty { return false }
            tail = tail.dropFirst()
        }
    }
}

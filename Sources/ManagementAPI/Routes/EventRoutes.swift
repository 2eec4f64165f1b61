// GET /events: what happened, newest first; GET /events/follow: the same live, as server-sent events.
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle
import Synchronization

struct EventRoutes {
    let server: any ManagedServer

    func add<Context: RequestContext>(to api: RouterGroup<Context>) {
        api.get("events") { [server] request, _ in
            let stream = request.uri.queryParameters["stream"].map(String.init)
            let after = request.uri.queryParameters["after"].map(String.init)
            let limit = try number("limit", in: request, 1...UInt64(ListQuery.largestLimit)) ?? 200
            return try APIEncoding.response(
                try ServerEvents(of: server.events, limit: Int(limit), stream: stream, after: after))
        }
        api.get("events/follow") { [server] request, _ in
            let parameter = request.uri.queryParameters["after"].map(String.init)
            let last = HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] } ?? parameter
            return Self.follow(server.events, after: try Self.position(last, in: server.events))
        }
    }

    /// Where a reader goes on: `LIFE-NUMBER` as in the messages, or a number alone for this life of the server. Of another
    /// life: everything that is kept. Nil: from now on.
    static func position(_ text: String?, in log: EventLog) throws(Problem) -> UInt64? {
        guard let text else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let number = parts.last.flatMap({ UInt64($0) }), parts.count == 1 || parts.count == 2 && !parts[0].isEmpty
        else {
            throw .badRequest("after or Last-Event-ID: '\(text)' is no id of an event")
        }
        return parts.count == 1 || parts[0] == log.life ? number : 0
    }

    /// The whole number that a parameter has, nil without it. Throws a problem when it is none or out of range.
    private func number(
        _ name: Substring, in request: Request, _ range: ClosedRange<UInt64>
    ) throws(Problem) -> UInt64? {
        guard let text = request.uri.queryParameters[name] else { return nil }
        guard let value = UInt64(text), range.contains(value) else {
            let bound = range.upperBound == .max ? "" : " to \(range.upperBound)"
            throw .badRequest("\(name)=\(text) is not a whole number from \(range.lowerBound)\(bound)")
        }
        return value
    }

    private enum Message: Sendable {
        case event(ServerEvent)
        case keepAlive
    }

    /// How many events a reader has not taken yet.
    private final class Waiting: Sendable {
        let events = Atomic<Int>(0)
    }

    /// What stands between reader and server ends silent connections, usually after a minute.
    private static let keepAliveInterval = Duration.seconds(15)

    /// Server-sent events (WHATWG HTML §9.2): one message per event, a comment when nothing happens.
    /// A reader who falls 1000 events behind loses the oldest.
    /// - Parameter after: events after this one that are kept come first.
    static func follow(
        _ log: EventLog, after: UInt64? = nil, keepAlive: Duration = keepAliveInterval
    ) -> Response {
        let (stream, continuation) = AsyncStream.makeStream(of: Message.self, bufferingPolicy: .bufferingNewest(1000))
        let waiting = Waiting()
        let (missed, leave) = log.follow(after: after ?? .max) { [weak log] event in
            if case .dropped(.event) = continuation.yield(.event(event)) {
                log?.followerMissedOne()
            } else {
                waiting.events.add(1, ordering: .relaxed)
            }
        }
        let ticking = Task {
            // Cancellation is the only way in which the sleep fails.
            while (try? await Task.sleep(for: keepAlive)) != nil {
                // Where events wait the connection is not silent, and a comment would take the place of one of them.
                if waiting.events.load(ordering: .relaxed) == 0 { continuation.yield(.keepAlive) }
            }
        }
        continuation.onTermination = { _ in
            leave()
            ticking.cancel()
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                try await writer.write(ByteBuffer(string: ": following\nretry: 2000\n\n"))
                for event in missed { try await writer.write(try message(event, log)) }
                // Without this, one open page would hold up the server's shutdown until it is cut off.
                for await next in stream.cancelOnGracefulShutdown() {
                    switch next {
                    case .event(let event):
                        waiting.events.subtract(1, ordering: .relaxed)
                        try await writer.write(try message(event, log))
                    case .keepAlive: try await writer.write(ByteBuffer(string: ": nothing new\n\n"))
                    }
                }
                try await writer.finish(nil)
            })
    }

    private static func message(_ event: ServerEvent, _ log: EventLog) throws -> ByteBuffer {
        var message = ByteBuffer(string: "id: \(log.life)-\(event.id)\nevent: \(event.event)\ndata: ")
        var data = try APIEncoding.bytes(event)
        message.writeBuffer(&data)
        message.writeString("\n\n")
        return message
    }
}

// GET /events: what happened, newest first; GET /events/follow: the same live, as server-sent events.
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

struct EventRoutes {
    let server: any ManagedServer

    func add<Context: RequestContext>(to api: RouterGroup<Context>) {
        api.get("events") { [server] request, _ in
            let stream = request.uri.queryParameters["stream"].map(String.init)
            let after = try number("after", in: request, 0...UInt64.max) ?? 0
            let limit = try number("limit", in: request, 1...UInt64(ListQuery.largestLimit)) ?? 200
            return try APIEncoding.response(
                ["events": server.events.newest(limit: Int(limit), stream: stream, after: after)])
        }
        api.get("events/follow") { [server] _, _ in Self.follow(server.events) }
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

    /// Server-sent events (WHATWG HTML §9.2): one message per event.
    /// A reader who falls 1000 events behind loses the oldest.
    static func follow(_ log: EventLog) -> Response {
        let (stream, continuation) = AsyncStream.makeStream(
            of: ServerEvent.self, bufferingPolicy: .bufferingNewest(1000))
        let unfollow = log.follow { continuation.yield($0) }
        continuation.onTermination = { _ in unfollow() }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                try await writer.write(ByteBuffer(string: ": following\n\n"))
                // Without this, one open page would hold up the server's shutdown until it is cut off.
                for await event in stream.cancelOnGracefulShutdown() {
                    var message = ByteBuffer(string: "id: \(event.id)\nevent: \(event.event)\ndata: ")
                    var data = try APIEncoding.bytes(event)
                    message.writeBuffer(&data)
                    message.writeString("\n\n")
                    try await writer.write(message)
                }
                try await writer.finish(nil)
            })
    }
}

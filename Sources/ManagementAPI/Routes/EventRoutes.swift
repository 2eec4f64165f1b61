// GET /events: what happened, newest first; GET /events/follow: the same live, as server-sent events.
import HTTPTypes
import Hummingbird
import NIOCore

struct EventRoutes {
    let server: any ManagedServer

    func add<Context: RequestContext>(to api: RouterGroup<Context>) {
        api.get("events") { [server] request, _ in
            let parameters = request.uri.queryParameters
            let stream = parameters["stream"].map(String.init)
            let after = parameters["after"].flatMap { UInt64($0) } ?? 0
            let limit = parameters["limit"].flatMap { Int($0) } ?? 200
            guard (1...ListQuery.largestLimit).contains(limit) else {
                throw Problem.badRequest("limit must be from 1 to \(ListQuery.largestLimit)")
            }
            return try APIEncoding.response(
                ["events": server.events.newest(limit: limit, stream: stream, after: after)])
        }
        api.get("events/follow") { [server] _, _ in Self.follow(server.events) }
    }

    /// Server-sent events (WHATWG HTML §9.2): one message per event.
    /// A reader who falls 1000 events behind loses the oldest.
    private static func follow(_ log: EventLog) -> Response {
        let (stream, continuation) = AsyncStream.makeStream(
            of: ServerEvent.self, bufferingPolicy: .bufferingNewest(1000))
        let unfollow = log.follow { continuation.yield($0) }
        continuation.onTermination = { _ in unfollow() }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                try await writer.write(ByteBuffer(string: ": following\n\n"))
                for await event in stream {
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

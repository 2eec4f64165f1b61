// /cluster/peers/{server}/…: any server of the group through this one, so that a page needs to talk to one only.
import HTTPTypes
import Hummingbird
import NIOCore

struct GroupRoutes {
    let group: any ManagedGroup

    func add<Context: RequestContext>(to api: RouterGroup<Context>) {
        api.get("cluster/peers/{server}/events") { [group] request, context in
            let query = request.uri.queryParameters
            return try APIEncoding.response(
                await group.events(
                    of: try Self.server(context), limit: try Self.limit(query["limit"]),
                    stream: query["stream"].map(String.init), after: query["after"].map(String.init)))
        }
        api.get("cluster/peers/{server}/streams") { [group] request, context in
            try listResponse("streams", await group.captures(of: try Self.server(context)), request: request)
        }
        api.get("cluster/peers/{server}/picture") { [group] request, context in
            guard let stream = request.uri.queryParameters["stream"].map(String.init) else {
                throw Problem.badRequest("stream= is missing", hint: "picture?stream=NAME")
            }
            let picture = try await group.picture(of: stream, from: try Self.server(context))
            return Response(
                status: .ok, headers: [.contentType: "video/mp4", .cacheControl: "no-store"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: picture)))
        }
        for (word, draining) in [("drain", true), ("return", false)] {
            api.post(RouterPath("cluster/peers/{server}/\(word)")) { [group] _, context in
                try await group.setDraining(draining, of: try Self.server(context))
                return try APIEncoding.response(Draining(draining: draining), status: .accepted)
            }
        }
    }

    private static func server(_ context: some RequestContext) throws -> String {
        try context.parameters.require("server")
    }

    private static func limit(_ text: Substring?) throws(Problem) -> Int {
        guard let text else { return 200 }
        guard let value = Int(text), (1...ListQuery.largestLimit).contains(value) else {
            throw .badRequest("limit=\(text) is not a whole number from 1 to \(ListQuery.largestLimit)")
        }
        return value
    }
}

// The server as a whole: configuration in force, statistics, reload, stop, and the API's own description.
import HTTPTypes
import Hummingbird
import NIOCore

struct ServerRoutes {
    let server: any ManagedServer

    private struct Done: Encodable {
        var done: Bool
    }

    func add<Context: RequestContext>(to api: RouterGroup<Context>) {
        api.get("config") { [server] _, _ in try APIEncoding.response(server.config()) }
        api.get("config/stats") { [server] _, _ in try APIEncoding.response(server.serverFacts()) }
        api.post("config/reload") { [server] _, _ in
            try APIEncoding.response(await server.reload())
        }
        api.post("stop") { [server] _, _ in
            await server.stop()
            return try APIEncoding.response(Done(done: true), status: .accepted)
        }
        api.get("openapi.json") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/json; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_json)))
        }
    }
}

// GET /streams, GET /streams/{name}, GET /sessions.
import Foundation
import Hummingbird

struct StreamRoutes {
    let server: any ManagedServer
    /// Names have several parts, so what lies below a stream is told by the end of its path.
    var archives: ArchiveRoutes?

    func add<Context: RequestContext>(to api: RouterGroup<Context>) {
        api.get("streams") { [server] request, _ in
            try listResponse("streams", server.streams(), request: request)
        }
        api.get("streams/**") { [server, archives] _, context in
            if let answer = try archives?.answer(context) { return answer }
            let name = context.parameters.getCatchAll().map { String($0).removingPercentEncoding ?? String($0) }
                .joined(separator: "/")
            guard let stream = server.stream(name) else {
                throw Problem.notFound(
                    "no stream is named \(name)", hint: "GET \(APIRoutes.base)/streams lists all")
            }
            return try APIEncoding.response(stream)
        }
        api.get("sessions") { [server] request, _ in
            try listResponse("sessions", server.sessions(), request: request)
        }
    }
}

// The group of servers: who is in it and how each does; drain and return of this server.
import HTTPTypes
import Hummingbird

struct ClusterRoutes {
    let server: any ManagedServer

    func add<Context: RequestContext>(to api: RouterGroup<Context>) {
        api.get("cluster/peers") { [server] request, _ in
            try listResponse("peers", server.peers(), request: request)
        }
        api.post("cluster/drain") { [server] _, _ in
            try await server.setDraining(true)
            return try APIEncoding.response(Draining(draining: true), status: .accepted)
        }
        api.post("cluster/return") { [server] _, _ in
            try await server.setDraining(false)
            return try APIEncoding.response(Draining(draining: false), status: .accepted)
        }
    }
}

/// Answer to an order to drain or return.
struct Draining: Encodable {
    var draining: Bool
}

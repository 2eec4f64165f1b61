// Puts all routes of the API together under /streamer/api/v3, and /metrics beside it.
package import Hummingbird

/// The HTTP API of a server.
package enum APIRoutes {
    package static let base = "/streamer/api/v3"

    /// Adds every route to `router`. Stream names may have several path parts, percent-encoded or not.
    /// Without `archives` the API knows no archive, without `configuration` no file that could be changed,
    /// without `group` no server but this one.
    package static func add<Context: RequestContext>(
        to router: Router<Context>, server: any ManagedServer, archives: (any ManagedArchives)? = nil,
        configuration: (any ManagedConfiguration)? = nil, group: (any ManagedGroup)? = nil
    ) {
        let api = router.group(RouterPath(base)).add(
            middleware: Authorization(access: { server.access }))
        let archiveRoutes = archives.map { ArchiveRoutes(archives: $0) }
        archiveRoutes?.add(to: api)
        StreamRoutes(server: server, archives: archiveRoutes).add(to: api)
        ServerRoutes(server: server).add(to: api)
        EventRoutes(server: server).add(to: api)
        ClusterRoutes(server: server).add(to: api)
        if let group { GroupRoutes(group: group).add(to: api) }
        if let configuration { ConfigurationRoutes(configuration: configuration).add(to: api) }
        AccessRoutes(server: server).add(to: router)
        MonitoringRoutes(server: server).add(to: router)
    }
}

extension Request {
    /// The parameters of the query string in order, percent-decoded.
    var queryItems: [(name: String, value: String)] {
        uri.queryParameters.map { (String($0.key), String($0.value)) }
    }
}

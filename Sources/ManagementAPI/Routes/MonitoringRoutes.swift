// Probes for orchestrators and the metrics page. These need no credentials beyond view_auth for metrics.
import HTTPTypes
import Hummingbird

struct MonitoringRoutes {
    let server: any ManagedServer

    private struct State: Encodable {
        var status: String
        var reason: String?
    }

    /// How often each kind of event happened: moves of streams, lost peers and so on; what their readers lost.
    static func events(_ log: EventLog) -> [MetricFamily] {
        [
            MetricFamily(
                "weir_events_total", .counter, help: "Events by kind",
                samples: log.counts.sorted { $0.key < $1.key }.map {
                    .init(Double($0.value), labels: [("event", $0.key)])
                }),
            MetricFamily(
                "weir_event_follower_dropped_total", .counter, help: "Events lost: a reader of them was too far behind",
                samples: [.init(Double(log.missedByFollowers))]),
        ]
    }

    func add<Context: RequestContext>(to router: Router<Context>) {
        router.get(RouterPath("\(APIRoutes.base)/monitoring/liveness")) { _, _ in
            try APIEncoding.response(State(status: "alive", reason: nil))
        }
        router.get(RouterPath("\(APIRoutes.base)/monitoring/readiness")) { [server] _, _ in
            if let reason = server.unreadiness() {
                return try APIEncoding.response(
                    State(status: "not_ready", reason: reason), status: .serviceUnavailable)
            }
            return try APIEncoding.response(State(status: "ready", reason: nil))
        }
        let metrics = router.group("metrics").add(
            middleware: Authorization<Context>(access: { [server] in server.access }))
        metrics.get { [server] _, _ in
            let families = MetricFamily.families(streams: server.streams(), server: server.serverFacts())
            return Response(
                status: .ok, headers: [.contentType: MetricFamily.contentType, .cacheControl: "no-store"],
                body: ResponseBody(
                    byteBuffer: MetricFamily.page(families + Self.events(server.events) + server.metrics())))
        }
    }
}

// Carries the polls of other servers to the group; bodies stay as they came, because they are signed.
import Hummingbird
import PeerLink

enum PollRoute {
    static func add(to router: Router<BasicRequestContext>, responder: PollResponder) {
        router.post(RouterPath(PollWire.path)) { request, _ in
            let body = try await request.body.collect(upTo: PollWire.longestRequest)
            return Response(
                await responder.handle(
                    method: request.method.rawValue, path: request.uri.path, header: request.headers.value,
                    body: Array(body.readableBytesView)))
        }
    }
}

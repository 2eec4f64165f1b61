// Carries the calls of other servers of the group; bodies stay as they came, because they are signed.
import Hummingbird
import PeerLink

enum SealedRoute {
    static func add<Call: SealedCall>(to router: Router<BasicRequestContext>, responder: SealedResponder<Call>) {
        router.post(RouterPath(Call.path)) { request, _ in
            let body = try await request.body.collect(upTo: Call.longestRequest)
            return Response(
                await responder.handle(header: request.headers.value, body: Array(body.readableBytesView)))
        }
    }
}

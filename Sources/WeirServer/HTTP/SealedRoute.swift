// Carries the calls of other servers of the group; bodies stay as they came, because they are signed.
import HTTPTypes
import Hummingbird
import NIOCore
import PeerLink

enum SealedRoute {
    static func add<Call: SealedCall>(to router: Router<BasicRequestContext>, responder: SealedResponder<Call>) {
        router.post(RouterPath(Call.path)) { request, _ in
            let body = try await request.body.collect(upTo: Call.longestRequest)
            let answer = await responder.handle(
                header: { name in HTTPField.Name(name).flatMap { request.headers[$0] } },
                body: Array(body.readableBytesView))
            var headers = HTTPFields()
            for (name, value) in answer.headers {
                if let name = HTTPField.Name(name) { headers[name] = value }
            }
            return Response(
                status: .init(code: answer.status), headers: headers,
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
        }
    }
}

// Carries the polls of other servers to the group; bodies stay as they came, because they are signed.
import HTTPTypes
import Hummingbird
import NIOCore
import PeerLink

enum PollRoute {
    static func add(to router: Router<BasicRequestContext>, responder: PollResponder) {
        router.post(RouterPath(PollWire.path)) { request, _ in
            let body = try await request.body.collect(upTo: PollWire.longestRequest)
            let answer = await responder.handle(
                method: request.method.rawValue, path: request.uri.path,
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

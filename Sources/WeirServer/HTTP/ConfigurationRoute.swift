// Carries the configurations that other servers of the group offer; bodies stay as they came, because they are signed.
import HTTPTypes
import Hummingbird
import NIOCore
import PeerLink

enum ConfigurationRoute {
    static func add(to router: Router<BasicRequestContext>, responder: ConfigurationResponder) {
        router.post(RouterPath(ConfigurationWire.path)) { request, _ in
            let body = try await request.body.collect(upTo: ConfigurationWire.longestRequest)
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

// Requests of other servers and their answers, from Hummingbird's words to those of `PeerLink` and back.
import HTTPTypes
import Hummingbird
import NIOCore
import PeerLink

extension HTTPFields {
    /// The value of a field by name, without regard to case.
    func value(of name: String) -> String? { HTTPField.Name(name).flatMap { self[$0] } }
}

extension Response {
    init(_ answer: PeerResponse) {
        var headers = HTTPFields()
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        self.init(
            status: .init(code: answer.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }
}

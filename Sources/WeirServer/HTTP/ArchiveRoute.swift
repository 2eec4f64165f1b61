// Carries other servers' requests for archives to who answers them.
import HTTPTypes
import Hummingbird
import M4F
import NIOCore
import PeerLink

enum ArchiveRoute {
    static func add(to router: Router<BasicRequestContext>, responder: ArchiveResponder) {
        router.post(RouterPath(M4FPath.archive)) { request, _ in
            let body = try await request.body.collect(upTo: ArchiveLimits.request)
            let answer = await responder.handle(header: request.headers.value, body: body)
            switch answer {
            case .whole(let response): return Response(response)
            case .bulk(let answer):
                return Response(
                    status: .ok, headers: [.contentType: "application/octet-stream", .cacheControl: "no-store"],
                    body: ResponseBody { writer in
                        var answer = answer
                        while let piece = try await answer.next() { try await writer.write(piece) }
                        try await writer.finish(nil)
                    })
            }
        }
    }
}

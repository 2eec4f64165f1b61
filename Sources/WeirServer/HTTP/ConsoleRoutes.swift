// Serves the console's files.
import HTTPTypes
import Hummingbird
import NIOCore
import WebConsole

enum ConsoleRoutes {
    static func add(to router: Router<BasicRequestContext>) {
        for (path, file) in ConsoleFiles.byPath {
            let body = ByteBuffer(bytes: file.bytes)
            router.get(RouterPath(path)) { _, _ in
                Response(
                    status: .ok,
                    headers: [
                        .contentType: file.contentType,
                        .cacheControl: "no-cache",
                        .contentSecurityPolicy: ConsoleFiles.contentSecurityPolicy,
                        .xContentTypeOptions: "nosniff",
                    ],
                    body: ResponseBody(byteBuffer: body))
            }
        }
    }
}

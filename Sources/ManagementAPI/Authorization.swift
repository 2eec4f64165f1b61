// Who may read and who may change: view_auth and edit_auth, by HTTP Basic or a bearer token.
import Crypto
import FoundationEssentials
import HTTPTypes
package import Hummingbird

/// Lets a request through when its credentials allow what it wants to do.
///
/// `GET` and `HEAD` need `view_auth` or `edit_auth`, everything else `edit_auth`. Without `edit_auth` in the configuration,
/// changes are allowed to those who may read. Credentials come as `Authorization: Basic …` (RFC 7617) or as
/// `Authorization: Bearer` with base64 of `user:password` as the token.
package struct Authorization<Context: RequestContext>: RouterMiddleware {
    private let access: @Sendable () -> APIAccess

    package init(access: @escaping @Sendable () -> APIAccess) {
        self.access = access
    }

    package func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let access = access()
        let reads = request.method == .get || request.method == .head || request.method == .options
        let allowed = APIAccess.isAllowed(
            access, header: request.headers[.authorization], toRead: reads)
        guard allowed else {
            throw Problem(
                status: .unauthorized, code: "unauthorized",
                message: reads ? "reading needs a user and password" : "changing needs the user of edit_auth",
                hint: "send HTTP Basic credentials as set by view_auth and edit_auth")
        }
        return try await next(request, context)
    }
}

extension APIAccess {
    /// Whether an `Authorization` header (nil: none) is enough to read, or to change.
    package static func isAllowed(_ access: APIAccess, header: String?, toRead: Bool) -> Bool {
        var sufficient: [Credentials] = []
        if let edit = access.edit { sufficient.append(edit) }
        if toRead || access.edit == nil {
            guard let view = access.view else { return toRead || access.edit == nil }
            sufficient.append(view)
        }
        guard let given = header.flatMap(credentials) else { return false }
        // Every candidate is compared, in constant time, so that the answer's delay says nothing.
        return sufficient.reduce(false) { $1.isSame(as: given) || $0 }
    }

    private static func credentials(inHeader header: String) -> Credentials? {
        let words = header.split(separator: " ", maxSplits: 1)
        guard words.count == 2, ["basic", "bearer"].contains(words[0].lowercased()),
            let data = Data(base64Encoded: String(words[1]))
        else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        return Credentials(user: String(parts[0]), password: String(parts[1]))
    }
}

extension APIAccess.Credentials {
    fileprivate func isSame(as other: Self) -> Bool {
        // Digests have one length, so comparing them takes as long for a near miss as for any other.
        let mine = SHA256.hash(data: Data("\(user)\u{0}\(password)".utf8))
        return mine == SHA256.hash(data: Data("\(other.user)\u{0}\(other.password)".utf8))
    }
}

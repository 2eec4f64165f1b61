// GET /access: what whoever asks may do, so that a page shows only what will work.
import HTTPTypes
import Hummingbird

/// Answers without credentials as well: a page must know whether to ask for them.
struct AccessRoutes {
    let server: any ManagedServer

    func add<Context: RequestContext>(to router: Router<Context>) {
        router.get(RouterPath("\(APIRoutes.base)/access")) { [server] request, _ in
            let access = server.access
            let header = request.headers[.authorization]
            return try APIEncoding.response(
                AccessFacts(
                    mayView: APIAccess.isAllowed(access, header: header, toRead: true),
                    mayEdit: APIAccess.isAllowed(access, header: header, toRead: false),
                    needsSignInToView: access.view != nil, needsSignInToEdit: access.edit != nil || access.view != nil))
        }
    }
}

/// `GET /access`.
package struct AccessFacts: Hashable, Sendable, Codable {
    /// With the credentials of this request, or without any.
    package var mayView: Bool
    package var mayEdit: Bool
    /// The configuration has a user for it.
    package var needsSignInToView: Bool
    package var needsSignInToEdit: Bool

    package init(mayView: Bool, mayEdit: Bool, needsSignInToView: Bool, needsSignInToEdit: Bool) {
        self.mayView = mayView
        self.mayEdit = mayEdit
        self.needsSignInToView = needsSignInToView
        self.needsSignInToEdit = needsSignInToEdit
    }

    enum CodingKeys: String, CodingKey {
        case mayView = "may_view"
        case mayEdit = "may_edit"
        case needsSignInToView = "needs_sign_in_to_view"
        case needsSignInToEdit = "needs_sign_in_to_edit"
    }
}

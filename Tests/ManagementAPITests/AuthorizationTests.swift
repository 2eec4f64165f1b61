// Who may read and who may change, by view_auth and edit_auth.
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import ManagementAPI

private let view = APIAccess.Credentials(user: "guest", password: "pass:word")
private let edit = APIAccess.Credentials(user: "admin", password: "s3cret")
// base64 of guest:pass:word, admin:s3cret, admin:wrong and of admin alone
private let guest = "Z3Vlc3Q6cGFzczp3b3Jk"
private let admin = "YWRtaW46czNjcmV0"
private let wrong = "YWRtaW46d3Jvbmc="
private let nameOnly = "YWRtaW4="

@Test(
    arguments: [
        (APIAccess(), nil, true, true), (APIAccess(), "Basic \(wrong)", true, true),
        (APIAccess(view: view), nil, false, false), (APIAccess(view: view), "Basic \(guest)", true, true),
        (APIAccess(edit: edit), nil, true, false), (APIAccess(edit: edit), "Basic \(admin)", true, true),
        (APIAccess(edit: edit), "Basic \(wrong)", true, false),
        (APIAccess(view: view, edit: edit), nil, false, false),
        (APIAccess(view: view, edit: edit), "Basic \(guest)", true, false),
        (APIAccess(view: view, edit: edit), "Basic \(admin)", true, true),
        (APIAccess(view: view, edit: edit), "Bearer \(admin)", true, true),
        (APIAccess(view: view, edit: edit), "bearer \(guest)", true, false),
        (APIAccess(view: view, edit: edit), "BASIC \(admin)", true, true),
        (APIAccess(view: view, edit: edit), "Basic \(wrong)", false, false),
        (APIAccess(view: view, edit: edit), "Basic \(nameOnly)", false, false),
        (APIAccess(view: view, edit: edit), "Digest \(admin)", false, false),
        (APIAccess(view: view, edit: edit), "Basic", false, false),
        (APIAccess(view: view, edit: edit), "", false, false),
        (APIAccess(view: view, edit: edit), "Basic ***", false, false),
    ] as [(APIAccess, String?, Bool, Bool)])
func access(access: APIAccess, header: String?, reads: Bool, changes: Bool) async throws {
    let server = RichServer(access: access)
    let headers: HTTPFields = header.map { [.authorization: $0] } ?? [:]
    try await server.application.test(.router) { client in
        for path in ["\(APIRoutes.base)/streams", "\(APIRoutes.base)/config", "/metrics"] {
            try await client.execute(uri: path, method: .get, headers: headers) { response in
                #expect(response.status == (reads ? .ok : .unauthorized), "\(path)")
                #expect((response.headers[.wwwAuthenticate] == nil) == reads)
            }
        }
        try await client.execute(uri: "\(APIRoutes.base)/stop", method: .post, headers: headers) { response in
            #expect(response.status == (changes ? .accepted : .unauthorized))
        }
        try await client.execute(uri: "\(APIRoutes.base)/cluster/drain", method: .post, headers: headers) { _ in }
    }
    #expect(server.asked.stops == (changes ? 1 : 0), "what is refused is not done")
    #expect(server.asked.draining == (changes ? true : nil))
}

@Test func drainAndReturn() async throws {
    let server = RichServer()
    try await server.application.test(.router) { client in
        try await client.execute(uri: "\(APIRoutes.base)/cluster/drain", method: .post) { _ in }
        #expect(server.asked.draining == true)
        try await client.execute(uri: "\(APIRoutes.base)/cluster/return", method: .post) { _ in }
        #expect(server.asked.draining == false)
    }
}

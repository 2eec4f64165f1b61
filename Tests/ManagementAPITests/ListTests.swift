// limit, cursor, sort, select and filters, through the routes; and what is answered to wrong ones.
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import ManagementAPI

private func get(_ uri: String) async throws -> (status: HTTPResponse.Status, body: JSONValue) {
    try await RichServer().application.test(.router) { client in
        try await client.execute(uri: "\(APIRoutes.base)/\(uri)", method: .get) { ($0.status, try $0.json()) }
    }
}

private func items(_ body: JSONValue, _ name: String) -> [JSONValue] {
    if case .array(let items) = body[path: name] { items } else { [] }
}

private func names(_ query: String) async throws -> [String] {
    items(try await get("streams\(query)").body, "streams").map { $0[path: "name"]?.asText ?? "" }
}

@Test(arguments: [
    ("", ["cam01", "news/hd", "cam10"]), ("?sort=name", ["cam01", "cam10", "news/hd"]),
    ("?sort=-stats.bitrate", ["cam01", "cam10", "news/hd"]), ("?sort=stats.bitrate", ["news/hd", "cam10", "cam01"]),
    ("?sort=stats.viewers,-name", ["news/hd", "cam10", "cam01"]),
    // A field that an item lacks comes first.
    ("?sort=stats.active_input,name", ["cam10", "news/hd", "cam01"]),
    ("?stats.bitrate_gt=500", ["cam01", "cam10"]),
    ("?stats.bitrate_gte=500&stats.bitrate_lt=4000", ["news/hd", "cam10"]),
    ("?stats.bitrate_lte=1000", ["news/hd", "cam10"]), ("?stats.status=error", ["cam10"]),
    ("?stats.status_ne=error", ["cam01", "news/hd"]), ("?stats.alive=true", ["cam01"]),
    ("?name_like=CAM", ["cam01", "cam10"]), ("?name_like=c%61m&stats.alive=false", ["cam10"]),
    ("?title=Door%20%221%22", ["cam01"]), ("?name=news%2Fhd", ["news/hd"]), ("?nothing=1", []),
    ("?nothing_ne=1", ["cam01", "news/hd", "cam10"]), ("?sort=name&limit=1&cursor=1", ["cam10"]),
])
func sortingAndFilters(query: String, expected: [String]) async throws {
    #expect(try await names(query) == expected)
}

@Test(arguments: ["select=", "sort=", "name="])
func aFieldHasAtMost32Keys(parameter: String) async throws {
    func uri(_ keys: Int) -> String {
        let field = Array(repeating: "a", count: keys).joined(separator: ".")
        return "streams?" + (parameter == "name=" ? "\(field)=1" : parameter + field)
    }
    #expect(try await get(uri(32)).status == .ok)
    for keys in [33, 20_000] {
        let refused = try await get(uri(keys))
        #expect(refused.status == .badRequest)
        #expect(refused.body[path: "message"]?.asText.contains("32") == true)
    }
}

@Test func selectAnswersOnlyTheseFields() async throws {
    let body = try await get("streams?select=name,stats.status,nothing&limit=1").body
    #expect(
        items(body, "streams") == [
            .object(["name": .string("cam01"), "stats": .object(["status": .string("running")])])
        ])
    #expect(body[path: "estimated_count"] == .integer(3))
}

@Test(arguments: ["", "&sort=id", "&proto=hls"])
func pagesLeadThroughTheWholeListAndBack(extra: String) async throws {
    var seen: [String] = []
    var cursor = "0"
    var last = JSONValue.null
    for _ in 0..<10 {
        let body = try await get("sessions?limit=10&cursor=\(cursor)\(extra)").body
        #expect(body[path: "estimated_count"] == .integer(25))
        seen += items(body, "sessions").map { $0[path: "id"]?.asText ?? "" }
        last = body
        guard let next = body[path: "next"]?.asText else { break }
        cursor = next
    }
    #expect(seen.count == 25 && Set(seen).count == 25)
    #expect(last[path: "prev"] == .string("10"))
    let first = try await get("sessions?limit=10\(extra)").body
    #expect(first[path: "prev"] == nil && first[path: "next"] == .string("10"))
    #expect(items(try await get("sessions?limit=10&cursor=999\(extra)").body, "sessions").isEmpty)
}

@Test(arguments: [
    "streams?limit=0", "streams?limit=10001", "streams?limit=ten", "streams?limit=", "streams?cursor=-1",
    "streams?cursor=abc", "sessions?limit=-5", "cluster/peers?limit=x", "events?limit=0", "events?limit=ten",
    "events?after=soon", "events?after=-1",
])
func wrongParametersAreNamed(uri: String) async throws {
    let (status, body) = try await get(uri)
    #expect(status == .badRequest)
    #expect(body[path: "error"] == .string("bad_request"))
    let parameter = try #require(uri.split(separator: "?").last?.split(separator: "=").first)
    #expect(body[path: "message"]?.asText.contains(parameter) == true)
}

@Test func unknownStreamIsAProblem() async throws {
    let (status, body) = try await get("streams/news/sd")
    #expect(status == .notFound && body[path: "error"] == .string("not_found"))
    #expect(body[path: "message"] == .string("no stream is named news/sd"))
}

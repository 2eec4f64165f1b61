// The OpenAPI document against the API's real answers.
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import TestSupport
import Testing

@testable import ManagementAPI

private let base = APIRoutes.base

extension TestResponse {
    func json() throws -> JSONValue { try JSONDecoder().decode(JSONValue.self, from: Data(body.readableBytesView)) }
}

/// The document as the server answers with it.
private func document() async throws -> JSONValue {
    try await RichServer().application.test(.router) { client in
        try await client.execute(uri: "\(base)/openapi.json", method: .get) { response in
            #expect(response.status == .ok)
            #expect(response.headers[.contentType] == "application/json; charset=utf-8")
            let document = try response.json()
            #expect(document[path: "openapi"] == .string("3.1.0"))
            return document
        }
    }
}

private func fields(_ value: JSONValue?) -> [String: JSONValue] {
    if case .object(let fields) = value { fields } else { [:] }
}

/// A request that gets an answer of each documented kind.
private struct Example: CustomStringConvertible {
    var method: HTTPRequest.Method = .get
    /// As in the document.
    var path: String
    var uri: String?
    var status: Int
    var access = APIAccess()
    var notReady: String?
    var reloadProblem: Problem?
    /// For configuration routes: see `RichConfiguration`.
    var body = ""

    var description: String { "\(method) \(uri ?? path) → \(status)" }
}

private let examples: [Example] = {
    let closed = APIAccess(view: .init(user: "v", password: "p"), edit: .init(user: "e", password: "p"))
    let gets = [
        "streams", "sessions", "cluster/peers", "config", "config/stats", "events", "openapi.json", "dvrs",
    ].map {
        Example(path: "\(base)/\($0)", status: 200)
    }
    let wrong = ["streams", "sessions", "cluster/peers", "events", "dvrs"].map {
        Example(path: "\(base)/\($0)", uri: "\(base)/\($0)?limit=0", status: 400)
    }
    let posts = [("config/reload", 200), ("stop", 202), ("cluster/drain", 202), ("cluster/return", 202)].map {
        Example(method: .post, path: "\(base)/\($0)", status: $1)
    }
    let named = ["cam01", "news/hd", "news%2Fhd"].map {
        Example(path: "\(base)/streams/{name}", uri: "\(base)/streams/\($0)", status: 200)
    }
    let others = [
        Example(path: "\(base)/streams/{name}", uri: "\(base)/streams/nobody", status: 404),
        Example(
            method: .post, path: "\(base)/config/reload", status: 400,
            reloadProblem: .badRequest("weir.conf:1:1: error: …", hint: "the settings that were in force stay")),
        Example(path: "\(base)/monitoring/liveness", status: 200, access: closed),
        Example(path: "\(base)/monitoring/readiness", status: 200, access: closed),
        Example(path: "\(base)/monitoring/readiness", status: 503, notReady: "it is starting"),
        Example(path: "/metrics", status: 200),
    ]
    let protected = (gets + posts).map { Example(method: $0.method, path: $0.path, status: 401, access: closed) }
    let protectedOthers = ["/metrics", "\(base)/events/follow"].map { Example(path: $0, status: 401, access: closed) }
    let protectedStream = Example(
        path: "\(base)/streams/{name}", uri: "\(base)/streams/nobody", status: 401, access: closed)
    return gets + wrong + posts + named + others + protected + protectedOthers + [protectedStream] + archiveExamples
        + configurationExamples + groupExamples
}()

private let groupExamples: [Example] = {
    let peers = "\(base)/cluster/peers"
    // Method, place, query, that of a bad request, status.
    let operations: [(HTTPRequest.Method, String, String, String?, Int)] = [
        (.get, "events", "", "?after=x-y-z", 200), (.get, "streams", "", "?limit=0", 200),
        (.get, "picture", "?stream=cam01", "", 200), (.post, "drain", "", nil, 202), (.post, "return", "", nil, 202),
    ]
    let closed = APIAccess(view: .init(user: "v", password: "p"), edit: .init(user: "e", password: "p"))
    return operations.flatMap { method, place, query, bad, status in
        func example(_ server: String, _ query: String, _ status: Int, _ access: APIAccess = APIAccess()) -> Example {
            Example(
                method: method, path: "\(peers)/{server}/\(place)", uri: "\(peers)/\(server)/\(place)\(query)",
                status: status, access: access)
        }
        return [
            example("streamer", query, status), example("nobody", query, 404), example("dead", query, 502),
            example("streamer", query, 401, closed),
        ] + (bad.map { [example("streamer", $0, 400)] } ?? [])
    }
}()

private let archiveExamples: [Example] = {
    let ranges = "dvr/ranges"
    let locks = "dvr/locks"
    // Method, place, query of a good and of a bad request, status of the good one.
    let operations: [(HTTPRequest.Method, String, String, String?, Int)] = [
        (.get, ranges, "", nil, 200), (.get, locks, "", nil, 200),
        (.delete, ranges, "?from=1700000000&duration=2.5", "?from=1700000000", 200),
        (.delete, ranges, "?from=1700000000&to=1700000003", "?from=1700000000&to=5", 200),
        (.post, locks, "?from=1700000000&duration=3&note=goal", "?duration=3", 201),
        (.delete, locks, "?id=1", "?id=one", 200),
    ]
    func example(
        _ method: HTTPRequest.Method, _ place: String, _ stream: String, _ query: String, _ status: Int,
        access: APIAccess = APIAccess()
    ) -> Example {
        Example(
            method: method, path: "\(base)/streams/{name}/\(place)", uri: "\(base)/streams/\(stream)/\(place)\(query)",
            status: status, access: access)
    }
    let closed = APIAccess(view: .init(user: "v", password: "p"), edit: .init(user: "e", password: "p"))
    return operations.flatMap { method, place, query, bad, status in
        [
            example(method, place, "cam01", query, status), example(method, place, "news%2Fhd", query, status),
            example(method, place, "nobody", query, 404), example(method, place, "cam10", query, 503),
            example(method, place, "cam01", query, 401, access: closed),
        ] + (bad.map { [example(method, place, "cam01", $0, 400)] } ?? [])
    } + [example(.delete, locks, "cam01", "?id=7", 404)]
}()

private let configurationExamples: [Example] = {
    let config = "\(base)/config"
    let version = "\(config)/history/{id}"
    let known = "\(config)/history/20261121T073000.123Z"
    // Method, path of the document, address, body, status.
    let operations: [(HTTPRequest.Method, String, String, String, Int)] = [
        (.get, "\(config)/file", "\(config)/file", "", 200), (.get, "\(config)/file", "\(config)/file", "no file", 404),
        (.post, "\(config)/check", "\(config)/check", "text", 200),
        (.post, "\(config)/check", "\(config)/check", "\u{0}", 400),
        (.post, "\(config)/check", "\(config)/check", "large", 413),
        (.put, config, "\(config)?group=true", "text", 200),
        (.put, config, "\(config)?group=yes", "text", 400), (.put, config, config, "mistake", 400),
        (.put, config, "\(config)?revision=old", "text", 409), (.put, config, config, "large", 413),
        (.get, "\(config)/history", "\(config)/history", "", 200), (.get, version, known, "", 200),
        (.get, version, "\(config)/history/none", "", 404), (.post, "\(version)/restore", "\(known)/restore", "", 200),
        (.post, "\(version)/restore", "\(known)/restore?group=1", "", 400),
        (.post, "\(version)/restore", "\(config)/history/none/restore", "", 404),
        (.post, "\(version)/restore", "\(config)/history/other/restore", "", 409),
    ]
    let closed = APIAccess(view: .init(user: "v", password: "p"), edit: .init(user: "e", password: "p"))
    let open = operations.map { method, path, uri, body, status in
        Example(method: method, path: path, uri: uri, status: status, body: body)
    }
    let shut = operations.filter { $0.4 == 200 }.map { method, path, uri, body, _ in
        Example(method: method, path: path, uri: uri, status: 401, access: closed, body: body)
    }
    return open + shut + [Example(path: "\(base)/access", status: 200, access: closed)]
}()

@Test func everyAnswerHasTheDocumentedForm() async throws {
    let document = try await document()
    var checker = SchemaChecker(document: document)
    var answered: Set<String> = []
    for example in examples {
        let operation = fields(
            fields(fields(document[path: "paths"])[example.path])[example.method.rawValue.lowercased()])
        let documented = fields(fields(operation["responses"])["\(example.status)"])
        #expect(!documented.isEmpty, "\(example) is not documented")
        let server = RichServer(
            access: example.access, notReady: example.notReady, reloadProblem: example.reloadProblem,
            hasFile: example.body != "no file")
        let response = try await server.application.test(.router) { client in
            try await client.execute(
                uri: example.uri ?? example.path, method: example.method, body: RichConfiguration.body(example.body)
            ) { $0 }
        }
        #expect(response.status.code == example.status, "\(example)")
        answered.insert("\(example.method) \(example.path) \(example.status)")
        let type = response.headers[.contentType]?.prefix { $0 != ";" } ?? ""
        let content = fields(documented["content"])
        #expect(content.keys.sorted() == [String(type)], "\(example)")
        if type == "application/json", let schema = fields(content[String(type)])["schema"] {
            checker.check(try response.json(), against: schema, at: "\(example)")
        }
    }
    #expect(checker.mistakes == [])
    // And the other way round: nothing is documented that no answer has.
    let schemas = fields(document[path: "components.schemas"])
    let known = Set(schemas.flatMap { name, schema in fields(schema[path: "properties"]).keys.map { "\(name).\($0)" } })
    let pages: Set = ["StreamList", "SessionList", "PeerList", "ArchiveStoreList", "CaptureList"]
    let unmet = known.subtracting(checker.met).filter { property in
        // Pages of one: see ListTests.
        !(property.hasSuffix(".next") || property.hasSuffix(".prev"))
            || !pages.contains(String(property.prefix { $0 != "." }))
    }
    #expect(unmet == [])
    for (path, operations) in fields(document[path: "paths"]) {
        for (method, operation) in fields(operations) {
            for status in fields(fields(operation)["responses"]).keys {
                let key = "\(method.uppercased()) \(path) \(status)"
                // An endless answer: see EventTests.
                #expect(answered.contains(key) || key == "GET \(base)/events/follow 200", "\(key) was not shown")
            }
        }
    }
}

@Test func everyRouteIsDocumentedAndEveryDocumentedRouteIsThere() async throws {
    let router = Router()
    APIRoutes.add(
        to: router, server: RichServer(), archives: RichArchives(), configuration: RichConfiguration(),
        group: RichGroup(server: RichServer()))
    let routes = router.routes.map { "\($0.method) \($0.path)".replacing("**", with: "{name}") }
    let documented = fields(try await document()[path: "paths"]).flatMap { path, operations in
        // What stands behind a stream's name is no route of its own, as a name may have several parts; that each such
        // place answers is shown above.
        fields(operations).keys.map { "\($0.uppercased()) \(path.replacing(/\{name\}.*/, with: "{name}"))" }
    }
    #expect(Set(routes) == Set(documented))
}

@Test func theCheckerFindsMistakes() {
    let schema = JSONValue.object([
        "type": .string("object"), "additionalProperties": .bool(false), "required": .array([.string("a")]),
        "properties": .object([
            "a": .object(["type": .string("integer"), "minimum": .integer(1)]),
            "b": .object(["type": .string("array"), "items": .object(["enum": .array([.string("x")])])]),
            "c": .object(["$ref": .string("#/components/schemas/None")]),
        ]),
    ])
    func mistakes(_ value: JSONValue) -> Int {
        var checker = SchemaChecker(document: .object([:]))
        checker.check(value, against: schema, at: "")
        return checker.mistakes.count
    }
    #expect(mistakes(.object(["a": .integer(1), "b": .array([.string("x")])])) == 0)
    #expect(mistakes(.array([])) == 1)
    #expect(mistakes(.object([:])) == 1)
    #expect(mistakes(.object(["a": .integer(0)])) == 1)
    #expect(mistakes(.object(["a": .string("1")])) == 1)
    #expect(mistakes(.object(["a": .number(1.5)])) == 1)
    #expect(mistakes(.object(["a": .integer(1), "z": .null])) == 1)
    #expect(mistakes(.object(["a": .integer(1), "b": .array([.string("y"), .string("x")])])) == 1)
    #expect(mistakes(.object(["a": .integer(1), "c": .null])) == 1)
}

// /config/file, /config/check, PUT /config and /config/history: the configuration file over the API.
import HTTPTypes
import Hummingbird
import NIOCore

/// | request | parameters | body | answer |
/// | --- | --- | --- | --- |
/// | `GET /config/file` | | | the text with its mistakes |
/// | `POST /config/check` | | a text | mistakes, what would change, the difference |
/// | `PUT /config` | `revision`, `group` | a text | what was done |
/// | `GET /config/history` | | | earlier texts |
/// | `GET /config/history/{id}` | | | one of them and the difference to it |
/// | `POST /config/history/{id}/restore` | `group` | | what was done |
struct ConfigurationRoutes {
    /// Far above any configuration written by people.
    static let longestText = 4 << 20

    let configuration: any ManagedConfiguration

    private struct Versions: Encodable {
        var versions: [ConfigVersionFacts]
    }

    func add<Context: RequestContext>(to api: RouterGroup<Context>) {
        api.get("config/file") { [configuration] _, _ in try APIEncoding.response(await configuration.file()) }
        api.post("config/check") { [configuration] request, _ in
            try APIEncoding.response(await configuration.check(try await Self.text(of: request)))
        }
        api.put("config") { [configuration] request, _ in
            let text = try await Self.text(of: request)
            return try APIEncoding.response(
                await configuration.apply(
                    text, revision: request.uri.queryParameters["revision"].map(String.init),
                    wholeGroup: try Self.wholeGroup(request)))
        }
        api.get("config/history") { [configuration] _, _ in
            try APIEncoding.response(Versions(versions: await configuration.versions()))
        }
        api.get("config/history/{id}") { [configuration] _, context in
            try APIEncoding.response(await configuration.version(try context.parameters.require("id")))
        }
        api.post("config/history/{id}/restore") { [configuration] request, context in
            try APIEncoding.response(
                await configuration.restore(
                    try context.parameters.require("id"), wholeGroup: try Self.wholeGroup(request)))
        }
    }

    private static func text(of request: Request) async throws -> String {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: longestText)
        } catch is NIOTooManyBytesError {
            throw Problem(
                status: .contentTooLarge, code: "too_large",
                message: "a configuration has at most \(longestText >> 20) MiB", hint: "nothing was changed")
        }
        guard let text = String(validating: body.readableBytesView, as: UTF8.self) else {
            throw Problem.badRequest("the text is not valid UTF-8", hint: "save it as UTF-8; nothing was changed")
        }
        return text
    }

    private static func wholeGroup(_ request: Request) throws -> Bool {
        switch request.uri.queryParameters["group"] {
        case nil, "false": return false
        case "true": return true
        case let other?: throw Problem.badRequest("group=\(other) is neither true nor false")
        }
    }
}

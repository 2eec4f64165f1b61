// The one form in which the API reports an error.
package import HTTPTypes
package import Hummingbird

/// An error answer: a status, a code for programs, a sentence for people and what to do.
package struct Problem: Error, Hashable, Sendable {
    package var status: HTTPResponse.Status
    /// Stable word for programs, such as `not_found`.
    package var code: String
    package var message: String
    package var hint: String?
    /// The mistakes of a configuration text, one by one.
    package var diagnostics: [DiagnosticFacts]?
    /// What each server of the group says to a change that was refused.
    package var servers: [ConfigApplyFacts.Server]?

    package init(
        status: HTTPResponse.Status, code: String, message: String, hint: String? = nil,
        diagnostics: [DiagnosticFacts]? = nil, servers: [ConfigApplyFacts.Server]? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.diagnostics = diagnostics
        self.servers = servers
    }

    package static func badRequest(_ message: String, hint: String? = nil) -> Problem {
        Problem(status: .badRequest, code: "bad_request", message: message, hint: hint)
    }

    package static func notFound(_ message: String, hint: String? = nil) -> Problem {
        Problem(status: .notFound, code: "not_found", message: message, hint: hint)
    }
}

extension Problem: HTTPResponseError {
    private struct Body: Encodable {
        var error: String
        var message: String
        var hint: String?
        var diagnostics: [DiagnosticFacts]?
        var servers: [ConfigApplyFacts.Server]?
    }

    package func response(from request: Request, context: some RequestContext) throws -> Response {
        var response = try APIEncoding.response(
            Body(error: code, message: message, hint: hint, diagnostics: diagnostics, servers: servers), status: status)
        if status == .unauthorized {
            // A page's script asks for the password in the page; a browser would put its own window before it.
            let isScript = HTTPField.Name("Sec-Fetch-Mode").flatMap { request.headers[$0] }.map { $0 != "navigate" }
            response.headers[.wwwAuthenticate] =
                isScript == true ? "Bearer realm=\"Weir\"" : "Basic realm=\"Weir\", charset=\"UTF-8\""
        }
        return response
    }
}

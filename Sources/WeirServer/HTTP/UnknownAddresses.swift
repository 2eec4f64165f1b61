// An address that nothing answers for gets a sentence instead of an empty page.
import Hummingbird
import ManagementAPI

/// Turns the router's bare 404 and 405 into the API's form of error.
struct UnknownAddresses<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.body == nil {
            throw Problem(
                status: error.status, code: error.status == .notFound ? "not_found" : "not_possible",
                message: "nothing at this address answers such a request",
                hint: "the console is at /, the API at \(APIRoutes.base)/openapi.json, a stream at /NAME/index.m3u8")
        }
    }
}

// A group in memory: one server that answers, one that does not.
import Hummingbird

@testable import ManagementAPI

/// Knows `streamer`, which answers with a `RichServer`'s facts, and `dead`.
struct RichGroup: ManagedGroup {
    let server: RichServer

    private func check(_ name: String) throws {
        switch name {
        case "streamer": return
        case "dead":
            throw Problem(status: .badGateway, code: "bad_gateway", message: "dead is not reached: no answer in time")
        default: throw Problem.notFound("no server of the group is named \(name)")
        }
    }

    func events(of name: String, limit: Int, stream: String?, after: String?) async throws -> ServerEvents {
        try check(name)
        return try ServerEvents(of: server.events, limit: limit, stream: stream, after: after)
    }

    func captures(of name: String) async throws -> [CaptureFacts] {
        try check(name)
        return server.streams().map { CaptureFacts($0) }
    }

    func picture(of stream: String, from name: String) async throws -> [UInt8] {
        try check(name)
        return Array(stream.utf8)
    }

    func setDraining(_ draining: Bool, of name: String) async throws {
        try check(name)
        try await server.setDraining(draining)
    }
}

// What a server that ends closes.
import AsyncHTTPClient
import Logging
import Testing

@testable import WeirServer

@Test func aClientThatDoesNotEndWellKeepsNoOtherOpen() async throws {
    let clients = [HTTPClient(), HTTPClient()]
    try await clients[0].shutdown()
    // A second shutdown of the first one fails.
    await ServerParts.close(clients, Logger(label: "test"))
    await #expect(throws: HTTPClientError.alreadyShutdown) { try await clients[1].shutdown() }
}

// The event log, its list and its server-sent events.
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import ServiceLifecycle
import Testing

@testable import ManagementAPI

private func log(capacity: Int) -> EventLog { EventLog(server: "a", capacity: capacity) { 1_700_000_000_000 } }

@Test func theNewestAreKept() {
    let events = log(capacity: 3)
    #expect(events.newest(limit: 10).isEmpty)
    for index in 1...5 { events.record("e\(index)", stream: index % 2 == 0 ? "even" : "odd", reason: "r") }
    #expect(events.newest(limit: 10).map(\.id) == [5, 4, 3])
    #expect(events.newest(limit: 2).map(\.event) == ["e5", "e4"])
    #expect(events.newest(limit: 10, stream: "odd").map(\.id) == [5, 3])
    #expect(events.newest(limit: 10, after: 4).map(\.id) == [5])
    #expect(events.newest(limit: 10, after: 5).isEmpty)
}

@Test func followersHearUntilTheyLeave() async {
    let events = log(capacity: 3)
    let (heard, continuation) = AsyncStream.makeStream(of: UInt64.self)
    let leave = events.follow { continuation.yield($0.id) }
    events.record("a", reason: "r")
    leave()
    events.record("b", reason: "r")
    continuation.finish()
    let ids = await heard.reduce(into: []) { $0.append($1) }
    #expect(ids == [1])
}

@Test(
    arguments: [
        ("", [3, 2, 1]), ("?limit=2", [3, 2]), ("?after=1", [3, 2]), ("?stream=news%2Fhd", [3]), ("?stream=nobody", []),
    ] as [(String, [Int64])])
func eventsByStreamAndID(query: String, expected: [Int64]) async throws {
    let body = try await RichServer().application.test(.router) { client in
        try await client.execute(uri: "\(APIRoutes.base)/events\(query)", method: .get) { try $0.json() }
    }
    guard case .array(let found) = body[path: "events"] else { throw Unlisted() }
    #expect(found.map { $0[path: "id"] } == expected.map(JSONValue.integer))
}

private struct Unlisted: Error {}

/// Hands on what a body writes.
private struct CollectingWriter: ResponseBodyWriter {
    let written: AsyncStream<String>.Continuation
    mutating func write(_ buffer: ByteBuffer) async throws { written.yield(String(buffer: buffer)) }
    consuming func finish(_ trailingHeaders: HTTPFields?) async throws { written.finish() }
}

/// The fields of server-sent events, read as WHATWG HTML §9.2.6 says.
private func fields(_ message: String) -> [String: String] {
    var fields: [String: String] = [:]
    for line in message.split(separator: "\n") where !line.hasPrefix(":") {
        let parts = line.split(separator: ":", maxSplits: 1)
        fields[String(parts[0])] = parts.count == 2 ? String(parts[1].drop { $0 == " " }) : ""
    }
    return fields
}

@Test func eventsAreFollowedAsServerSentEvents() async throws {
    let events = log(capacity: 10)
    events.record("before", reason: "nobody follows yet")
    let response = EventRoutes.follow(events)
    #expect(response.headers[.contentType] == "text/event-stream")
    let (written, continuation) = AsyncStream.makeStream(of: String.self)
    let body = response.body
    let writing = Task { try await body.write(CollectingWriter(written: continuation)) }
    var messages = written.makeAsyncIterator()
    #expect(await messages.next()?.hasPrefix(":") == true, "a comment opens the answer at once")
    events.record("peer_lost", peer: "b", reason: "two\nlines and \"quotes\"")
    let message = try #require(await messages.next())
    #expect(message.hasSuffix("\n\n"), "an empty line ends a message")
    let parts = fields(message)
    #expect(parts["id"] == "1700000000000-2" && parts["event"] == "peer_lost" && parts.count == 3)
    let event = try JSONDecoder().decode(ServerEvent.self, from: Data((parts["data"] ?? "").utf8))
    #expect(event == events.newest(limit: 1).first)
    writing.cancel()
    _ = await writing.result
}

/// Answers one reader of events as long as the server runs.
private struct FollowedByOne: Service {
    let events: EventLog
    let written: AsyncStream<String>.Continuation

    func run() async throws { try await EventRoutes.follow(events).body.write(CollectingWriter(written: written)) }
}

@Test(.timeLimit(.minutes(10))) func followersDoNotHoldUpTheShutdown() async throws {
    let (written, continuation) = AsyncStream.makeStream(of: String.self)
    let group = ServiceGroup(
        services: [FollowedByOne(events: log(capacity: 10), written: continuation)], logger: Logger(label: "test"))
    async let running: Void = group.run()
    var messages = written.makeAsyncIterator()
    #expect(await messages.next() != nil)
    await group.triggerGracefulShutdown()
    #expect(await messages.next() == nil, "the answer ends in order")
    // A service that ends while shutting down is no error.
    try await running
}

/// The first messages of a followed log, and then it is left.
private func messages(_ count: Int, of response: Response, then record: () -> Void = {}) async -> [String] {
    let (written, continuation) = AsyncStream.makeStream(of: String.self)
    let body = response.body
    let writing = Task { try await body.write(CollectingWriter(written: continuation)) }
    var iterator = written.makeAsyncIterator()
    var found: [String] = []
    record()
    while found.count < count, let next = await iterator.next() { found.append(next) }
    writing.cancel()
    _ = await writing.result
    return found
}

@Test func aReaderGoesOnWhereItWas() async throws {
    let events = log(capacity: 10)
    for number in 1...4 { events.record("e\(number)", reason: "r") }
    let after = try EventRoutes.position("1700000000000-2", in: events)
    #expect(after == 2)
    let response = EventRoutes.follow(events, after: after)
    events.record("e5", reason: "r")
    let found = await messages(4, of: response).dropFirst()
    #expect(found.map { fields($0)["event"] } == ["e3", "e4", "e5"])
    // An id of another life of the server: everything that is kept. None: nothing of before.
    #expect(try EventRoutes.position("1600000000000-2", in: events) == 0)
    #expect(try EventRoutes.position("3", in: events) == 3)
    #expect(try EventRoutes.position(nil, in: events) == nil)
    for text in ["x", "1-2-3", "-", "1700000000000-"] {
        #expect(throws: Problem.self) { try EventRoutes.position(text, in: events) }
    }
}

@Test func whatAReaderFarBehindLosesIsCounted() async {
    let events = log(capacity: 10)
    let response = EventRoutes.follow(events, keepAlive: .milliseconds(1))
    for number in 1...1007 { events.record("e\(number)", reason: "r") }
    // Meanwhile the time for comments comes again and again: they take no event's place.
    _ = await messages(30, of: EventRoutes.follow(log(capacity: 10), keepAlive: .milliseconds(1)))
    #expect(events.missedByFollowers == 7)
    let found = await messages(2, of: response)
    #expect(fields(found[1])["event"] == "e8")
    let metric = MonitoringRoutes.events(events).first { $0.name == "weir_event_follower_dropped_total" }
    #expect(metric?.samples.map(\.value) == [7])
}

@Test func silenceIsBrokenByComments() async {
    let found = await messages(3, of: EventRoutes.follow(log(capacity: 10), keepAlive: .milliseconds(1)))
    #expect(found.first?.contains("retry: 2000\n") == true)
    #expect(found.dropFirst().allSatisfy { $0 == ": nothing new\n\n" })
}

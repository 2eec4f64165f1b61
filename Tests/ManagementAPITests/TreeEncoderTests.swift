// Trees and their text against those of the standard encoder: any kind of value, all facts of the API, values by chance.
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import ManagementAPI

/// What writing as JSON and reading again gives.
private func reread(_ value: some Encodable) throws -> JSONValue {
    try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(value))
}

private func text(_ tree: JSONValue) -> String {
    var bytes = ByteBuffer()
    bytes.writeJSON(tree)
    return String(buffer: bytes)
}

private func standardText(_ value: some Encodable) throws -> String {
    String(buffer: try APIEncoding.bytes(value))
}

/// Every kind of field, and containers that are opened before they are filled.
private struct Everything: Encodable {
    enum Word: String, Encodable { case one = "Eins" }
    struct Empty: Encodable {}
    struct Wrapped: Encodable {
        var value: Int
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(value)
        }
    }
    enum Key: String, CodingKey {
        case truth, small, least, greatest, unsigned, real, whole, float, text, word, none, missing, list, table, empty
        case numbers, opened, filled, below, wrapped, nested
    }
    var nested: [[Wrapped]] = [[Wrapped(value: 1)], []]

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        var opened = container.nestedContainer(keyedBy: Key.self, forKey: .opened)
        var filled = container.nestedUnkeyedContainer(forKey: .filled)
        try container.encode(true, forKey: .truth)
        try container.encode(Int8.min, forKey: .small)
        try container.encode(Int64.min, forKey: .least)
        try container.encode(Int64.max, forKey: .greatest)
        try container.encode(UInt64.max, forKey: .unsigned)
        try container.encode(0.1 + 0.2, forKey: .real)
        try container.encode(1e18, forKey: .whole)
        try container.encode(Float(0.1), forKey: .float)
        try container.encode("Ä/\"\\\u{0}\u{8}\u{1f}\n\r\t\u{c}\u{7f}👩‍🚀", forKey: .text)
        try container.encode(Word.one, forKey: .word)
        try container.encodeNil(forKey: .none)
        try container.encodeIfPresent(Int?.none, forKey: .missing)
        try container.encode([1, nil, 3] as [Int?], forKey: .list)
        try container.encode(["b": [1.5], "a": [], "ä": [-0.0], "Z": [1e300]], forKey: .table)
        try container.encode(Empty(), forKey: .empty)
        try container.encode([7: "seven", 11: "eleven"], forKey: .numbers)
        try container.encode(Wrapped(value: 5), forKey: .wrapped)
        try container.encode(nested, forKey: .nested)
        try opened.encode("late", forKey: .text)
        try filled.encode(UInt8(200))
        var inner = filled.nestedContainer(keyedBy: Key.self)
        try filled.encodeNil()
        try inner.encode(false, forKey: .truth)
        var list = filled.nestedUnkeyedContainer()
        try list.encode("deep")
        try 3.encode(to: filled.superEncoder())
        try "super".encode(to: container.superEncoder())
        try [true].encode(to: container.superEncoder(forKey: .below))
    }
}

@Test func aTreeIsWhatReadingTheTextGives() throws {
    let tree = try TreeEncoder.tree(Everything())
    #expect(tree == (try reread(Everything())))
    // Not `unsigned`, which the tree has as a floating-point number.
    #expect(tree[path: "unsigned"] == .number(0x1p64))
    #expect(text(tree) == (try standardText(tree)))
    #expect(try TreeEncoder.tree("only text") == .string("only text"))
    #expect(try TreeEncoder.tree(Int?.none) == .null)
}

@Test(arguments: [
    0, -0.0, 5, 0.1, 0.1 + 0.2, 1e15, 1e16, 0x1p53, -0x1p53, 123_456_789_012_345_680, 9.2e18, 9.3e18, 1e19, -1e19,
    1e300,
    .leastNonzeroMagnitude, 1_700_000_000.25, .greatestFiniteMagnitude,
])
func floatingPointNumbersAreWrittenAsBefore(number: Double) throws {
    let tree = try TreeEncoder.tree([number])
    #expect(tree == (try reread([number])))
    #expect(text(tree) == (try standardText(tree)))
    #expect(text(.number(number)) == (try standardText(number)))
}

@Test(arguments: [Double.nan, .infinity, -.infinity])
func aNumberThatJSONLacksIsNamedByItsPlace(number: Double) throws {
    let error = #expect(throws: EncodingError.self) { try TreeEncoder.tree(["rates": [1, number]]) }
    guard case .invalidValue(_, let context)? = error else {
        Issue.record("\(String(describing: error))")
        return
    }
    #expect(context.codingPath.map(\.stringValue) == ["rates", "1"])
}

@Test func theFactsOfTheAPIKeepTheirForm() throws {
    let server = RichServer()
    var streams = server.streams()
    streams += try [#require(server.stream("cam01"))]
    func check(_ facts: some Encodable) throws {
        let tree = try TreeEncoder.tree(facts)
        #expect(tree == (try reread(facts)))
        #expect(text(tree) == (try standardText(facts)))
    }
    try check(streams)
    try check(server.sessions())
    try check(server.peers())
    try check(server.serverFacts())
    try check(server.events.newest(limit: 10))
}

@Test(arguments: 0..<200)
func treesByChanceAreWrittenAndReadAsBefore(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let tree = JSONValue.random(depth: 4, using: &random)
    #expect(try TreeEncoder.tree(tree) == reread(tree))
    #expect(text(tree) == (try standardText(tree)))
}

extension JSONValue {
    fileprivate static func random(depth: Int, using random: inout some RandomNumberGenerator) -> JSONValue {
        func word() -> String {
            let scalars = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                Unicode.Scalar(UInt32.random(in: 0...0x2FF, using: &random)) ?? "x"
            }
            return String(String.UnicodeScalarView(scalars))
        }
        switch Int.random(in: depth > 0 ? 0...6 : 0...4, using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2:
            return .integer(Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...63, using: &random))
        case 3:
            let number = Double(bitPattern: UInt64.random(in: 0...(.max), using: &random))
            return .number(number.isFinite ? number : 0.5)
        case 4: return .string(word())
        case 5:
            return .array(
                (0..<Int.random(in: 0...5, using: &random)).map { _ in .random(depth: depth - 1, using: &random) })
        default:
            let fields = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                (word(), JSONValue.random(depth: depth - 1, using: &random))
            }
            return .object(Dictionary(fields) { first, _ in first })
        }
    }
}

@Test(arguments: [
    (["name"], #"{"name":"cam01"}"#),
    (["stats.alive", "name"], #"{"name":"cam01","stats":{"alive":true}}"#),
    (["inputs.url"], #"{"inputs":[{"url":"udp://239.0.0.1:1234"},{"url":"udp://239.0.0.1:1234"}]}"#),
    (["title.length", "nothing"], #"{"title":"Door \"1\""}"#),
    (["stats", "stats.alive"], nil), (["stats.alive", "stats"], nil),
])
func onlyWantedFieldsAreEncoded(paths: [String], expected: String?) throws {
    let stream = try #require(RichServer().streams().first)
    let tree = try TreeEncoder.tree(stream, wanted: WantedFields(paths))
    if let expected {
        #expect(text(tree) == expected)
    } else {
        #expect(tree == .object(["stats": try reread(stream.stats)]))
    }
}

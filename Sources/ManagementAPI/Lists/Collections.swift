// Answers with a list: the collection under its own name, how many there are, and where the next page begins.
import Hummingbird

/// Answers with the page of `items` that `request` asks for, under the key `name`.
func listResponse<Item: Encodable & Sendable & SendableMetatype>(
    _ name: String, _ items: [Item], request: Request
) throws -> Response {
    let query = try ListQuery(request.queryItems)
    if query.looksIntoItems {
        let page = query.page(of: try items.map(APIEncoding.tree))
        return try APIEncoding.response(
            ListBody(name: name, items: page.items, count: page.count, next: page.next, previous: page.previous))
    }
    let range = query.pageRange(count: items.count)
    return try APIEncoding.response(
        ListBody(
            name: name, items: Array(items[range]), count: items.count,
            next: query.next(after: range, count: items.count), previous: query.previous(range)))
}

private struct ListBody<Item: Encodable & Sendable & SendableMetatype>: Encodable {
    struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }

    var name: String
    var items: [Item]
    var count: Int
    var next: String?
    var previous: String?

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(items, forKey: Key(name))
        try container.encode(count, forKey: Key("estimated_count"))
        try container.encodeIfPresent(next, forKey: Key("next"))
        try container.encodeIfPresent(previous, forKey: Key("prev"))
    }
}

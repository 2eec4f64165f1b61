// Answers with a list: the collection under its own name, how many there are, and where the next page begins.
import Hummingbird

/// Answers with the page of `items` that `request` asks for, under the key `name`.
func listResponse<Item: Encodable & Sendable & SendableMetatype>(
    _ name: String, _ items: [Item], request: Request
) throws -> Response {
    let query = try ListQuery(request.queryItems)
    guard query.looksIntoItems else {
        let range = query.pageRange(count: items.count)
        return try APIEncoding.response(
            ListBody(name: name, items: Array(items[range]), page: query.page(range, of: items.count)))
    }
    let wanted = query.wantedFields
    let trees = try items.map { try TreeEncoder.tree($0, wanted: wanted) }
    let found = query.found(in: trees)
    let range = query.pageRange(count: found.count)
    let page = query.page(range, of: found.count)
    guard !query.select.isEmpty else {
        return try APIEncoding.response(ListBody(name: name, items: found[range].map { items[$0] }, page: page))
    }
    var body: [String: JSONValue] = [
        name: .array(found[range].map { query.selected(trees[$0]) }), "estimated_count": .integer(Int64(page.count)),
    ]
    body["next"] = page.next.map(JSONValue.string)
    body["prev"] = page.previous.map(JSONValue.string)
    return APIEncoding.response(tree: .object(body))
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
    var page: ListPage

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(items, forKey: Key(name))
        try container.encode(page.count, forKey: Key("estimated_count"))
        try container.encodeIfPresent(page.next, forKey: Key("next"))
        try container.encodeIfPresent(page.previous, forKey: Key("prev"))
    }
}

// The list parameters that every collection of the API takes: limit, cursor, sort, select and filters by field.

/// What a client asks of a list.
///
/// `limit=20`, `cursor=…` (from `next` or `prev` of an answer), `sort=-stats.bitrate,name` (minus: descending),
/// `select=name,stats.status`, and filters: `field=value`, `field_ne=`, `field_gt=`, `field_gte=`, `field_lt=`,
/// `field_lte=`, `field_like=` (contains, case does not matter). Fields are paths with dots.
package struct ListQuery: Hashable, Sendable {
    package enum Comparison: String, CaseIterable, Sendable {
        case notEqual = "_ne"
        case greater = "_gt"
        case greaterOrEqual = "_gte"
        case less = "_lt"
        case lessOrEqual = "_lte"
        case like = "_like"
        case equal = ""
    }

    package struct Filter: Hashable, Sendable {
        package var field: String
        package var comparison: Comparison
        package var value: String
    }

    package struct SortKey: Hashable, Sendable {
        package var field: String
        package var isDescending: Bool
    }

    package static let largestLimit = 10_000

    /// Keys in the path of a field, far more than any item has. What walks along a path goes one call deeper for each.
    private static let mostKeys = 32

    package var limit: Int?
    package var offset = 0
    package var sort: [SortKey] = []
    package var select: [String] = []
    package var filters: [Filter] = []

    /// Reads the parameters of a query string. Throws a problem that names the wrong parameter.
    package init(_ parameters: [(name: String, value: String)]) throws(Problem) {
        for (name, value) in parameters {
            switch name {
            case "limit":
                guard let limit = Int(value), (1...Self.largestLimit).contains(limit) else {
                    throw .badRequest(
                        "limit=\(value) is not a number from 1 to \(Self.largestLimit)", hint: "try limit=100")
                }
                self.limit = limit
            case "cursor":
                guard let offset = Int(value), offset >= 0 else {
                    throw .badRequest(
                        "cursor=\(value) is not a cursor of this API", hint: "take it from next or prev of an answer")
                }
                self.offset = offset
            case "sort":
                sort = value.split(separator: ",").map {
                    $0.hasPrefix("-")
                        ? SortKey(field: String($0.dropFirst()), isDescending: true)
                        : SortKey(field: String($0), isDescending: false)
                }
            case "select":
                select = value.split(separator: ",").map(String.init)
            default:
                let comparison =
                    Comparison.allCases.first { $0 != .equal && name.hasSuffix($0.rawValue) } ?? .equal
                let field = String(name.dropLast(comparison.rawValue.count))
                filters.append(Filter(field: field, comparison: comparison, value: value))
            }
        }
        for field in filters.map(\.field) + sort.map(\.field) + select
        where field.utf8.count(where: { $0 == UInt8(ascii: ".") }) >= Self.mostKeys {
            throw .badRequest(
                "a field has at most \(Self.mostKeys) keys, divided by dots", hint: "such as stats.bitrate")
        }
    }

    /// True when the answer needs to look into the fields of each item.
    package var looksIntoItems: Bool { !sort.isEmpty || !select.isEmpty || !filters.isEmpty }
}

/// Where a page of a list stands in it.
struct ListPage: Hashable, Sendable {
    /// Items that pass the filters, on all pages.
    var count: Int
    /// Cursors of the pages around it.
    var next: String?
    var previous: String?
}

extension ListQuery {
    /// What filters, sorting and selection look at.
    var wantedFields: WantedFields { WantedFields(filters.map(\.field) + sort.map(\.field) + select) }

    /// Which items pass the filters, on all pages, in the order that is asked for; those that are equal keep theirs.
    ///
    /// - Parameter items: with at least `wantedFields`.
    /// - Returns: their indices.
    func found(in items: [JSONValue]) -> [Int] {
        let found = items.indices.filter { index in filters.allSatisfy { $0.matches(items[index]) } }
        guard !sort.isEmpty else { return found }
        let keyed = found.map { index in (index: index, keys: sort.map { items[index][path: $0.field] }) }
        return keyed.sorted { first, second in
            for (place, key) in sort.enumerated() {
                let order = Self.order(first.keys[place], second.keys[place])
                if order != 0 { return key.isDescending ? order > 0 : order < 0 }
            }
            return first.index < second.index
        }.map(\.index)
    }

    /// The part of a list of `count` items that this page shows.
    func pageRange(count: Int) -> Range<Int> {
        let lower = min(offset, count)
        return lower..<min(lower + (limit ?? Self.largestLimit), count)
    }

    /// The page that shows `range` of `count` items.
    func page(_ range: Range<Int>, of count: Int) -> ListPage {
        ListPage(
            count: count, next: range.upperBound < count ? String(range.upperBound) : nil,
            previous: range.lowerBound > 0
                ? String(max(0, range.lowerBound - (limit ?? Self.largestLimit))) : nil)
    }

    /// The item with the selected fields alone.
    func selected(_ item: JSONValue) -> JSONValue {
        select.reduce(JSONValue.object([:])) { partial, path in
            guard let value = item[path: path] else { return partial }
            return partial.setting(value, at: path.split(separator: ".").map(String.init)[...])
        }
    }

    /// Negative, zero or positive; a missing value comes first, numbers compare as numbers.
    private static func order(_ first: JSONValue?, _ second: JSONValue?) -> Int {
        guard let first else { return second == nil ? 0 : -1 }
        guard let second else { return 1 }
        if let a = first.asDouble, let b = second.asDouble { return a < b ? -1 : (a > b ? 1 : 0) }
        let (a, b) = (first.asText, second.asText)
        return a < b ? -1 : (a > b ? 1 : 0)
    }
}

extension ListQuery.Filter {
    func matches(_ item: JSONValue) -> Bool {
        guard let found = item[path: field] else { return comparison == .notEqual }
        if comparison == .like { return found.asText.lowercased().contains(value.lowercased()) }
        let order: Int
        if let a = found.asDouble, let b = Double(value) {
            order = a < b ? -1 : (a > b ? 1 : 0)
        } else {
            order = found.asText < value ? -1 : (found.asText > value ? 1 : 0)
        }
        return switch comparison {
        case .equal: order == 0
        case .notEqual: order != 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .like: false
        }
    }
}

extension JSONValue {
    /// The tree with `value` at a path of keys; objects on the way are made.
    fileprivate func setting(_ value: JSONValue, at path: ArraySlice<String>) -> JSONValue {
        guard let key = path.first else { return value }
        var fields: [String: JSONValue] = [:]
        if case .object(let existing) = self { fields = existing }
        fields[key] = (fields[key] ?? .object([:])).setting(value, at: path.dropFirst())
        return .object(fields)
    }
}

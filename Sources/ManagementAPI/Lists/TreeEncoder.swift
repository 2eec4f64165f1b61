// Encodes a value as a tree, without writing JSON and reading it again, and of it only the fields that are wanted.

/// A value while it is encoded.
final class TreeEncoder: Encoder {
    private enum Kind { case empty, single, object, array }

    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }
    fileprivate let wanted: WantedFields
    private var kind = Kind.empty
    private var single = JSONValue.null
    private var fields: [String: JSONValue] = [:]
    fileprivate private(set) var items: [JSONValue] = []
    /// Containers that were handed out and may still be written to, with their place.
    private var openFields: [(key: String, node: TreeEncoder)] = []
    private var openItems: [(index: Int, node: TreeEncoder)] = []

    fileprivate init(_ wanted: WantedFields, at codingPath: [any CodingKey] = []) {
        self.wanted = wanted
        self.codingPath = codingPath
    }

    /// The tree of `value`: what writing it as JSON and reading that again would give. Integers beyond 64 bits with sign become
    /// floating-point numbers, and floating-point numbers without a fraction integers.
    ///
    /// - Parameter wanted: other fields are left out, also those of the elements of arrays on the way.
    /// - Throws: what the value throws, and `EncodingError` for a number that is not finite.
    static func tree(_ value: some Encodable, wanted: WantedFields = .all) throws -> JSONValue {
        let encoder = TreeEncoder(wanted)
        try value.encode(to: encoder)
        return encoder.value
    }

    fileprivate var value: JSONValue {
        switch kind {
        case .empty: return .object([:])
        case .single: return single
        case .object:
            for open in openFields { fields[open.key] = open.node.value }
            return .object(fields)
        case .array:
            for open in openItems { items[open.index] = open.node.value }
            return .array(items)
        }
    }

    fileprivate func set(_ value: JSONValue) {
        kind = .single
        single = value
    }

    fileprivate func set(_ value: JSONValue, for key: any CodingKey) { fields[key.stringValue] = value }

    fileprivate func append(_ value: JSONValue) { items.append(value) }

    fileprivate func encode(_ value: some Encodable, for key: any CodingKey, _ wanted: WantedFields) throws {
        let node = TreeEncoder(wanted, at: codingPath + [key])
        try value.encode(to: node)
        fields[key.stringValue] = node.value
    }

    fileprivate func encodeItem(_ value: some Encodable) throws {
        let node = TreeEncoder(wanted, at: codingPath + [Index(items.count)])
        try value.encode(to: node)
        items.append(node.value)
    }

    fileprivate func open(_ key: any CodingKey) -> TreeEncoder {
        guard let wanted = wanted.below(key.stringValue) else { return TreeEncoder(wanted) }
        let node = TreeEncoder(wanted, at: codingPath + [key])
        openFields.append((key.stringValue, node))
        return node
    }

    fileprivate func openItem() -> TreeEncoder {
        let node = TreeEncoder(wanted, at: codingPath + [Index(items.count)])
        openItems.append((items.count, node))
        items.append(.null)
        return node
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        kind = .object
        fields.reserveCapacity(16)
        return KeyedEncodingContainer(Fields<Key>(node: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        kind = .array
        return Items(node: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { Single(node: self) }
}

private struct Index: CodingKey {
    let index: Int
    init(_ index: Int) { self.index = index }
    init?(intValue: Int) { self.init(intValue) }
    init?(stringValue: String) { return nil }
    var intValue: Int? { index }
    var stringValue: String { String(index) }
}

private struct Super: CodingKey {
    init() {}
    init?(intValue: Int) { return nil }
    init?(stringValue: String) { return nil }
    var intValue: Int? { nil }
    var stringValue: String { "super" }
}

private struct Fields<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: TreeEncoder
    var codingPath: [any CodingKey] { node.codingPath }

    func encodeNil(forKey key: Key) {
        if node.wanted.below(key.stringValue) != nil { node.set(.null, for: key) }
    }
    func encode(_ value: some Encodable & JSONScalar, forKey key: Key) throws {
        if node.wanted.below(key.stringValue) != nil { node.set(try value.tree(codingPath), for: key) }
    }
    func encode(_ value: some Encodable, forKey key: Key) throws {
        guard let wanted = node.wanted.below(key.stringValue) else { return }
        try node.encode(value, for: key, wanted)
    }
    func nestedContainer<Nested>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
        node.open(key).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { node.open(key).unkeyedContainer() }
    func superEncoder() -> any Encoder { node.open(Super()) }
    func superEncoder(forKey key: Key) -> any Encoder { node.open(key) }
}

private struct Items: UnkeyedEncodingContainer {
    let node: TreeEncoder
    var codingPath: [any CodingKey] { node.codingPath }
    var count: Int { node.items.count }

    func encodeNil() { node.append(.null) }
    func encode(_ value: some Encodable & JSONScalar) throws { node.append(try value.tree(codingPath)) }
    func encode(_ value: some Encodable) throws { try node.encodeItem(value) }
    func nestedContainer<Nested>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        node.openItem().container(keyedBy: type)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { node.openItem().unkeyedContainer() }
    func superEncoder() -> any Encoder { node.openItem() }
}

private struct Single: SingleValueEncodingContainer {
    let node: TreeEncoder
    var codingPath: [any CodingKey] { node.codingPath }

    func encodeNil() { node.set(.null) }
    func encode(_ value: some Encodable & JSONScalar) throws { node.set(try value.tree(codingPath)) }
    func encode(_ value: some Encodable) throws { try value.encode(to: node) }
}

// Values without fields or elements, as leaves of a tree of JSON.

/// What JSON has no structure for.
protocol JSONScalar {
    func tree(_ path: [any CodingKey]) throws -> JSONValue
}

extension Bool: JSONScalar {
    func tree(_ path: [any CodingKey]) -> JSONValue { .bool(self) }
}

extension String: JSONScalar {
    func tree(_ path: [any CodingKey]) -> JSONValue { .string(self) }
}

extension JSONScalar where Self: BinaryInteger {
    func tree(_ path: [any CodingKey]) -> JSONValue {
        Int64(exactly: self).map(JSONValue.integer) ?? .number(Double(self))
    }
}

extension Int: JSONScalar {}
extension Int8: JSONScalar {}
extension Int16: JSONScalar {}
extension Int32: JSONScalar {}
extension Int64: JSONScalar {}
extension UInt: JSONScalar {}
extension UInt8: JSONScalar {}
extension UInt16: JSONScalar {}
extension UInt32: JSONScalar {}
extension UInt64: JSONScalar {}

extension Double: JSONScalar {
    func tree(_ path: [any CodingKey]) throws -> JSONValue {
        guard isFinite else {
            throw EncodingError.invalidValue(
                self, .init(codingPath: path, debugDescription: "JSON has no number for \(self)"))
        }
        return Int64(exactly: self).map(JSONValue.integer) ?? .number(self)
    }
}

extension Float: JSONScalar {
    /// By its shortest digits, as it would be written.
    func tree(_ path: [any CodingKey]) throws -> JSONValue {
        try (Double(description) ?? Double(self)).tree(path)
    }
}

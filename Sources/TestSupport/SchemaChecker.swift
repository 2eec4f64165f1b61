// Compares a JSON value with a schema of the OpenAPI document: the few keywords that the document uses.
package import ManagementAPI

/// Collects what is wrong, and which properties of named schemas were met.
package struct SchemaChecker {
    package let document: JSONValue
    package private(set) var mistakes: [String] = []
    /// `Stream.name`: properties of component schemas that some value had.
    package private(set) var met: Set<String> = []

    private static let keywords: Set<String> = [
        "type", "properties", "required", "items", "enum", "additionalProperties", "minimum", "description", "$ref",
    ]

    package init(document: JSONValue) { self.document = document }

    package mutating func check(
        _ value: JSONValue, against schema: JSONValue, at path: String, name: String? = nil
    ) {
        guard case .object(let keywords) = schema else { return note(path, "the schema is no object") }
        for unknown in Set(keywords.keys).subtracting(Self.keywords) { note(path, "unknown keyword \(unknown)") }
        if case .string(let reference) = keywords["$ref"] {
            let prefix = "#/components/schemas/"
            let target = String(reference.dropFirst(prefix.count))
            guard reference.hasPrefix(prefix), let schema = document[path: "components.schemas.\(target)"] else {
                return note(path, "\(reference) leads nowhere")
            }
            return check(value, against: schema, at: path, name: target)
        }
        if case .string(let type) = keywords["type"], !Self.has(value, type: type) {
            return note(path, "is not of type \(type)")
        }
        if case .array(let allowed) = keywords["enum"], !allowed.contains(value) { note(path, "is not in the enum") }
        if let least = keywords["minimum"]?.asDouble, let number = value.asDouble, number < least {
            note(path, "is below \(least)")
        }
        if case .array(let items) = value, let schema = keywords["items"] {
            for (index, item) in items.enumerated() { check(item, against: schema, at: "\(path)[\(index)]") }
        }
        if case .object(let fields) = value { check(fields, keywords, path, name) }
    }

    private mutating func check(
        _ fields: [String: JSONValue], _ keywords: [String: JSONValue], _ path: String, _ name: String?
    ) {
        var properties: [String: JSONValue] = [:]
        if case .object(let found) = keywords["properties"] { properties = found }
        if case .array(let required) = keywords["required"] {
            for case .string(let key) in required where fields[key] == nil { note(path, "lacks \(key)") }
        }
        for (key, field) in fields {
            if let schema = properties[key] {
                if let name { met.insert("\(name).\(key)") }
                check(field, against: schema, at: "\(path).\(key)")
            } else if case .object = keywords["additionalProperties"], let schema = keywords["additionalProperties"] {
                check(field, against: schema, at: "\(path).\(key)")
            } else if keywords["additionalProperties"] == .bool(false) {
                note(path, "has \(key), which is not documented")
            }
        }
    }

    private mutating func note(_ path: String, _ text: String) { mistakes.append("\(path) \(text)") }

    private static func has(_ value: JSONValue, type: String) -> Bool {
        switch (value, type) {
        case (.object, "object"), (.array, "array"), (.string, "string"), (.bool, "boolean"), (.integer, "integer"),
            (.integer, "number"), (.number, "number"), (.null, "null"):
            true
        default: false
        }
    }
}

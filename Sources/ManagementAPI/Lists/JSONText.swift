// Writes a tree of JSON as text: sorted keys and no escaped slashes, as the API writes everything.
import NIOCore

extension ByteBuffer {
    /// Appends `value` as `JSONEncoder` with sorted keys and without escaped slashes writes it, several times as fast.
    ///
    /// - Parameter value: its numbers are finite, as all are that come out of JSON or of a `TreeEncoder`.
    mutating func writeJSON(_ value: JSONValue) {
        switch value {
        case .null: writeStaticString("null")
        case .bool(let value): writeString(value ? "true" : "false")
        case .integer(let value): writeString(String(value))
        case .number(let value):
            let text = value.description
            writeString(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
        case .string(let value): writeJSONString(value)
        case .array(let items):
            writeStaticString("[")
            for (index, item) in items.enumerated() {
                if index > 0 { writeStaticString(",") }
                writeJSON(item)
            }
            writeStaticString("]")
        case .object(let fields):
            writeStaticString("{")
            let sorted = fields.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            for (index, field) in sorted.enumerated() {
                if index > 0 { writeStaticString(",") }
                writeJSONString(field.key)
                writeStaticString(":")
                writeJSON(field.value)
            }
            writeStaticString("}")
        }
    }

    /// RFC 8259 §7: quotes, backslashes and control characters are escaped.
    private mutating func writeJSONString(_ text: String) {
        writeStaticString("\"")
        if text.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "\""): writeStaticString("\\\"")
                case UInt8(ascii: "\\"): writeStaticString("\\\\")
                case 0x08: writeStaticString("\\b")
                case 0x09: writeStaticString("\\t")
                case 0x0A: writeStaticString("\\n")
                case 0x0C: writeStaticString("\\f")
                case 0x0D: writeStaticString("\\r")
                case 0..<0x10: writeString("\\u000" + String(byte, radix: 16))
                case 0x10..<0x20: writeString("\\u00" + String(byte, radix: 16))
                default: writeInteger(byte)
                }
            }
        } else {
            writeString(text)
        }
        writeStaticString("\"")
    }
}

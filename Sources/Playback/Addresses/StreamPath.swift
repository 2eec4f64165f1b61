// Turns the percent-encoded front of a path into a stream's name, and refuses what cannot be one.

/// Why a path names no stream; in words for the one who typed it.
struct StreamPathProblem: Error, Hashable {
    var message: String
}

enum StreamPath {
    /// Longest name in UTF-8 bytes: what a file name may have on the usual file systems, as the archive stores by name.
    static let nameLengthMax = 255

    /// Decodes each component (RFC 3986 §2.1). Refused are empty components, `.` and `..`, a slash, backslash or control
    /// character that was hidden by percent-encoding, and what is not UTF-8.
    static func name(encoded: Substring) -> Result<String, StreamPathProblem> {
        var name = ""
        for component in encoded.split(separator: "/", omittingEmptySubsequences: false) {
            guard let decoded = PercentDecoding.decode(component, plusIsSpace: false) else {
                return .failure(StreamPathProblem(message: "The path has a broken percent-encoding in '\(component)'."))
            }
            if decoded.isEmpty || decoded == "." || decoded == ".." {
                return .failure(StreamPathProblem(message: "A stream's name has no empty, '.' or '..' parts."))
            }
            let forbidden = decoded.unicodeScalars.contains {
                $0 == "/" || $0 == "\\" || $0.value < 32 || $0.value == 127
            }
            if forbidden {
                return .failure(
                    StreamPathProblem(message: "A stream's name has no encoded slash, backslash or control character."))
            }
            if !name.isEmpty { name += "/" }
            name += decoded
        }
        guard name.utf8.count <= nameLengthMax else {
            return .failure(StreamPathProblem(message: "A stream's name has at most \(nameLengthMax) bytes."))
        }
        return .success(name)
    }
}

enum PercentDecoding {
    /// nil when a percent sign is not followed by two hexadecimal digits or the bytes are not UTF-8.
    static func decode(_ text: Substring, plusIsSpace: Bool) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else { return nil }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

enum QueryItems {
    /// The first value of `name` in a query (`a=1&b=2`), decoded; the empty string when it stands without a value.
    static func value(of name: String, in query: Substring) -> String? {
        for item in query.split(separator: "&") {
            let (key, value) = item.splitOnce("=") ?? (item, "")
            if key == name { return PercentDecoding.decode(value, plusIsSpace: true) }
        }
        return nil
    }
}

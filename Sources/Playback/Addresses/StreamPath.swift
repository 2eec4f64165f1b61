// Turns the percent-encoded front of a path into a stream's name, and refuses what cannot be one.
import Media

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
            guard let decoded = PercentEncoding.decoded(component) else {
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

enum QueryItems {
    /// The first value of `name` in a query (`a=1&b=2`), decoded; the empty string when it stands without a value.
    static func value(of name: String, in query: Substring) -> String? {
        for item in query.split(separator: "&") {
            let (key, value) = item.splitOnce("=") ?? (item, "")
            if key == name { return PercentEncoding.decoded(value, plusIsSpace: true) }
        }
        return nil
    }
}

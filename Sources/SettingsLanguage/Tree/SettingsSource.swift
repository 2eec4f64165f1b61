// Where configuration text comes from: handed in, so that this room touches no files.

/// Reads configuration files. Implemented over the file system by the server, over a dictionary for texts in memory.
package protocol SettingsSource {
    /// The bytes of a file. The message of what is thrown is shown to the operator behind the path.
    func read(_ path: String) throws(SettingsSourceError) -> [UInt8]
    /// The files that match a pattern with `*` and `?` in its last part, sorted. Empty when there is none.
    func paths(matching pattern: String) throws(SettingsSourceError) -> [String]
}

/// Why a file could not be read: `no such file`, `permission denied` …
package struct SettingsSourceError: Error, Hashable, Sendable, CustomStringConvertible {
    package var message: String
    package init(_ message: String) { self.message = message }
    package var description: String { message }
}

/// Configuration texts in memory: what the API was sent, before it is written to a file.
package struct TextSettingsSource: SettingsSource, Sendable {
    package var texts: [String: String]

    package init(_ texts: [String: String]) { self.texts = texts }

    package func read(_ path: String) throws(SettingsSourceError) -> [UInt8] {
        guard let text = texts[path] else { throw SettingsSourceError("no such file") }
        return Array(text.utf8)
    }

    package func paths(matching pattern: String) -> [String] {
        texts.keys.filter { wildcardMatch($0, pattern: pattern) }.sorted()
    }
}

/// Whether `path` matches a pattern in which `*` stands for any run of characters but `/` and `?` for one of them.
package func wildcardMatch(_ path: String, pattern: String) -> Bool {
    let path = Array(path.unicodeScalars)
    let pattern = Array(pattern.unicodeScalars)
    var p = 0
    var t = 0
    var retry: (pattern: Int, path: Int)?
    while t < path.count {
        if p < pattern.count, pattern[p] == "*" {
            retry = (p, t)
            p += 1
        } else if p < pattern.count, pattern[p] == path[t] || (pattern[p] == "?" && path[t] != "/") {
            p += 1
            t += 1
        } else if let (star, from) = retry, path[from] != "/" {
            retry = (star, from + 1)
            p = star + 1
            t = from + 1
        } else {
            return false
        }
    }
    return pattern[p...].allSatisfy { $0 == "*" }
}

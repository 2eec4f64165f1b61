// Which names a stream may have.

/// The rules for stream names. A name is part of URLs and of archive paths, so nothing in it may have a meaning there.
package enum StreamName {
    /// Last parts that a path of another stream's player already has (`/cam/mpegts`).
    private static let takenLastParts: Set<String> = ["mpegts"]
    private static let takenEndings = [".m3u8", ".mpd", ".ts", ".mp4", ".m4s", ".html", ".json", ".jpg", ".js"]
    private static let takenFirstParts: Set<String> = ["streamer", "metrics", "console"]

    /// What is wrong with a name, or nil. One to 255 bytes in parts divided by `/`; a part has ASCII letters, digits
    /// and `_ - . ~ @ +` and does not begin with a dot.
    package static func mistake(in name: String) -> String? {
        if name.isEmpty { return "a stream name cannot be empty" }
        if name.utf8.count > 255 { return "a stream name has at most 255 bytes" }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        for part in parts {
            if part.isEmpty { return "'\(name)' has an empty part: no '/' at its ends and none twice" }
            if part.hasPrefix(".") { return "a part of '\(name)' begins with a dot" }
            if let wrong = part.unicodeScalars.first(where: { !isAllowed($0) }) {
                return "'\(wrong)' cannot be part of a stream name; letters a–z A–Z, digits and _ - . ~ @ + can"
            }
        }
        if takenFirstParts.contains(String(parts[0])) { return "'\(parts[0])' begins URLs of the server itself" }
        if parts.count > 1, let last = parts.last,
            takenLastParts.contains(String(last)) || takenEndings.contains(where: { last.hasSuffix($0) })
        {
            return "'/\(last)' at the end is a player's URL of stream '\(parts.dropLast().joined(separator: "/"))'"
        }
        return nil
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".", "~", "@", "+": true
        default: false
        }
    }
}

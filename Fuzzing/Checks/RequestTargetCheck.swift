// Any request target: whatever is taken for a player's address names a stream that a name can name, and redirects end.
import Playback

enum RequestTargetCheck {
    static func run(_ bytes: UnsafeRawBufferPointer) throws(FuzzFinding) {
        guard let target = RequestTarget(String(decoding: bytes, as: UTF8.self)) else { return }
        try demand(target.path.utf8.first == UInt8(ascii: "/"), "a path without its slash: \(target)")
        switch MediaRoute.parse(path: target.path, query: target.query) {
        case .other: break
        case .malformed(let reason): try demand(!reason.isEmpty, "refused without a reason: \(target)")
        case .media(let name, let route): try check(name, route, target)
        }
        try checkRedirects(target)
    }

    private static func check(_ name: String, _ route: MediaRoute, _ target: RequestTarget) throws(FuzzFinding) {
        try demand(name.utf8.count <= 255, "a name that no file can have: \(name)")
        let forbidden = name.utf8.contains { $0 < 32 || $0 == 127 || $0 == UInt8(ascii: "\\") }
        try demand(!forbidden, "a name with control characters: \(name)")
        for part in name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            try demand(!["", ".", ".."].contains(String(Substring(part))), "a name that leaves its folder: \(name)")
        }
        // The canonical spelling of the same stream is the same request.
        guard let slash = target.path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return }
        let again = "/\(encoded(name))\(target.path[slash...])"
        let reading = MediaRoute.parse(path: again[...], query: target.query)
        try demand(
            reading == .media(stream: name, route), "\(target) is \(route) of \(name), and \(again) is \(reading)")
    }

    private static func encoded(_ name: String) -> String {
        name.utf8.map { byte in
            let isPlain = (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2F
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    /// Servers that point at each other send a viewer on a few times, with the address that it asked for.
    private static func checkRedirects(_ target: RequestTarget) throws(FuzzFinding) {
        var asked = target
        for _ in 0..<3 {
            guard case .location(let location) = Redirection.decide(base: "peer:81", scheme: "http", target: asked)
            else { return }
            try demand(location.hasPrefix("http://peer:81/"), "sent to another server: \(location)")
            guard let next = RequestTarget(location) else { throw FuzzFinding("sent to no address: \(location)") }
            try demand(Array(next.path.utf8) == Array(target.path.utf8), "\(target.path) became \(next.path)")
            asked = next
        }
        throw FuzzFinding("redirects without end: \(target)")
    }
}

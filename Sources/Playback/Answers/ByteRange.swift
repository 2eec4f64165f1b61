// Reads the Range header of a request (RFC 9110 §14).

enum ByteRange {
    enum Reading: Hashable {
        /// No range, or one that may be ignored: the whole representation is sent.
        case whole
        case part(Range<Int>)
        case unsatisfiable
    }

    /// Reads one range of bytes. Several ranges, other units and syntax errors are answered with the whole, which
    /// RFC 9110 §14.2 allows and which every player copes with.
    static func read(_ header: String?, length: Int) -> Reading {
        guard let header, let equals = header.firstIndex(of: "="), header[..<equals].lowercased() == "bytes" else {
            return .whole
        }
        let set = header[header.index(after: equals)...]
        guard !set.contains(","), let (first, last) = set.splitOnce("-") else { return .whole }
        if first.isEmpty {
            guard let suffix = number(last) else { return .whole }
            guard suffix > 0, length > 0 else { return .unsatisfiable }
            return .part(max(0, length - suffix)..<length)
        }
        guard let start = number(first) else { return .whole }
        if last.isEmpty { return start < length ? .part(start..<length) : .unsatisfiable }
        guard let end = number(last), end >= start else { return .whole }
        return start < length ? .part(start..<min(length, end == Int.max ? end : end + 1)) : .unsatisfiable
    }

    /// Digits only (`Int` alone would take a sign); a number too large for an `Int` means "to the end".
    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text) ?? Int.max
    }
}

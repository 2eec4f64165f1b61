// The difference of two texts, line by line.

/// One line of the difference of two texts.
package struct DifferenceLine: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable { case same, removed, added }

    package var kind: Kind
    package var text: String
    /// From 1; nil in lines that are only in the other text.
    package var oldLine: Int?
    package var newLine: Int?

    /// All lines of both texts in order, removed ones before those that take their place.
    ///
    /// Lines are compared as they are and shown by `show`, which hides what must not be seen.
    package static func between(
        _ old: String, _ new: String, showOld: [String], showNew: [String]
    ) -> [DifferenceLine] {
        let (before, after) = (lines(of: old), lines(of: new))
        let (removed, added) = changes(from: before, to: after)
        var result: [DifferenceLine] = []
        var (i, j) = (0, 0)
        while i < before.count || j < after.count {
            if i < before.count, removed.contains(i) {
                result.append(.init(kind: .removed, text: showOld[i], oldLine: i + 1, newLine: nil))
                i += 1
            } else if j < after.count, added.contains(j) {
                result.append(.init(kind: .added, text: showNew[j], oldLine: nil, newLine: j + 1))
                j += 1
            } else {
                result.append(.init(kind: .same, text: showNew[j], oldLine: i + 1, newLine: j + 1))
                i += 1
                j += 1
            }
        }
        return result
    }

    /// Beyond so many lines that differ, all of them are shown as replaced: finding the shortest difference takes
    /// time in the product of their numbers.
    private static let mostCompared = 2000

    /// Which lines of `old` are gone and which of `new` are new, by index.
    private static func changes(from old: [String], to new: [String]) -> (removed: Set<Int>, added: Set<Int>) {
        let head = zip(old, new).prefix { $0 == $1 }.count
        let tail = zip(old.dropFirst(head).reversed(), new.dropFirst(head).reversed()).prefix { $0 == $1 }.count
        let before = old[head..<(old.count - tail)]
        let after = new[head..<(new.count - tail)]
        guard max(before.count, after.count) <= mostCompared else { return (Set(before.indices), Set(after.indices)) }
        var removed: Set<Int> = []
        var added: Set<Int> = []
        for change in Array(after).difference(from: Array(before)) {
            switch change {
            case .remove(let offset, _, _): removed.insert(head + offset)
            case .insert(let offset, _, _): added.insert(head + offset)
            }
        }
        return (removed, added)
    }

    /// The difference of two configuration texts with their secrets hidden. A line in which only the secret differs is
    /// shown as removed and added.
    package static func between(_ old: String, _ new: String) -> [DifferenceLine] {
        // A secret holds no line break, so hiding it leaves the lines where they are.
        between(old, new, showOld: lines(of: MaskedText(old).text), showNew: lines(of: MaskedText(new).text))
    }

    /// A line break at the end begins no further line.
    private static func lines(of text: String) -> [String] {
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}

// Which known word was probably meant.

/// The candidate with the least edit distance to `word`, if that is at most a third of the word's length (at least 1,
/// and 2 from four letters on). Swapped neighbours count as one edit. Of equals the first in order of `candidates`.
package func nearestMatch(to word: String, among candidates: [String]) -> String? {
    // Longer words are no typing mistakes, and the distance costs the product of the lengths.
    guard word.utf8.count <= 64 else { return nil }
    let limit = word.count < 4 ? 1 : max(2, word.count / 3)
    var best: (distance: Int, candidate: String)?
    for candidate in candidates where candidate.utf8.count <= 128 {
        let distance = editDistance(word.lowercased(), candidate.lowercased())
        if distance <= limit, distance < best?.distance ?? .max { best = (distance, candidate) }
    }
    return best?.candidate
}

/// Optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours.
func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a.unicodeScalars)
    let b = Array(b.unicodeScalars)
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 1...a.count {
        var current = [i] + [Int](repeating: 0, count: b.count)
        for j in 1...b.count {
            let replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
            current[j] = min(last[j] + 1, current[j - 1] + 1, replace)
            if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                current[j] = min(current[j], beforeLast[j - 2] + 1)
            }
        }
        (beforeLast, last) = (last, current)
    }
    return last[b.count]
}

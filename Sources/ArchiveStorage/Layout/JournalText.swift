// The lines of a stream's journal: gaps, deletions and locks, so that files alone tell all that the index knows.
import Archive
import Media
import NIOCore

/// Text of `<stream>/journal.txt`. The first line is `weir-journal 1 <generation>`; the generation changes when the
/// journal is written anew, so that an old offset into it is not believed.
enum JournalText {
    static func header(generation: Int64) -> String { "weir-journal 1 \(generation)\n" }

    static func generation(ofHeader line: Substring) -> Int64? {
        let words = line.split(separator: " ")
        guard words.count == 3, words[0] == "weir-journal", words[1] == "1" else { return nil }
        return Int64(words[2])
    }

    static func line(_ entry: StreamLedger.Entry) -> String {
        switch entry {
        case .gap(let gap): "gap \(gap.range.start.ticks) \(gap.range.end.ticks) \(gap.cause.rawValue)\n"
        case .clear(let range): "clear \(range.start.ticks) \(range.end.ticks)\n"
        case .lock(let lock):
            "lock \(lock.id) \(lock.range.start.ticks) \(lock.range.end.ticks) \(oneLine(lock.note))\n"
        case .unlock(let id): "unlock \(id)\n"
        case .horizon(let time): "horizon \(time.ticks)\n"
        case .forget(let time): "forget \(time.ticks)\n"
        }
    }

    static func entry(_ line: Substring) -> StreamLedger.Entry? {
        let words = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
        func number(_ index: Int) -> Int64? { index < words.count ? Int64(words[index]) : nil }
        func range(_ index: Int) -> TimeRange? {
            guard let start = number(index), let end = number(index + 1), start <= end else { return nil }
            return TimeRange(MediaTime(ticks: start), MediaTime(ticks: end))
        }
        switch words.first {
        case "gap":
            guard let range = range(1), words.count == 4, let cause = GapCause(rawValue: String(words[3])) else {
                return nil
            }
            return .gap(Gap(range, cause))
        case "clear": return range(1).map { .clear($0) }
        case "lock":
            guard let id = number(1), let range = range(2), words.count == 5 else { return nil }
            return .lock(ProtectedRange(id: id, range: range, note: String(words[4])))
        case "unlock": return number(1).map { .unlock($0) }
        case "horizon": return number(1).map { .horizon(MediaTime(ticks: $0)) }
        case "forget": return number(1).map { .forget(MediaTime(ticks: $0)) }
        default: return nil
        }
    }

    /// Reads whole lines from a journal.
    /// - Returns: the generation, the entries after `offset` if the generation is still `known`, else all of them; and
    ///   where the last whole line ends. Nil when the first line is not that of a journal.
    static func read(
        _ bytes: ByteBuffer, known: (generation: Int64, offset: Int64)?
    ) -> (generation: Int64, isNew: Bool, entries: [StreamLedger.Entry], end: Int64, damagedLines: Int)? {
        let text = bytes.withUnsafeReadableBytes { pointer in
            let whole = pointer.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            return (String(decoding: pointer[..<whole], as: UTF8.self), Int64(whole))
        }
        let lines = text.0.split(separator: "\n", omittingEmptySubsequences: true)
        guard let first = lines.first, let generation = generation(ofHeader: first) else { return nil }
        let isNew = known.map { $0.generation != generation || $0.offset > text.1 } ?? true
        var entries: [StreamLedger.Entry] = []
        var damaged = 0
        var offset: Int64 = Int64(first.utf8.count) + 1
        for line in lines.dropFirst() {
            defer { offset += Int64(line.utf8.count) + 1 }
            if !isNew, let known, offset < known.offset { continue }
            if let entry = entry(line) { entries.append(entry) } else { damaged += 1 }
        }
        return (generation, isNew, entries, text.1, damaged)
    }

    private static func oneLine(_ text: String) -> String {
        String(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : Character($0) })
    }
}

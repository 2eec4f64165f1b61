// Where a run lies: `<stream>/<yyyy-mm-dd>/<hh-mm-ss.mmm>[-n][.r].mp4` below the root.
package import Media

/// Names of the archive's files. They help people; the box in each file says what counts.
package enum RunPath {
    /// The file of the index, beside the streams' directories.
    package static let indexName = "index.sqlite"
    /// The file that is given up when the disk is full to the last byte.
    package static let reserveName = "index.sqlite.reserve"
    /// The file of gaps, deletions and locks in each stream's directory.
    package static let journalName = "journal.txt"

    /// - Parameters:
    ///   - isFetched: fetched from another server: `.r`.
    ///   - attempt: counts up from 0 where a file of the name exists already.
    package static func path(stream: String, start: MediaTime, isFetched: Bool = false, attempt: Int = 0) -> String {
        let time = CivilTime(start)
        let number = attempt == 0 ? "" : "-\(attempt + 1)"
        return "\(stream)/\(time.date)/\(time.timeOfDay)\(number)\(isFetched ? ".r" : "").mp4"
    }

    /// Whether the run was fetched from another server.
    package static func isFetched(_ path: String) -> Bool { path.hasSuffix(".r.mp4") }

    /// `2026-11-21`: also the name of a stream's directory of that day.
    package static func date(of time: MediaTime) -> String { CivilTime(time).date }

    /// Whether a directory's name is a day: four, two and two digits.
    package static func isDate(_ name: some StringProtocol) -> Bool { matches(name, "dddd-dd-dd") }

    /// Whether a file's name is that of a run.
    package static func isRun(_ name: String) -> Bool {
        guard name.hasSuffix(".mp4") else { return false }
        var base = name.dropLast(4)
        if base.hasSuffix(".r") { base = base.dropLast(2) }
        guard matches(base.prefix(12), "dd-dd-dd.ddd") else { return false }
        let rest = base.dropFirst(12)
        return rest.isEmpty
            || rest.first == "-" && rest.count <= 4 && rest.count > 1
                && rest.dropFirst().allSatisfy { $0.isASCII && $0.isNumber }
    }

    /// Why a stream of this name cannot be archived; nil when it can.
    package static func objection(toStream name: String) -> String? {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        if name.utf8.count > 255 { return "the name is longer than 255 bytes" }
        for part in parts {
            if part.isEmpty { return "a part of the name is empty" }
            if part.hasPrefix(".") { return "a part of the name begins with a dot" }
            if isDate(part) { return "a part of the name looks like a day (yyyy-mm-dd)" }
            if part.utf8.contains(0) { return "the name has a zero byte" }
            if part.hasPrefix(indexName) || part == journalName { return "`\(part)` is a file of the archive" }
        }
        return nil
    }

    private static func matches(_ text: some StringProtocol, _ pattern: String) -> Bool {
        text.utf8.count == pattern.utf8.count
            && zip(text.utf8, pattern.utf8).allSatisfy { byte, mark in
                mark == UInt8(ascii: "d") ? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) : byte == mark
            }
    }
}

// What happened in a world, as lines of text: the trace of a scenario.
import Cluster

/// Lines such as `13.102  a  stream_taken cam01 epoch 0.1: peer b silent for 3.0 s`, in the order of their happening.
///
/// Seconds since the world began; epochs as seconds of the claimant's start and count (see `Epoch`). A server that does the
/// same to more than three streams in one go says so once, with their number.
package struct Journal: Sendable {
    private struct Entry {
        var time: Int64
        var server: PeerID
        var word: String
        var subject: String
        var tail: String
    }
    private var entries: [Entry] = []

    package init() {}

    mutating func note(_ event: ClusterEvent, of server: PeerID, at time: Int64) {
        let subject = event.stream?.text ?? event.peer?.text ?? ""
        let epoch = event.epoch.map { " epoch \(Self.text($0))" } ?? ""
        // The epochs in reasons are those of the record, in full.
        var reason = event.reason
        if let epoch = event.epoch, case let full = " epoch \(epoch)", reason.hasSuffix(full) {
            reason = reason.dropLast(full.count) + " epoch \(Self.text(epoch))"
        }
        let tail = "\(epoch): \(reason)"
        if event.kind == .streamTaken, let last = entries.last, last.word == "starts", last.server == server,
            last.subject == subject, last.time == time
        {
            // One line for the claim and the start that follows from it.
            entries[entries.count - 1].tail = tail
            return
        }
        entries.append(Entry(time: time, server: server, word: event.kind.rawValue, subject: subject, tail: tail))
    }

    mutating func note(_ word: String, _ subject: String, of server: PeerID, at time: Int64, reason: String) {
        if word == "stops", let last = entries.last, last.server == server, last.subject == subject, last.time == time,
            last.word == "stream_yielded" || last.word == "stream_given_up"
        {
            return
        }
        entries.append(
            Entry(time: time, server: server, word: word, subject: subject, tail: reason.isEmpty ? "" : ": \(reason)"))
    }

    package var lines: [String] {
        var lines: [String] = []
        var position = 0
        while position < entries.count {
            let first = entries[position]
            let group = entries[position...].prefix {
                $0.time == first.time && $0.server == first.server && $0.word == first.word
            }
            if group.count > 3 {
                let tail = group.allSatisfy { $0.tail == first.tail } ? first.tail : ""
                lines.append(Self.line(first, "\(group.count) of them\(tail)"))
            } else {
                for entry in group { lines.append(Self.line(entry, entry.subject + entry.tail)) }
            }
            position += group.count
        }
        return lines
    }

    private static func line(_ entry: Entry, _ rest: String) -> String {
        let milliseconds = entry.time / 1000
        let fraction = String(milliseconds % 1000 + 1000).dropFirst()
        let gap = rest.isEmpty || rest.hasPrefix(":") ? "" : " "
        return "\(milliseconds / 1000).\(fraction)  \(entry.server)  \(entry.word)\(gap)\(rest)"
    }

    private static func text(_ epoch: Epoch) -> String {
        let start = Int64(epoch.value >> 11) - ClusterWorld.wallOrigin
        return "\(start / 1000).\(epoch.value & 0x7FF)"
    }
}

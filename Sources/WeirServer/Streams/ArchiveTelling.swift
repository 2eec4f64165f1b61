// What happens in archives, in words for the log of events.
import ArchiveStorage
import Media

/// An event of an archive as API and log tell it.
struct ArchiveTelling: Sendable {
    var kind: String
    var stream: String?
    /// Worth a warning in the log.
    var isTrouble: Bool
    var reason: String

    init(_ kind: String, stream: String? = nil, isTrouble: Bool = false, reason: String) {
        self.kind = kind
        self.stream = stream
        self.isTrouble = isTrouble
        self.reason = reason
    }

    init(_ event: ArchiveEvent, root: String) {
        switch event {
        case .recordingFailed(let stream, let error):
            self.init(
                "recording_failed", stream: stream, isTrouble: true,
                reason: "not recorded, tried again by itself, live goes on: \(error)")
        case .recordingResumed(let stream):
            self.init("recording_resumed", stream: stream, reason: "recorded again; the gap is on record")
        case .writeDropped(let stream, let from):
            self.init(
                "archive_write_dropped", stream: stream, isTrouble: true,
                reason: "the disk of \(root) is slower than the media: dropped from \(from.unixMilliseconds) ms on")
        case .overlapRefused(let stream, let from):
            self.init(
                "archive_overlap", stream: stream, isTrouble: true,
                reason: "the media's time ran back to \(from.unixMilliseconds) ms, where something is recorded already")
        case .recovered(let path, let segments, let bytesCut):
            self.init(
                "archive_recovered",
                reason: "\(root)/\(path): \(segments) segments found, \(bytesCut) torn bytes cut off")
        case .foreignFile(let path):
            self.init("archive_foreign_file", reason: "\(root)/\(path) is none of the archive's and is left alone")
        case .damagedFile(let path, let reason):
            self.init("archive_damaged_file", isTrouble: true, reason: "\(root)/\(path): \(reason)")
        case .bytesMissing(let path, let segments):
            self.init(
                "archive_bytes_missing", isTrouble: true,
                reason: "\(root)/\(path): the bytes of \(segments) segments are gone; they are out of the index")
        case .indexRebuilt(let reason):
            self.init("archive_index_rebuilt", reason: "the index of \(root) is made anew: \(reason)")
        case .indexFailed(let reason):
            self.init(
                "archive_index_failed", isTrouble: true, reason: "the index of \(root) cannot be written: \(reason)")
        case .retentionFailed(let reason):
            self.init("archive_retention_failed", isTrouble: true, reason: "nothing is deleted in \(root): \(reason)")
        case .journalDamaged(let stream, let lines):
            self.init(
                "archive_journal_damaged", stream: stream, isTrouble: true,
                reason: "\(lines) lines of its journal in \(root) cannot be read and are passed over")
        }
    }
}

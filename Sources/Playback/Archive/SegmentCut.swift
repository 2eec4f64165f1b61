// The part of a segment that plays when another takes over before its end.
import Archive
import CMAF
import Media
import NIOCore

/// Goes through a segment's fragments in the order of their bytes, and keeps those before the cut.
///
/// What is kept is a beginning of the segment's bytes: all up to the first fragment that ends after the cut. A chunk has a
/// fragment for each track, so the last chunk may be there with its pictures and without its sound.
struct SegmentCut {
    /// The cut; nil: the segment is whole.
    let end: MediaTime?
    /// Where the kept fragments end, counted as the heads' offsets are.
    private(set) var endOffset: Int64 = 0
    private var isOver = false

    init(_ entry: PlaybackSelection.Entry) { end = entry.isCut ? entry.end : nil }

    private init(end: MediaTime) { self.end = end }

    /// Whether this fragment, the next of the segment, is kept. The first one always is, so that something is.
    mutating func keeps(_ head: FragmentHead) -> Bool {
        if let end, let until = head.end, until > end, endOffset > 0 { isOver = true }
        guard !isOver else { return false }
        endOffset = head.endOffset ?? endOffset
        return true
    }

    /// The part of a segment's bytes that plays until `end`.
    static func bytes(of segment: ByteBuffer, until end: MediaTime) throws(CMAFError) -> ByteBuffer {
        var cut = SegmentCut(end: end)
        try FragmentHead.each(
            from: 0, to: Int64(segment.readableBytes),
            read: { (offset, length) throws(CMAFError) in
                segment.getSlice(at: segment.readerIndex + Int(offset), length: length) ?? ByteBuffer()
            },
            take: { (head) throws(CMAFError) in _ = cut.keeps(head) })
        return segment.getSlice(at: segment.readerIndex, length: Int(cut.endOffset)) ?? ByteBuffer()
    }
}

// Reads the heads of fragments in a file: where and when their samples are, without reading the media.
package import Media
package import NIOCore

/// What the `moof` of a fragment with one track says.
package struct FragmentHead: Hashable, Sendable {
    package struct Sample: Hashable, Sendable {
        /// In the file.
        package var offset: Int64
        package var size: Int
        package var decodeTime: MediaTime
        package var presentationTime: MediaTime
        package var duration: MediaSpan
        package var isKey: Bool
    }

    package var track: TrackID
    package var samples: [Sample]

    /// Where its last sample ends in time; nil without samples.
    package var end: MediaTime? { samples.last.map { $0.decodeTime + $0.duration } }
    /// Where its last sample ends in the file, which is where the next fragment begins; nil without samples.
    package var endOffset: Int64? { samples.last.map { $0.offset + Int64($0.size) } }

    /// How much is read at once: nearly every head of a chunk is shorter.
    private static let window = 1024
    /// A longer `moof` is damage, not a head.
    private static let largest = 16 << 20

    /// Hands over the head of each fragment in a part of a file, in the order of the bytes. Other boxes are passed over.
    ///
    /// - Throws: `.malformed` or `.truncated` where the part does not consist of whole boxes; what `read` throws.
    package static func each(
        from start: Int64, to end: Int64, read: (_ offset: Int64, _ length: Int) throws(CMAFError) -> ByteBuffer,
        take: (FragmentHead) throws(CMAFError) -> Void
    ) throws(CMAFError) {
        var bytes = ByteBuffer()
        var bytesStart = start
        /// The `count` bytes at `offset`, out of what was read before where they are there.
        func load(_ offset: Int64, _ count: Int) throws(CMAFError) -> ByteBuffer {
            let index = Int(offset - bytesStart)
            if index >= 0, index <= bytes.readableBytes, bytes.readableBytes - index >= count,
                let found = bytes.getSlice(at: bytes.readerIndex + index, length: count)
            {
                return found
            }
            bytes = try read(offset, Int(min(Int64(max(count, window)), end - offset)))
            bytesStart = offset
            guard let found = bytes.getSlice(at: bytes.readerIndex, length: count) else {
                throw CMAFError(.truncated, at: Int(clamping: offset), "\(count) bytes are needed where the file ends")
            }
            return found
        }
        var offset = start
        while offset < end {
            let header = try load(offset, 8)
            guard let size = header.getInteger(at: header.readerIndex, as: UInt32.self), size >= 8,
                Int64(size) <= end - offset
            else {
                throw CMAFError(.malformed, at: Int(clamping: offset), "no whole box begins here")
            }
            if header.getString(at: header.readerIndex + 4, length: 4) == "moof" {
                guard size <= largest else {
                    throw CMAFError(.malformed, at: Int(clamping: offset), "a moof of \(size) bytes")
                }
                let head = try FragmentHead(moof: try load(offset, Int(size)), at: offset)
                guard head.samples.allSatisfy({ $0.offset >= start && Int64($0.size) <= end - $0.offset }) else {
                    throw CMAFError(.truncated, at: Int(clamping: offset), "a sample lies outside of the fragments")
                }
                try take(head)
            }
            offset += Int64(size)
        }
    }

    private init(moof bytes: ByteBuffer, at offset: Int64) throws(CMAFError) {
        var cursor = BoxCursor(bytes)
        guard let box = try cursor.nextBox(), let fragment = try MovieFragment(box).trackFragments.first,
            fragment.start != nil
        else {
            throw CMAFError(.unsupported, at: Int(clamping: offset), "a fragment must have a traf with a tfdt")
        }
        track = TrackID(fragment.track)
        samples = fragment.samples.map { sample in
            Sample(
                offset: offset + Int64(sample.offset), size: sample.size,
                decodeTime: MediaTime(ticks: sample.decodeTime),
                presentationTime: MediaTime(ticks: sample.decodeTime + sample.compositionOffset),
                duration: MediaSpan(ticks: sample.duration), isKey: sample.isKey)
        }
    }
}

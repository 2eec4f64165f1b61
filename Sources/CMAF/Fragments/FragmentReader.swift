// Gives back the frames of fragments as slices of their bytes.
package import Media
package import NIOCore

/// Reads CMAF fragments whose timescale is 90 kHz: those of `FragmentWriter`, and others of the same shape.
package enum FragmentReader {
    /// The frames of all fragments in `fragment`, in the order of the bytes; their data are slices, not copies.
    ///
    /// Boxes other than `moof` are passed over. Throws when a box is not whole, a sample lies outside of the bytes, or a
    /// fragment says nothing of its time.
    package static func frames(in fragment: ByteBuffer) throws(CMAFError) -> [TimedFrame] {
        var frames: [TimedFrame] = []
        var cursor = BoxCursor(fragment)
        while let box = try cursor.nextBox() {
            guard box.type == "moof" else { continue }
            for part in try MovieFragment(box).trackFragments {
                try append(part, of: fragment, at: box.offset, to: &frames)
            }
        }
        return frames
    }

    private static func append(
        _ part: TrackFragment, of bytes: ByteBuffer, at offset: Int, to frames: inout [TimedFrame]
    ) throws(CMAFError) {
        guard part.start != nil else {
            throw CMAFError(.unsupported, at: offset, "the fragment of track \(part.track) has no tfdt")
        }
        frames.reserveCapacity(frames.count + part.samples.count)
        let track = TrackID(part.track)
        for sample in part.samples {
            guard sample.offset >= 0, sample.size <= bytes.readableBytes,
                sample.offset <= bytes.readableBytes - sample.size,
                let data = bytes.getSlice(at: bytes.readerIndex + sample.offset, length: sample.size)
            else {
                throw CMAFError(
                    .truncated, at: offset,
                    "a sample of track \(part.track) lies at \(sample.offset), \(sample.size) bytes long: outside")
            }
            let decodeTime = MediaTime(ticks: sample.decodeTime)
            frames.append(
                TimedFrame(
                    track: track, decodeTime: decodeTime,
                    presentationTime: decodeTime + MediaSpan(ticks: sample.compositionOffset),
                    duration: MediaSpan(ticks: sample.duration), isKey: sample.isKey, data: data))
        }
    }
}

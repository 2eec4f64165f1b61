// Any bytes as ISO media: tracks and fragments that are read are written and read again.
import CMAF
import Media
import NIOCore

enum MP4Check {
    static func run(_ bytes: UnsafeRawBufferPointer) throws(FuzzFinding) {
        let buffer = ByteBuffer(bytes: bytes)
        try initialization(buffer)
        try fragments(buffer)
    }

    /// What was read once may hold more than is written; from then on nothing changes.
    private static func initialization(_ bytes: ByteBuffer) throws(FuzzFinding) {
        guard let read = try? InitializationSegment.read(bytes) else { return }
        let written = InitializationSegment.write(read)
        let again: TrackSet
        do throws(CMAFError) { again = try InitializationSegment.read(written) } catch {
            throw FuzzFinding("our own initialisation segment of \(read) cannot be read: \(error)")
        }
        try demand(InitializationSegment.write(again) == written, "\(read) comes back as \(again)")
    }

    private static func fragments(_ bytes: ByteBuffer) throws(FuzzFinding) {
        let found = ChunkParser.scan(bytes)
        try demand(
            found.wholeLength <= bytes.readableBytes, "\(found.wholeLength) whole bytes of \(bytes.readableBytes)")
        try demand(
            (found.tear == nil) == (found.wholeLength == bytes.readableBytes), "a tear needs a reason, and only a tear")
        guard let whole = bytes.getSlice(at: bytes.readerIndex, length: found.wholeLength) else {
            throw FuzzFinding("the whole part cannot be sliced")
        }
        let again = ChunkParser.scan(whole)
        try demand(
            again.tear == nil && again.parts == found.parts && again.otherBoxes == found.otherBoxes,
            "the whole part alone is scanned differently")
        for part in found.parts {
            guard let slice = bytes.getSlice(at: bytes.readerIndex + part.offset, length: part.length) else {
                throw FuzzFinding("part \(part) lies outside of \(bytes.readableBytes) bytes")
            }
            try rewrite(slice, part)
        }
    }

    private static func rewrite(_ slice: ByteBuffer, _ part: Chunk.Part) throws(FuzzFinding) {
        let frames: [TimedFrame]
        do throws(CMAFError) { frames = try FragmentReader.frames(in: slice) } catch {
            // An explicit base_data_offset counts from the file's begin and means nothing in a slice.
            return
        }
        // Samples may share bytes, so that few bytes give much payload; and a composition offset of version 0 may be larger
        // than those that are written.
        let payload = frames.reduce(0) { $0 + $1.data.readableBytes }
        guard let first = frames.first, payload < 4 << 20, frames.count == part.frameCount,
            frames.allSatisfy({ abs(($0.presentationTime - $0.decodeTime).ticks) <= Int64(Int32.max) }),
            first.decodeTime.ticks >= 0, first.decodeTime.ticks < 1 << 62
        else { return }
        var out = ByteBuffer()
        let written = FragmentWriter.append(frames, to: &out)
        let result = ChunkParser.scan(out)
        try demand(result.tear == nil && result.parts == [written], "our own fragment is scanned as \(result)")
        try demand(
            written.start == part.start && written.duration == part.duration && written.track == part.track,
            "\(part) is written as \(written)")
        let back: [TimedFrame]
        do throws(CMAFError) { back = try FragmentReader.frames(in: out) } catch {
            throw FuzzFinding("our own fragment cannot be read: \(error)")
        }
        try demand(back.count == frames.count, "\(frames.count) frames are written, \(back.count) read")
        for (a, b) in zip(frames, back) {
            try demand(
                a.decodeTime == b.decodeTime && a.presentationTime == b.presentationTime && a.duration == b.duration
                    && a.isKey == b.isKey && a.data == b.data, "\(a) comes back as \(b)")
        }
    }
}

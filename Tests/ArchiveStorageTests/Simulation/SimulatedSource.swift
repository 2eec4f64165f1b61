// A source whose media are a function of the time; servers may cut it differently, and put it at different times.
import CMAF
import Media
import NIOCore

enum SimulatedSource {
    struct Cut: Hashable {
        /// The timeline's distance from that of others, when it was not handed over.
        var shift: MediaSpan = .zero
        /// Which of two chunks begins a segment.
        var parity: Int64 = 0
    }

    /// Segments have four chunks; whether one begins with this chunk.
    static func begins(_ index: Int64, _ cut: Cut) -> Bool { (index - cut.parity) % 4 == 0 }

    /// - Parameters:
    ///   - start: the chunk with which its segment begins.
    ///   - isDiscontinuous: the timeline was anchored anew here.
    static func chunk(_ index: Int64, _ cut: Cut, start: Int64, isDiscontinuous: Bool = false) -> Chunk {
        let time = SyntheticStream.time(index) + cut.shift
        var bytes = ByteBuffer()
        var parts: [Chunk.Part] = []
        for track in SyntheticStream.tracks.tracks {
            let frame = TimedFrame(
                track: track.id, decodeTime: time, presentationTime: time, duration: SyntheticStream.chunk,
                isKey: true, data: ByteBuffer(repeating: UInt8(truncatingIfNeeded: index), count: 40))
            parts.append(FragmentWriter.append([frame], to: &bytes))
        }
        return Chunk(
            tracks: SyntheticStream.tracks, segmentStart: SyntheticStream.time(start) + cut.shift, start: time,
            duration: SyntheticStream.chunk, isDiscontinuous: isDiscontinuous, parts: parts, bytes: bytes)
    }
}

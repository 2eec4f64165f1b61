// Finds the whole fragments in the raw bytes of a chunk, a segment or the tail of an archive file.
package import Media
package import NIOCore

/// Rebuilds the parts of chunks from bytes alone: after a crash only what is whole counts.
package enum ChunkParser {
    /// What was found. Offsets count from the buffer's reader index.
    package struct Result: Hashable, Sendable {
        /// Fragments of one `moof` and its `mdat` each, in the order of the bytes.
        package var parts: [Chunk.Part] = []
        /// Boxes outside of fragments: `ftyp`, `moov`, `free` …
        package var otherBoxes: [TopLevelBox] = []
        /// All before is whole; a torn tail begins here. Equal to the number of bytes when there is none.
        package var wholeLength = 0
        /// Why the bytes from `wholeLength` on do not count; nil when there are none.
        package var tear: CMAFError?
    }

    /// A box of the file's outermost level that belongs to no fragment.
    package struct TopLevelBox: Hashable, Sendable {
        package var type: FourCC
        package var offset: Int
        package var length: Int
    }

    /// Never throws: bytes that are no whole fragment end the scan and are told in `tear`.
    package static func scan(_ bytes: ByteBuffer) -> Result {
        var result = Result()
        var cursor = BoxCursor(bytes)
        do throws(CMAFError) {
            while let box = try cursor.nextBox() {
                switch box.type {
                case "moof":
                    let part = try part(of: box, cursor: &cursor)
                    result.parts.append(part)
                case "mdat":
                    throw CMAFError(.malformed, at: box.offset, "mdat without a moof before it")
                default:
                    result.otherBoxes.append(TopLevelBox(type: box.type, offset: box.offset, length: box.size))
                }
                result.wholeLength = cursor.offset
            }
        } catch {
            result.tear = error
        }
        return result
    }

    private static func part(of moof: Box, cursor: inout BoxCursor) throws(CMAFError) -> Chunk.Part {
        let fragments = try MovieFragment(moof).trackFragments
        guard fragments.count == 1, let fragment = fragments.first, let start = fragment.start else {
            throw CMAFError(.unsupported, at: moof.offset, "a fragment must have one traf with a tfdt")
        }
        guard let mdat = try cursor.nextBox() else {
            throw CMAFError(.truncated, at: cursor.offset, "the mdat of the last moof is missing")
        }
        guard mdat.type == "mdat" else {
            throw CMAFError(.malformed, at: mdat.offset, "\(mdat.type) where the mdat of a moof must be")
        }
        let first = mdat.body.offset
        let end = mdat.offset + mdat.size
        guard fragment.samples.allSatisfy({ $0.offset >= first && $0.size <= end - $0.offset }) else {
            throw CMAFError(.malformed, at: moof.offset, "a sample lies outside of its mdat")
        }
        return Chunk.Part(
            track: TrackID(fragment.track), offset: moof.offset, length: end - moof.offset,
            start: MediaTime(ticks: start), duration: MediaSpan(ticks: fragment.duration),
            frameCount: fragment.samples.count)
    }
}

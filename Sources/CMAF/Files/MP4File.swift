// An MP4 file opened for reading: its tracks, where and when their samples are, and the frames they become.
package import Media
package import NIOCore

/// Reads `length` bytes from `offset` of a file; fewer only at its end. Throws `.unreadable` where the system fails.
package typealias FileRangeReader = (_ offset: Int64, _ length: Int) throws(CMAFError) -> ByteBuffer

/// A progressive or fragmented MP4 file (ISO/IEC 14496-12): H.264, H.265, AAC, MPEG audio, AC-3, E-AC-3.
///
/// Pure: bytes come through the reader that is handed in. In memory stay the tracks and 24 bytes a sample.
package struct MP4File: Sendable {
    /// With the file's own track numbers.
    package let tracks: TrackSet
    /// One for each of `tracks.tracks`, in the same order; none is empty.
    package let tables: [SampleTable]
    private let formats: [SampleFormat]

    /// Reads all boxes but the media itself.
    ///
    /// - Parameters:
    ///   - size: of the file, in bytes. A file that is still growing is read up to there.
    /// - Throws: `.malformed`, `.truncated` or `.unsupported` with a reason that says what to do; what `read` throws.
    package init(size: Int64, read: FileRangeReader) throws(CMAFError) {
        var movie: Movie?
        var scan = TopLevelScan(size: size)
        while let box = try scan.next(read) {
            switch box.type {
            case "moov" where movie == nil:
                movie = try Movie(try scan.load(box, limit: Movie.largestHeader, read), fileSize: size)
            case "moof":
                guard movie != nil else {
                    throw CMAFError(.malformed, at: Int(box.offset), "a fragment comes before the moov box")
                }
                do throws(CMAFError) {
                    try movie?.append(try scan.load(box, limit: Movie.largestFragment, read))
                } catch  where error.code == .truncated && movie?.hasSamples == true {
                    // The file is still written, or its writer died: what is whole is there.
                    scan.stop()
                }
            default: break
            }
        }
        guard let movie else {
            throw CMAFError(
                .malformed, at: Int(size), "there is no moov box: the file is cut short, or was never finished")
        }
        let found = try movie.finish(read)
        tracks = found.tracks
        tables = found.tables
        formats = found.formats
    }

    /// The frame that the sample's bytes make: NAL units with four-byte lengths, see `Media.Frame`.
    ///
    /// - Parameters:
    ///   - track: index into `tracks.tracks`; `data`: the `sample.size` bytes at `sample.offset`.
    /// - Returns: nil when the bytes are damaged.
    package func frame(_ sample: FileSample, track: Int, data: ByteBuffer) -> Frame? {
        guard data.readableBytes == sample.size, let bytes = formats[track].frame(data) else { return nil }
        let isAudio = tracks.tracks[track].kind == .audio
        return Frame(
            track: tracks.tracks[track].id, decodeTime: sample.decodeTime, presentationTime: sample.presentationTime,
            isKey: sample.isKey || isAudio, duration: isAudio ? sample.duration : nil, data: bytes)
    }
}

/// Walks over the boxes of the outermost level without reading what is in them.
private struct TopLevelScan {
    struct Header {
        var type: FourCC
        var offset: Int64
        var size: Int64
    }
    private let size: Int64
    private var offset: Int64 = 0

    init(size: Int64) { self.size = size }

    mutating func stop() { offset = size }

    /// Nil at the end of the file, or where less than a header is left. A box may reach beyond the file.
    mutating func next(_ read: FileRangeReader) throws(CMAFError) -> Header? {
        guard size - offset >= 8 else { return nil }
        let bytes = try read(offset, Int(min(16, size - offset)))
        var cursor = BoxCursor(bytes, base: Int(offset))
        var length = Int64(try cursor.u32())
        let header: Int64 = length == 1 ? 16 : 8
        let type = try cursor.fourCC()
        if length == 0 { length = size - offset }
        if length == 1 { length = Int64(clamping: try cursor.u64()) }
        guard length >= header else {
            throw CMAFError(.malformed, at: Int(offset), "box \(type) has the impossible size \(length)")
        }
        defer { offset = length < size - offset ? offset + length : size }
        return Header(type: type, offset: offset, size: length)
    }

    /// The whole box.
    func load(_ box: Header, limit: Int64, _ read: FileRangeReader) throws(CMAFError) -> Box {
        guard box.size <= size - box.offset else {
            throw CMAFError(
                .truncated, at: Int(box.offset),
                "box \(box.type) has \(box.size) bytes, but only \(size - box.offset) are there; the file is cut short")
        }
        guard box.size <= limit else {
            throw CMAFError(
                .unsupported, at: Int(box.offset),
                "box \(box.type) has \(box.size) bytes; more than \(limit) are not read: cut the file into parts")
        }
        var cursor = BoxCursor(try read(box.offset, Int(box.size)), base: Int(box.offset))
        guard let whole = try cursor.nextBox() else {
            throw CMAFError(.truncated, at: Int(box.offset), "box \(box.type) could not be read again")
        }
        return whole
    }
}

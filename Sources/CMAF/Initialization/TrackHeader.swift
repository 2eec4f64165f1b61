// Reads one trak box up to its sample entry.
import Media
import NIOCore

/// What a `trak` says of its track before any sample.
struct TrackHeader {
    var id: UInt32
    var timescale: UInt32
    var language: String?
    var entry: SampleEntry
    /// The sample table box.
    var table: BoxCursor

    /// Nil when the track's codec is none that Weir takes.
    init?(_ trak: Box) throws(CMAFError) {
        var (version, _, header) = try trak.body.required("tkhd").full()
        try header.skip(version == 1 ? 16 : 8)
        id = try header.u32()
        let media = try trak.body.required("mdia").body
        (version, _, header) = try media.required("mdhd").full()
        try header.skip(version == 1 ? 16 : 8)
        timescale = try header.u32()
        try header.skip(version == 1 ? 8 : 4)
        language = Language.unpacked(try header.u16())
        guard timescale > 0 else {
            throw CMAFError(.malformed, at: trak.offset, "track \(id) has the timescale 0")
        }
        if let box = try media.first("elng") {
            var (_, _, text) = try box.full()
            language = String(decoding: try text.terminatedBytes(), as: UTF8.self)
        }
        table = try media.required("minf").body.required("stbl").body
        var (_, _, descriptions) = try table.required("stsd").full()
        try descriptions.skip(4)
        guard let first = try descriptions.nextBox(), let entry = try SampleEntry(first) else { return nil }
        self.entry = entry
    }
}

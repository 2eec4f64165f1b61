// What a moov and the moofs behind it say of a file's samples, while the file is opened.
import Media
import NIOCore

/// The tracks of a file and their sample tables as they grow.
struct Movie {
    /// Of a `moov`: 16 million samples at 8 bytes.
    static let largestHeader: Int64 = 256 << 20
    /// Of a `moof`.
    static let largestFragment: Int64 = 16 << 20

    fileprivate struct Lane {
        var header: TrackHeader
        var clock: TrackClock
        /// Presentation ends here, in ticks of 90 kHz.
        var limit: Int64?
        var table = SampleTable()
        /// Where the next fragment without `tfdt` goes on, in ticks of the track's timescale.
        var nextTime: Int64 = 0
    }

    private var lanes: [Lane] = []
    private var extends: [UInt32: TrackExtends] = [:]
    private var refused: [FourCC] = []
    private let fileSize: Int64
    private let offset: Int

    var hasSamples: Bool { lanes.contains { $0.table.count > 0 } }
    private var count: Int { lanes.reduce(0) { $0 + $1.table.count } }

    init(_ moov: Box, fileSize: Int64) throws(CMAFError) {
        self.fileSize = fileSize
        offset = moov.offset
        let timescale = try Self.timescale(moov)
        var boxes = moov.body
        while let box = try boxes.nextBox() {
            switch box.type {
            case "mvex": try readExtends(box)
            case "trak":
                guard let header = try TrackHeader(box) else {
                    refused += try Self.entryTypes(of: box)
                    continue
                }
                try add(header, box, timescale: timescale)
            default: continue
            }
        }
    }

    private static func timescale(_ moov: Box) throws(CMAFError) -> UInt32 {
        var (version, _, body) = try moov.body.required("mvhd").full()
        try body.skip(version == 1 ? 16 : 8)
        let value = try body.u32()
        guard value > 0 else { throw CMAFError(.malformed, at: moov.offset, "the movie has the timescale 0") }
        return value
    }

    /// For the message when no track is left.
    private static func entryTypes(of trak: Box) throws(CMAFError) -> [FourCC] {
        let table = try trak.body.required("mdia").body.required("minf").body.required("stbl").body
        var (_, _, entries) = try table.required("stsd").full()
        try entries.skip(4)
        return try entries.nextBox().map { [$0.type] } ?? []
    }

    private mutating func readExtends(_ mvex: Box) throws(CMAFError) {
        var boxes = mvex.body
        while let box = try boxes.nextBox() {
            guard box.type == "trex" else { continue }
            var (_, _, body) = try box.full()
            let track = try body.u32()
            try body.skip(4)
            extends[track] = TrackExtends(duration: try body.u32(), size: try body.u32(), flags: try body.u32())
        }
    }

    private mutating func add(_ header: TrackHeader, _ trak: Box, timescale: UInt32) throws(CMAFError) {
        guard !lanes.contains(where: { $0.header.id == header.id }) else {
            throw CMAFError(.malformed, at: trak.offset, "two tracks have the number \(header.id)")
        }
        let edits = try EditList(of: trak)
        var lane = Lane(
            header: header, clock: TrackClock(timescale: header.timescale, shift: -edits.mediaTime))
        guard let delay = TrackClock.rescaled(Int64(edits.delay), from: timescale) else {
            throw CMAFError(.malformed, at: trak.offset, "the edit list of track \(header.id) says an impossible time")
        }
        lane.clock.delay = delay
        if let duration = edits.duration, let length = TrackClock.rescaled(Int64(duration), from: timescale) {
            // A tick of the movie's coarser clock more: its times are rounded.
            lane.limit = delay + length + mediaTicksPerSecond / Int64(timescale) + 1
        }
        try SampleTableReader(header, fileSize: fileSize)
            .read(into: &lane.table, clock: lane.clock, budget: SampleTable.maximum - count)
        lanes.append(lane)
    }

    /// Takes the samples of a fragment.
    mutating func append(_ moof: Box) throws(CMAFError) {
        for fragment in try MovieFragment(moof, extends: extends).trackFragments {
            guard let index = lanes.firstIndex(where: { $0.header.id == fragment.track }) else { continue }
            guard fragment.samples.count <= SampleTable.maximum - count else {
                throw CMAFError(
                    .unsupported, at: moof.offset,
                    "the file has more than \(SampleTable.maximum) samples; cut it into parts")
            }
            try lanes[index].append(fragment, at: moof.offset, fileSize: fileSize)
        }
    }

    /// Refines codecs by the first key frames, and leaves out tracks without samples.
    func finish(
        _ read: FileRangeReader
    ) throws(CMAFError) -> (tracks: TrackSet, tables: [SampleTable], formats: [SampleFormat]) {
        var found: [(track: Track, table: SampleTable, format: SampleFormat)] = []
        for var lane in lanes {
            if let limit = lane.limit { lane.table.cut(presentedFrom: limit) }
            guard lane.table.count > 0 else { continue }
            lane.table.decodeBeforePresentation()
            let entry = lane.header.entry
            var codec = entry.codec
            if let first = (0..<lane.table.count).lazy.map({ lane.table[$0] }).first(where: \.isKey) {
                let bytes = try read(first.offset, first.size)
                codec = SampleFormat.refined(codec, nalLengthSize: entry.nalLengthSize, by: bytes)
            }
            found.append(
                (
                    Track(id: TrackID(lane.header.id), codec: codec, language: lane.header.language), lane.table,
                    SampleFormat(codec, nalLengthSize: entry.nalLengthSize)
                ))
        }
        guard !found.isEmpty else {
            let others = refused.map { "«\($0)»" }.joined(separator: ", ")
            throw CMAFError(
                .unsupported, at: offset,
                others.isEmpty
                    ? "no track has a sample"
                    : "no track has a codec that can be played; there are \(others): ffmpeg -i IN OUT.mp4 converts them"
            )
        }
        found.sort { $0.track.id < $1.track.id }
        return (TrackSet(found.map(\.track)), found.map(\.table), found.map(\.format))
    }
}

extension Movie.Lane {
    mutating func append(_ fragment: TrackFragment, at offset: Int, fileSize: Int64) throws(CMAFError) {
        // Without tfdt the samples' times count from zero.
        let base = fragment.start == nil ? nextTime : 0
        for sample in fragment.samples {
            let place = Int64(sample.offset)
            guard place >= 0, sample.size <= SampleTable.largestSample, place <= fileSize,
                Int64(sample.size) <= fileSize - place
            else {
                throw CMAFError(
                    .truncated, at: offset, "a sample of track \(fragment.track) lies beyond the end of the file")
            }
            let (time, overflow) = sample.decodeTime.addingReportingOverflow(base)
            guard !overflow, abs(time / 2) < 1 << 59, let decode = clock.ticks(time),
                let present = clock.ticks(time + sample.compositionOffset),
                let end = clock.ticks(time + sample.duration),
                let composition = Int32(exactly: present - decode)
            else {
                throw CMAFError(.malformed, at: offset, "a sample of track \(fragment.track) has an impossible time")
            }
            guard table.count == 0 || decode >= table[table.count - 1].decodeTime.ticks else {
                throw CMAFError(.malformed, at: offset, "the time of track \(fragment.track) goes back")
            }
            nextTime = time + sample.duration
            table.append(
                decodeTime: decode, end: end, compositionOffset: composition, isKey: sample.isKey, offset: place,
                size: UInt32(sample.size))
        }
    }
}

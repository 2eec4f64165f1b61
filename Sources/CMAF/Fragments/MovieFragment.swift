// Reads one moof: where its samples lie, when they are and how long they last.
import Media
import NIOCore

/// Defaults of a track's samples in fragments (`trex`, ISO/IEC 14496-12 §8.8.3).
struct TrackExtends: Hashable {
    var duration: UInt32 = 0
    var size: UInt32 = 0
    var flags: UInt32 = 0
}

/// One sample of a fragment. Times are in the track's own timescale.
struct FragmentSample {
    /// From the same zero as the offset of the `moof`.
    var offset: Int
    var size: Int
    var decodeTime: Int64
    var compositionOffset: Int64
    var duration: Int64
    var flags: UInt32
    var isKey: Bool { flags & SampleFlags.nonSyncBit == 0 }
}

/// One `traf` of a `moof`.
struct TrackFragment {
    var track: UInt32
    /// Nil when there is no `tfdt`: the fragment goes on where the track's last one ended.
    var start: Int64?
    var samples: [FragmentSample] = []
    /// Sum of the samples' durations.
    var duration: Int64 = 0
}

/// A parsed `moof`.
struct MovieFragment {
    var trackFragments: [TrackFragment] = []

    /// Samples of one fragment whose run says nothing about each of them: more than hours of audio.
    private static let samplesWithoutBytesMax = 1 << 18

    /// - Parameter extends: defaults of the tracks; those without an entry have zeros.
    init(_ moof: Box, extends: [UInt32: TrackExtends] = [:]) throws(CMAFError) {
        var boxes = moof.body
        var previousDataEnd = moof.offset
        while let box = try boxes.nextBox() {
            guard box.type == "traf" else { continue }
            trackFragments.append(
                try Self.trackFragment(box, moof: moof.offset, extends: extends, previousDataEnd: &previousDataEnd))
        }
    }

    private static func trackFragment(
        _ traf: Box, moof: Int, extends: [UInt32: TrackExtends], previousDataEnd: inout Int
    ) throws(CMAFError) -> TrackFragment {
        var (_, flags, header) = try traf.body.required("tfhd").full()
        var result = TrackFragment(track: try header.u32())
        var defaults = extends[result.track] ?? TrackExtends()
        var base = flags & 0x02_0000 != 0 ? moof : previousDataEnd
        if flags & 0x1 != 0 {
            let explicit = try header.u64()
            guard explicit <= UInt64(Int32.max) << 24 else {
                throw CMAFError(.malformed, at: traf.offset, "base_data_offset \(explicit) is impossible")
            }
            base = Int(explicit)
        }
        if flags & 0x2 != 0 { try header.skip(4) }
        if flags & 0x8 != 0 { defaults.duration = try header.u32() }
        if flags & 0x10 != 0 { defaults.size = try header.u32() }
        if flags & 0x20 != 0 { defaults.flags = try header.u32() }
        var boxes = traf.body
        var position = base
        while let box = try boxes.nextBox() {
            switch box.type {
            case "tfdt":
                var (version, _, body) = try box.full()
                result.start = version == 1 ? Int64(bitPattern: try body.u64()) : Int64(try body.u32())
            case "trun":
                try run(box, base: base, position: &position, defaults: defaults, into: &result)
            default: continue
            }
        }
        previousDataEnd = position
        // tfdt stands before trun in every file met, but the standard does not demand it: times are shifted at the end.
        if let start = result.start {
            for i in result.samples.indices { result.samples[i].decodeTime &+= start }
        }
        return result
    }

    private static func run(
        _ box: Box, base: Int, position: inout Int, defaults: TrackExtends, into result: inout TrackFragment
    ) throws(CMAFError) {
        var (version, flags, body) = try box.full()
        let count = Int(try body.u32())
        if flags & 0x1 != 0 { position = base + Int(Int32(bitPattern: try body.u32())) }
        let firstFlags = flags & 0x4 != 0 ? try body.u32() : nil
        let hasDuration = flags & 0x100 != 0
        let hasSize = flags & 0x200 != 0
        let hasFlags = flags & 0x400 != 0
        let hasOffset = flags & 0x800 != 0
        let stride = (hasDuration ? 4 : 0) + (hasSize ? 4 : 0) + (hasFlags ? 4 : 0) + (hasOffset ? 4 : 0)
        guard count <= (stride > 0 ? body.remaining / stride : samplesWithoutBytesMax - result.samples.count) else {
            throw CMAFError(.malformed, at: box.offset, "trun claims \(count) samples, more than it can hold")
        }
        result.samples.reserveCapacity(result.samples.count + count)
        for i in 0..<count {
            let duration = hasDuration ? try body.u32() : defaults.duration
            let size = Int(hasSize ? try body.u32() : defaults.size)
            let own = hasFlags ? try body.u32() : nil
            let raw = hasOffset ? try body.u32() : 0
            result.samples.append(
                FragmentSample(
                    offset: position, size: size, decodeTime: result.duration,
                    compositionOffset: version == 0 ? Int64(raw) : Int64(Int32(bitPattern: raw)),
                    duration: Int64(duration),
                    flags: i == 0 ? firstFlags ?? own ?? defaults.flags : own ?? defaults.flags))
            position += size
            result.duration += Int64(duration)
        }
    }
}

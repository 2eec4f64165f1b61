// Reads the sample tables of a track (stts, ctts, stsc, stsz or stz2, stco or co64, stss) in one pass over all of them.
import NIOCore

/// The tables of one `stbl` while they are walked side by side (ISO/IEC 14496-12 §8.6, §8.7).
struct SampleTableReader {
    /// Runs of equal values: (count, value) pairs.
    private struct Runs {
        var body: BoxCursor
        var entries: Int
        var left: UInt32 = 0
        var value: UInt32 = 0

        init?(_ box: Box?) throws(CMAFError) {
            guard let box else { return nil }
            var (_, _, body) = try box.full()
            entries = try SampleTableReader.count(&body, stride: 8, of: box)
            self.body = body
        }

        /// Nil when the runs are over.
        mutating func next() throws(CMAFError) -> UInt32? {
            while left == 0 {
                guard entries > 0 else { return nil }
                entries -= 1
                left = try body.u32()
                value = try body.u32()
            }
            left -= 1
            return value
        }
    }

    private let stbl: BoxCursor
    private let track: UInt32
    private let fileSize: Int64

    init(_ header: TrackHeader, fileSize: Int64) {
        stbl = header.table
        track = header.id
        self.fileSize = fileSize
    }

    /// The number of entries, compared with the room there is for them.
    private static func count(_ body: inout BoxCursor, stride: Int, of box: Box) throws(CMAFError) -> Int {
        let count = Int(try body.u32())
        guard count <= body.remaining / stride else {
            throw CMAFError(.malformed, at: box.offset, "\(box.type) claims \(count) entries, more than it can hold")
        }
        return count
    }

    private func malformed(_ reason: String) -> CMAFError {
        CMAFError(.malformed, at: stbl.offset, "track \(track): \(reason)")
    }

    /// Appends the samples. `clock` places them.
    ///
    /// - Throws: when tables contradict each other, or a sample lies outside of the file.
    func read(into table: inout SampleTable, clock: TrackClock, budget: Int) throws(CMAFError) {
        var sizes = try SampleSizes(stbl, fileSize: fileSize)
        let total = sizes.count
        guard total > 0 else { return }
        guard total <= budget else {
            throw CMAFError(
                .unsupported, at: stbl.offset,
                "track \(track) has \(total) samples, more than \(SampleTable.maximum) in the file; cut it into parts")
        }
        guard var durations = try Runs(stbl.required("stts")) else { return }
        var offsets = try Runs(stbl.first("ctts"))
        var keys = try SyncSamples(stbl.first("stss"))
        var chunks = try ChunkPlaces(stbl)
        table.reserve(total)
        var time: Int64 = 0
        var index = 0
        while index < total {
            guard let chunk = try chunks.next() else {
                throw malformed("its chunks hold \(index) of \(total) samples; the file is damaged")
            }
            guard chunk.description == 1 else {
                throw CMAFError(
                    .unsupported, at: stbl.offset,
                    "track \(track) changes its format in the middle; write it anew: ffmpeg -i IN OUT.mp4")
            }
            var place = chunk.offset
            for _ in 0..<min(Int(chunk.samples), total - index) {
                index += 1
                let size = try sizes.next()
                guard Int(size) <= SampleTable.largestSample, place <= fileSize, Int64(size) <= fileSize - place else {
                    throw CMAFError(
                        .truncated, at: stbl.offset,
                        "track \(track): sample \(index) lies at byte \(place), \(size) bytes long, but the file has "
                            + "\(fileSize) bytes; it is cut short or damaged")
                }
                guard let step = try durations.next() else {
                    throw malformed("stts covers \(index - 1) of \(total) samples; the file is damaged")
                }
                // Version 0 says unsigned numbers, but writers put negative ones there too.
                let raw = try offsets?.next() ?? 0
                let composed = time + Int64(Int32(bitPattern: raw))
                guard let decode = clock.ticks(time), let present = clock.ticks(composed),
                    let end = clock.ticks(time + Int64(step)), let offset = Int32(exactly: present - decode)
                else { throw malformed("sample \(index) has an impossible time; the file is damaged") }
                table.append(
                    decodeTime: decode, end: end, compositionOffset: offset, isKey: try keys?.contains(index) ?? true,
                    offset: place, size: size)
                place += Int64(size)
                time += Int64(step)
            }
        }
    }
}

/// `stsz` or `stz2` (§8.7.3).
private struct SampleSizes {
    let count: Int
    private var body: BoxCursor
    private let constant: UInt32
    private let bits: Int
    private var halfByte: UInt8?

    init(_ stbl: BoxCursor, fileSize: Int64) throws(CMAFError) {
        let sizes = try stbl.first("stsz")
        let box = if let sizes { sizes } else { try stbl.required("stz2") }
        (_, _, body) = try box.full()
        let word = try body.u32()
        constant = box.type == "stsz" ? word : 0
        bits = box.type == "stsz" ? 32 : Int(word & 0xFF)
        count = Int(try body.u32())
        guard [4, 8, 16, 32].contains(bits) else {
            throw CMAFError(.malformed, at: box.offset, "stz2 has sizes of \(bits) bits")
        }
        let room = constant > 0 ? Int(fileSize / Int64(constant)) : body.remaining * 8 / bits
        guard count <= room else {
            throw CMAFError(.malformed, at: box.offset, "\(box.type) claims \(count) samples, more than there can be")
        }
    }

    mutating func next() throws(CMAFError) -> UInt32 {
        if constant > 0 { return constant }
        switch bits {
        case 4:
            if let low = halfByte {
                halfByte = nil
                return UInt32(low)
            }
            let byte = try body.u8()
            halfByte = byte & 15
            return UInt32(byte >> 4)
        case 8: return UInt32(try body.u8())
        case 16: return UInt32(try body.u16())
        default: return try body.u32()
        }
    }
}

/// `stss` (§8.6.2): rising numbers of key frames, asked for in rising order.
private struct SyncSamples {
    private var body: BoxCursor
    private var next: UInt32?

    init?(_ box: Box?) throws(CMAFError) {
        guard let box else { return nil }
        (_, _, body) = try box.full()
        _ = try body.u32()
        next = body.remaining >= 4 ? try body.u32() : nil
    }

    mutating func contains(_ number: Int) throws(CMAFError) -> Bool {
        while let candidate = next, Int(candidate) < number { next = body.remaining >= 4 ? try body.u32() : nil }
        return next.map { Int($0) == number } ?? false
    }
}

/// `stsc` with `stco` or `co64` (§8.7.4, §8.7.5): chunk after chunk.
private struct ChunkPlaces {
    private var offsets: BoxCursor
    private let isLarge: Bool
    private var left: Int
    private var runs: BoxCursor
    private var runsLeft: Int
    private var number: UInt32 = 0
    private var current: (samples: UInt32, description: UInt32)?
    private var following: (first: UInt32, samples: UInt32, description: UInt32)?

    init(_ stbl: BoxCursor) throws(CMAFError) {
        let small = try stbl.first("stco")
        let box = if let small { small } else { try stbl.required("co64") }
        isLarge = box.type == "co64"
        (_, _, offsets) = try box.full()
        left = Int(try offsets.u32())
        let table = try stbl.required("stsc")
        (_, _, runs) = try table.full()
        runsLeft = Int(try runs.u32())
        guard left <= offsets.remaining / (isLarge ? 8 : 4), runsLeft <= runs.remaining / 12 else {
            throw CMAFError(.malformed, at: box.offset, "\(box.type) or stsc claims more chunks than it can hold")
        }
        try advance()
    }

    private mutating func advance() throws(CMAFError) {
        if let following { current = (following.samples, following.description) }
        guard runsLeft > 0 else {
            following = nil
            return
        }
        runsLeft -= 1
        following = (try runs.u32(), try runs.u32(), try runs.u32())
    }

    mutating func next() throws(CMAFError) -> (offset: Int64, samples: UInt32, description: UInt32)? {
        guard left > 0 else { return nil }
        left -= 1
        number += 1
        while let following, following.first <= number { try advance() }
        let raw = isLarge ? try offsets.u64() : UInt64(try offsets.u32())
        guard let current, let offset = Int64(exactly: raw), offset < 1 << 62 else {
            throw CMAFError(.malformed, at: offsets.offset, "chunk \(number) has no place or no number of samples")
        }
        return (offset, current.samples, current.description)
    }
}

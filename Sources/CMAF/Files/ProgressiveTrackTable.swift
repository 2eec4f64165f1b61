// The sample tables of one track of a progressive file, run-length coded as they are collected.
import Media
import NIOCore

/// One track of a `ProgressiveMP4Builder`. Times are in ticks of 90 kHz since the file's begin.
struct ProgressiveTrackTable: Sendable {
    private struct Run {
        var count: UInt32
        var value: UInt32
    }
    private struct Chunk {
        var offset: Int64
        var samples: UInt32
        var description: UInt32
    }

    private let track: Track
    /// Its place among the tracks of its kind.
    let place: Int
    private var codecs: [Codec]
    private var durations: [Run] = []
    private var offsets: [Run] = []
    private var sizes: [UInt32] = []
    private var keys: [UInt32] = []
    private var chunks: [Chunk] = []
    private var hasOffsets = false
    private var hasNegativeOffsets = false
    private var firstOffset: Int64 = 0
    private var firstDecode: Int64 = 0
    private var lastDecode: Int64 = 0
    private var lastDuration: Int64 = 0

    init(_ track: Track, id: TrackID, place: Int) {
        self.track = Track(id: id, codec: track.codec, language: track.language)
        self.place = place
        codecs = [track.codec]
    }

    var kind: Track.Kind { track.kind }
    var isEmpty: Bool { sizes.isEmpty }
    /// End of the last sample.
    var end: Int64 { isEmpty ? 0 : lastDecode + lastDuration }
    var firstPresentation: Int64 { firstDecode + firstOffset }

    /// The number of the sample description for these parameters, from 1 on.
    mutating func description(of codec: Codec) -> UInt32 {
        if let known = codecs.firstIndex(of: codec) { return UInt32(known + 1) }
        codecs.append(codec)
        return UInt32(codecs.count)
    }

    mutating func beginChunk(at offset: Int64, samples: Int, description: UInt32) {
        chunks.append(Chunk(offset: offset, samples: UInt32(clamping: samples), description: description))
    }

    mutating func add(_ sample: FragmentHead.Sample, shift: Int64) {
        // Tracks of a new stretch may begin a little before the longest one has ended: time never runs back.
        let decode = max(lastDecode, sample.decodeTime.ticks - shift)
        let offset = (sample.presentationTime - sample.decodeTime).ticks
        if isEmpty {
            firstDecode = sample.decodeTime.ticks - shift
            firstOffset = offset
            lastDecode = firstDecode
        } else {
            Self.append(UInt32(clamping: decode - lastDecode), to: &durations)
            lastDecode = decode
        }
        lastDuration = sample.duration.ticks
        if offset != 0 { hasOffsets = true }
        if offset < 0 { hasNegativeOffsets = true }
        Self.append(UInt32(bitPattern: Int32(clamping: offset)), to: &offsets)
        sizes.append(UInt32(clamping: sample.size))
        if sample.isKey { keys.append(UInt32(clamping: sizes.count)) }
    }

    private static func append(_ value: UInt32, to runs: inout [Run]) {
        if let last = runs.last, last.value == value {
            runs[runs.count - 1].count += 1
        } else {
            runs.append(Run(count: 1, value: value))
        }
    }

    /// About what `write` writes.
    var byteCount: Int {
        sizes.count * 4 + (durations.count + offsets.count + chunks.count) * 8 + keys.count * 4 + 2048
    }

    private var mediaDuration: Int64 { lastDecode - firstDecode + lastDuration }

    /// Where the track ends in the movie, whose zero is `origin`.
    func presentedEnd(origin: Int64) -> Int64 {
        max(0, firstPresentation - origin) + max(0, mediaDuration - max(0, firstOffset))
    }

    /// - Parameter base: where the body of the `mdat` begins in the file.
    func write(origin: Int64, base: Int64, to out: inout ByteBuffer) {
        let delay = max(0, firstPresentation - origin)
        TrackBox.write(
            track, otherCodecs: Array(codecs.dropFirst()), duration: UInt64(max(0, mediaDuration)),
            presented: UInt64(presentedEnd(origin: origin)), to: &out,
            edits: { writeEdits(delay: delay, to: &$0) }, tables: { writeTables(base: base, to: &$0) })
    }

    private func writeEdits(delay: Int64, to out: inout ByteBuffer) {
        out.writeBox("edts") { edts in
            edts.writeFullBox("elst", version: 1) {
                $0.writeInteger(UInt32(delay > 0 ? 2 : 1))
                if delay > 0 { $0.writeMultipleIntegers(UInt64(delay), Int64(-1), UInt32(0x10000)) }
                $0.writeMultipleIntegers(
                    UInt64(max(0, mediaDuration - max(0, firstOffset))), max(0, firstOffset), UInt32(0x10000))
            }
        }
    }

    private func writeTables(base: Int64, to out: inout ByteBuffer) {
        out.writeFullBox("stts") {
            $0.writeInteger(UInt32(durations.count + 1))
            for run in durations { $0.writeMultipleIntegers(run.count, run.value) }
            $0.writeMultipleIntegers(UInt32(1), UInt32(clamping: lastDuration))
        }
        if hasOffsets {
            // Version 1 has signed offsets.
            out.writeFullBox("ctts", version: hasNegativeOffsets ? 1 : 0) {
                $0.writeInteger(UInt32(offsets.count))
                for run in offsets { $0.writeMultipleIntegers(run.count, run.value) }
            }
        }
        if keys.count < sizes.count {
            out.writeFullBox("stss") {
                $0.writeInteger(UInt32(keys.count))
                for key in keys { $0.writeInteger(key) }
            }
        }
        writeChunks(base: base, to: &out)
    }

    private func writeChunks(base: Int64, to out: inout ByteBuffer) {
        var runs: [(first: UInt32, samples: UInt32, description: UInt32)] = []
        for (index, chunk) in chunks.enumerated()
        where runs.last.map({ $0.samples != chunk.samples || $0.description != chunk.description }) ?? true {
            runs.append((UInt32(index + 1), chunk.samples, chunk.description))
        }
        out.writeFullBox("stsc") {
            $0.writeInteger(UInt32(runs.count))
            for run in runs { $0.writeMultipleIntegers(run.first, run.samples, run.description) }
        }
        out.writeFullBox("stsz") {
            $0.writeMultipleIntegers(UInt32(0), UInt32(sizes.count))
            for size in sizes { $0.writeInteger(size) }
        }
        out.writeFullBox("co64") {
            $0.writeInteger(UInt32(chunks.count))
            for chunk in chunks { $0.writeInteger(UInt64(base + chunk.offset)) }
        }
    }
}

// Writes the frames of one track as one moof and mdat. The server's hottest writer: one pass, one copy of the payload.
package import Media
package import NIOCore

/// Writes CMAF fragments (ISO/IEC 23000-19 §7.3.2.3): one `moof` with one `traf` and one `trun`, then its `mdat`.
package enum FragmentWriter {
    /// Appends the fragment that holds `frames` and tells where in `buffer` it lies.
    ///
    /// The frames are of one track, in decode order, at least one; anything else is a programmer's mistake and traps.
    /// A frame lasts until the next one's decode time, the last one as long as its own `duration` says.
    /// `Part.offset` counts from `buffer.readerIndex`. The bytes depend on the frames alone; `mfhd` counts hundredths of
    /// seconds of UTC modulo 2³², so that it rises from chunk to chunk on whichever server the chunk is written.
    package static func append(_ frames: [TimedFrame], to buffer: inout ByteBuffer) -> Chunk.Part {
        let offset = buffer.readableBytes
        let total = size(of: frames)
        var part: Chunk.Part?
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: total) { bytes in
            part = write(frames, to: UnsafeMutableRawBufferPointer(rebasing: bytes[..<total]), at: 0)
            return total
        }
        guard var part else { preconditionFailure("the buffer did not call back") }
        part.offset = offset
        return part
    }

    /// Bytes of the fragment that holds `frames`.
    package static func size(of frames: [TimedFrame]) -> Int {
        let plan = RunPlan(frames)
        return plan.movieFragmentSize + 8 + plan.payloadSize
    }

    /// Writes the fragment that holds `frames`, `size(of:)` bytes, to `target` from `offset` on; else as `append`.
    package static func write(
        _ frames: [TimedFrame], to target: UnsafeMutableRawBufferPointer, at offset: Int
    ) -> Chunk.Part {
        guard let first = frames.first, let last = frames.last else {
            preconditionFailure("a fragment needs at least one frame")
        }
        let plan = RunPlan(frames)
        let headerSize = plan.movieFragmentSize + 8
        let total = headerSize + plan.payloadSize
        precondition(total <= Int(UInt32.max), "a fragment of \(total) bytes does not fit its 32-bit sizes")
        precondition(offset >= 0 && total <= target.count - offset, "\(total) bytes do not fit the buffer")
        var out = BigEndianPen(UnsafeMutableRawBufferPointer(rebasing: target[offset...]))
        plan.write(frames, track: first.track, start: first.decodeTime, to: &out)
        out.put(UInt32(8 + plan.payloadSize))
        out.put(FourCC("mdat").value)
        var at = offset + headerSize
        for frame in frames {
            frame.data.withUnsafeReadableBytes { bytes in
                UnsafeMutableRawBufferPointer(rebasing: target[at..<at + bytes.count]).copyMemory(from: bytes)
                at += bytes.count
            }
        }
        return Chunk.Part(
            track: first.track, offset: offset, length: total, start: first.decodeTime,
            duration: last.decodeTime - first.decodeTime + last.duration, frameCount: frames.count)
    }
}

/// Sample flags (ISO/IEC 14496-12 §8.8.3.1): a sync sample depends on no other, any other one may.
enum SampleFlags {
    static let sync: UInt32 = 0x0200_0000
    static let dependent: UInt32 = 0x0101_0000
    /// sample_is_non_sync_sample
    static let nonSyncBit: UInt32 = 0x0001_0000

    static func of(_ frame: TimedFrame) -> UInt32 { frame.isKey ? sync : dependent }
}

/// Which fields of the samples are equal and go to `tfhd`, and how large the `moof` will be.
private struct RunPlan {
    private(set) var payloadSize = 0
    private var sizesDiffer = false
    private var durationsDiffer = false
    private var hasOffsets = false
    /// Flags of all samples from the second on are equal, and whether those of the first are the same.
    private var laterFlagsDiffer = false
    private var firstFlagsDiffer = false
    private let defaultSize: UInt32
    private let defaultDuration: UInt32
    private let defaultFlags: UInt32
    private let count: Int

    init(_ frames: [TimedFrame]) {
        count = frames.count
        let track = frames[0].track
        defaultSize = UInt32(clamping: frames[0].data.readableBytes)
        defaultDuration = RunPlan.duration(frames, 0)
        defaultFlags = SampleFlags.of(frames[min(1, count - 1)])
        firstFlagsDiffer = SampleFlags.of(frames[0]) != defaultFlags
        for i in 0..<count {
            precondition(frames[i].track == track, "a fragment holds frames of one track")
            payloadSize += frames[i].data.readableBytes
            if frames[i].data.readableBytes != Int(defaultSize) { sizesDiffer = true }
            if RunPlan.duration(frames, i) != defaultDuration { durationsDiffer = true }
            if frames[i].presentationTime != frames[i].decodeTime { hasOffsets = true }
            if i > 0, SampleFlags.of(frames[i]) != defaultFlags { laterFlagsDiffer = true }
        }
    }

    private static func duration(_ frames: [TimedFrame], _ i: Int) -> UInt32 {
        guard i + 1 < frames.count else { return UInt32(clamping: frames[i].duration.ticks) }
        let span = frames[i + 1].decodeTime - frames[i].decodeTime
        precondition(span >= .zero, "frames of a fragment are in decode order")
        return UInt32(clamping: span.ticks)
    }

    private var fieldsPerSample: Int {
        (durationsDiffer ? 1 : 0) + (sizesDiffer ? 1 : 0) + (laterFlagsDiffer ? 1 : 0) + (hasOffsets ? 1 : 0)
    }
    private var hasFirstFlags: Bool { firstFlagsDiffer && !laterFlagsDiffer }

    private var trackFragmentHeaderSize: Int {
        16 + (durationsDiffer ? 0 : 4) + (sizesDiffer ? 0 : 4) + (laterFlagsDiffer ? 0 : 4)
    }
    private var runSize: Int { 20 + (hasFirstFlags ? 4 : 0) + count * fieldsPerSample * 4 }
    private var trackFragmentSize: Int { 8 + trackFragmentHeaderSize + 20 + runSize }
    /// Of the whole `moof`.
    var movieFragmentSize: Int { 8 + 16 + trackFragmentSize }

    func write(_ frames: [TimedFrame], track: TrackID, start: MediaTime, to out: inout BigEndianPen) {
        out.box("moof", movieFragmentSize)
        out.box("mfhd", 16)
        out.put(0)
        out.put(UInt32(truncatingIfNeeded: start.ticks.flooredDivided(by: 900)))
        out.box("traf", trackFragmentSize)
        out.box("tfhd", trackFragmentHeaderSize)
        // default-base-is-moof: a fragment may be cut out of its file and stays right.
        out.put(0x02_0000 | (durationsDiffer ? 0 : 0x8) | (sizesDiffer ? 0 : 0x10) | (laterFlagsDiffer ? 0 : 0x20))
        out.put(track.value)
        if !durationsDiffer { out.put(defaultDuration) }
        if !sizesDiffer { out.put(defaultSize) }
        if !laterFlagsDiffer { out.put(defaultFlags) }
        out.box("tfdt", 20)
        out.put(0x0100_0000)
        out.put(UInt32(truncatingIfNeeded: start.ticks >> 32))
        out.put(UInt32(truncatingIfNeeded: start.ticks))
        out.box("trun", runSize)
        out.put(
            0x0100_0001 | (hasFirstFlags ? 0x4 : 0) | (durationsDiffer ? 0x100 : 0) | (sizesDiffer ? 0x200 : 0)
                | (laterFlagsDiffer ? 0x400 : 0) | (hasOffsets ? 0x800 : 0))
        out.put(UInt32(count))
        out.put(UInt32(movieFragmentSize + 8))
        if hasFirstFlags { out.put(SampleFlags.of(frames[0])) }
        guard fieldsPerSample > 0 else { return }
        for i in 0..<count {
            if durationsDiffer { out.put(RunPlan.duration(frames, i)) }
            if sizesDiffer { out.put(UInt32(frames[i].data.readableBytes)) }
            if laterFlagsDiffer { out.put(SampleFlags.of(frames[i])) }
            if hasOffsets {
                let offset = (frames[i].presentationTime - frames[i].decodeTime).ticks
                out.put(UInt32(bitPattern: Int32(clamping: offset)))
            }
        }
    }
}

/// Writes 32-bit words into memory whose size was computed before.
private struct BigEndianPen {
    private let bytes: UnsafeMutableRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }

    mutating func put(_ value: UInt32) {
        bytes.storeBytes(of: value.bigEndian, toByteOffset: position, as: UInt32.self)
        position += 4
    }

    mutating func box(_ type: FourCC, _ size: Int) {
        put(UInt32(truncatingIfNeeded: size))
        put(type.value)
    }
}

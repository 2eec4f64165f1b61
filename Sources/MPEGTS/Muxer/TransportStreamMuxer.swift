// Frames in, MPEG transport stream out: for endless streams and for segments on their own.
package import Media
package import NIOCore

/// Multiplexes the tracks of a stream into one programme (ISO/IEC 13818-1).
///
/// PTS, DTS and PCR are `MediaTime` modulo 2³³, so that the bytes are the same on every server; the PCR runs
/// `clockLead` before the decode times. A PAT and a PMT stand before each key frame of the leading track, at the start of each
/// segment and at least every 400 ms.
///
/// Two uses: keep one value and `write` chunk after chunk (HTTP); or `segment(tracks:frames:)`, a pure function of its frames
/// (HLS), whose results can be joined: each PID's packet count is a multiple of 16, so that the continuity counters run
/// on over every join, whoever wrote the segments.
package struct TransportStreamMuxer: Sendable {
    /// How long a frame is at the reader before it is decoded, at the most (T-STD allows 1 s).
    package static let clockLead = MediaSpan.milliseconds(500)
    private static let clockInterval = MediaSpan.milliseconds(50)
    private static let tableInterval = MediaSpan.milliseconds(400)
    /// Frames of audio that share a PES packet span less than this.
    private static let audioGroup = MediaSpan.milliseconds(70)
    /// A step of the clock beyond this is a hole, which is not filled with PCRs.
    private static let holeLimit = MediaSpan.seconds(2)

    private let streams: [ElementaryStreamWriter]
    private let leading: TrackID?
    private let clockPID: UInt16
    private var tables: ProgramTableWriter
    private var packets = PacketWriter()
    private var unit = ByteBuffer()
    private var areTablesDue = true
    private var lastTables: MediaTime?
    private var lastClock: MediaTime?
    /// Packets that would have been written, when only their number is asked for.
    private var measured: Int?

    /// - Parameter before: the muxer of the same output before its tracks changed: the continuity counters go on, and the
    ///   tables get the next version, so that a receiver that knows the old ones reads them (§2.4.4.5, §2.4.4.9).
    package init(tracks: TrackSet, after before: TransportStreamMuxer? = nil) {
        // PIDs up to 0x1f00 are free of the map's; nobody has so many tracks, and a PMT holds fewer.
        let listed = Array(tracks.tracks.prefix(128))
        streams = listed.enumerated().map {
            ElementaryStreamWriter(pid: ProgramTableWriter.firstPID + UInt16($0.offset), track: $0.element)
        }
        leading = tracks.leading?.id ?? listed.first?.id
        let clock = streams.first { $0.track.id == tracks.leading?.id } ?? streams.first
        clockPID = clock?.pid ?? 0x1fff
        tables = ProgramTableWriter(
            tracks: listed, clockPID: clockPID, version: before.map { ($0.tables.version + 1) & 31 } ?? 0)
        if let before { packets = before.packets }
    }

    /// Tables are written before the next frame: a reader may begin there.
    package mutating func startSegment() { areTablesDue = true }

    /// Appends the packets of `frames`: all tracks of a chunk, in any order; they are sorted by decode time. Frames of
    /// tracks that were not announced are left out.
    package mutating func write(_ frames: [TimedFrame], into out: inout ByteBuffer) {
        write(frames, isSegment: false, into: &out)
    }

    /// One segment on its own.
    /// - Parameter version: of the table of tracks, 0…31; another one than before where joined segments change tracks.
    package static func segment(tracks: TrackSet, frames: [TimedFrame], version: UInt8 = 0) -> ByteBuffer {
        var muxer = TransportStreamMuxer(tracks: tracks, version: version)
        var out = ByteBufferAllocator().buffer(
            capacity: frames.reduce(8192) { $0 + $1.data.readableBytes * 21 / 20 + 188 })
        muxer.write(frames, isSegment: true, into: &out)
        return out
    }

    /// The bytes that `segment` makes of frames of these sizes, whatever is in them. Frames with untrue NAL lengths give
    /// fewer: whoever has promised this many fills up with `padding`.
    package static func segmentLength(tracks: TrackSet, frames: [TimedFrame]) -> Int {
        var muxer = TransportStreamMuxer(tracks: tracks, version: 0)
        muxer.measured = 0
        var nothing = ByteBuffer()
        muxer.write(frames, isSegment: true, into: &nothing)
        return (muxer.measured ?? 0) * 188
    }

    /// Null packets (§2.4.3.3, PID 0x1fff), which every reader passes over.
    /// - Parameter length: in bytes, a multiple of 188.
    package static func padding(_ length: Int) -> ByteBuffer {
        var out = ByteBufferAllocator().buffer(capacity: length)
        for _ in 0..<length / 188 {
            out.writeBytes([0x47, 0x1f, 0xff, 0x10])
            out.writeRepeatingByte(0xff, count: 184)
        }
        return out
    }

    private init(tracks: TrackSet, version: UInt8) {
        self.init(tracks: tracks)
        tables = ProgramTableWriter(tracks: streams.map(\.track), clockPID: clockPID, version: version & 31)
    }

    /// A unit that will be written: frames of one track that share a PES packet.
    private struct Group {
        var stream: Int
        var frames: ArraySlice<TimedFrame>
        var time: MediaTime
        var isKey: Bool
    }

    private mutating func write(_ frames: [TimedFrame], isSegment: Bool, into out: inout ByteBuffer) {
        let groups = group(frames)
        var last: [Int: Int] = [:]
        if isSegment {
            for (index, group) in groups.enumerated() { last[group.stream] = index }
        }
        for (index, group) in groups.enumerated() {
            let stream = streams[group.stream]
            // Teletext has the clock in packets of its own.
            let isLeading = stream.track.id == leading && !stream.isTeletext
            writeDue(before: group, isLeading: isLeading, into: &out)
            var adaptation = PacketWriter.Adaptation()
            if isLeading, lastClock.map({ group.time > $0 || $0 - group.time > Self.holeLimit }) ?? true {
                adaptation.clock = (group.time - Self.clockLead).ticks
                lastClock = group.time
            }
            adaptation.isRandomAccess = group.isKey && stream.track.kind == .video
            let isLast = last[group.stream] == index
            var stuffing = 0
            if isLast, stream.canBeStuffed(group.frames) {
                stuffing = 184 * missing(after: stream.length(group.frames), adaptation, on: stream.pid)
            }
            if measured != nil {
                measure(stream, group, adaptation, stuffing: stuffing, isLast: isLast)
                continue
            }
            stream.build(group.frames, stuffing: stuffing, into: &unit)
            unit.withUnsafeReadableBytes { bytes in
                guard bytes.count > 0 else { return }
                let missing = isLast ? missing(after: bytes.count, adaptation, on: stream.pid) : 0
                packets.write(bytes, pid: stream.pid, adaptation: adaptation, extra: missing, into: &out)
            }
        }
        guard isSegment else { return }
        while packets.counter(0) != 0 { write(tables.association, pid: 0, into: &out) }
        while packets.counter(ProgramTableWriter.mapPID) != 0 {
            write(tables.map, pid: ProgramTableWriter.mapPID, into: &out)
        }
    }

    /// Packets by which a unit of `length` bytes must be longer for the count of its PID to be a multiple of 16.
    private func missing(after length: Int, _ adaptation: PacketWriter.Adaptation, on pid: UInt16) -> Int {
        -(packets.counter(pid) + PacketWriter.packetCount(length, adaptation)) & 15
    }

    private mutating func measure(
        _ stream: ElementaryStreamWriter, _ group: Group, _ adaptation: PacketWriter.Adaptation, stuffing: Int,
        isLast: Bool
    ) {
        let length = stream.length(group.frames) + stuffing
        guard length > 0 else { return }
        let missing = isLast ? missing(after: length, adaptation, on: stream.pid) : 0
        measured? += packets.skip(length, pid: stream.pid, adaptation: adaptation, extra: missing)
    }

    private mutating func writeClock(_ time: MediaTime, into out: inout ByteBuffer) {
        if measured != nil {
            measured? += 1
        } else {
            packets.writeClock((time - Self.clockLead).ticks, pid: clockPID, into: &out)
        }
    }

    /// Tables and clock that have to stand before a group.
    private mutating func writeDue(before group: Group, isLeading: Bool, into out: inout ByteBuffer) {
        let isStale = lastTables.map { group.time - $0 >= Self.tableInterval || group.time < $0 } ?? true
        if areTablesDue || isStale || (isLeading && group.isKey && streams[group.stream].track.kind == .video) {
            write(tables.association, pid: 0, into: &out)
            write(tables.map, pid: ProgramTableWriter.mapPID, into: &out)
            areTablesDue = false
            lastTables = group.time
        }
        guard let last = lastClock, group.time - last < Self.holeLimit else {
            // After a hole, or at the begin with another track: the clock is said before anything that refers to it.
            if !isLeading {
                writeClock(group.time, into: &out)
                lastClock = group.time
            }
            return
        }
        var clock = last + Self.clockInterval
        while clock < group.time {
            writeClock(clock, into: &out)
            lastClock = clock
            clock += Self.clockInterval
        }
    }

    private mutating func write(_ section: [UInt8], pid: UInt16, into out: inout ByteBuffer) {
        if measured != nil {
            measured? += packets.skip(section.count, pid: pid)
        } else {
            section.withUnsafeBytes { packets.write($0, pid: pid, into: &out) }
        }
    }

    /// Frames of audio that lie close together share a PES packet; the groups come in the order of their first decode time.
    private func group(_ frames: [TimedFrame]) -> [Group] {
        var groups: [Group] = []
        for (index, stream) in streams.enumerated() {
            var own = frames.filter { $0.track == stream.track.id }
            if !zip(own, own.dropFirst()).allSatisfy({ $0.decodeTime <= $1.decodeTime }) {
                own.sort { $0.decodeTime < $1.decodeTime }
            }
            var start = 0
            while start < own.count {
                var end = start + 1
                if stream.track.kind == .audio {
                    var bytes = own[start].data.readableBytes
                    while end < own.count, own[end].decodeTime - own[start].decodeTime < Self.audioGroup,
                        bytes + own[end].data.readableBytes < 16_000,
                        // Readers count time on from the first frame: a hole needs a timestamp of its own.
                        abs((own[end].decodeTime - own[end - 1].decodeTime - own[end - 1].duration).ticks) <= 2
                    {
                        bytes += own[end].data.readableBytes
                        end += 1
                    }
                }
                groups.append(
                    Group(
                        stream: index, frames: own[start..<end], time: own[start].decodeTime,
                        isKey: own[start].isKey))
                start = end
            }
        }
        return groups.sorted { a, b in a.time == b.time ? a.stream < b.stream : a.time < b.time }
    }
}

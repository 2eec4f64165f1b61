// One PID of the programme: PES packets (or sections) in, frames out.
import Media
import NIOCore

/// Reassembles one elementary stream. The payload is copied once into `buffer`, and once more into the frame it belongs to.
struct ElementaryStream: Sendable {
    private enum PESState: Hashable, Sendable {
        /// For a packet with payload_unit_start_indicator.
        case waiting
        /// For the rest of a header that did not fit into its packet.
        case header
        /// Payload bytes that are still to come; negative: unbounded.
        case payload(Int)
    }

    let entry: ProgramMap.Entry
    let format: StreamFormat
    /// Index of the track in the sink.
    var slot: Int
    var trackID: TrackID
    private var place = PacketPlace()
    var sections = SectionAssembler()
    private var state = PESState.waiting
    private var header: [UInt8] = []
    private var buffer = ReassemblyBuffer()
    private var marks: [TimeMark] = []
    private var video: VideoAssembler
    private var audio: AudioAssembler
    private var previousDecode: Int64?
    private var epoch = 0

    /// A PES packet, and what is kept of an access unit, is at most this long. Level 6.2 pictures stay below.
    static let byteLimit = 8 << 20
    /// Audio needs far less; a stream that never gives a frame must not collect more.
    private static let audioByteLimit = 256 << 10

    init(entry: ProgramMap.Entry, slot: Int, trackID: TrackID) {
        self.entry = entry
        self.slot = slot
        self.trackID = trackID
        format = entry.format
        video = VideoAssembler(isH265: format == .h265)
        audio = AudioAssembler(format: format)
    }

    /// Takes one packet with payload: checks its place (§2.4.3.3), then takes the payload.
    mutating func receivePacket(
        _ payload: UnsafeRawBufferPointer, counter: UInt8, isMarked: Bool, isScrambled: Bool, isStart: Bool,
        sink: inout FrameSink
    ) {
        switch sink.continuity(&place, counter, payload, isMarked: isMarked, of: entry.pid) {
        case .repeated: return
        case .lost: lostPackets(&sink)
        case .continuous: break
        }
        if isScrambled {
            sink.counters.scrambled &+= 1
            return
        }
        receive(payload, isStart: isStart, sink: &sink)
    }

    /// Takes the payload of one packet.
    private mutating func receive(_ payload: UnsafeRawBufferPointer, isStart: Bool, sink: inout FrameSink) {
        if format == .sections {
            receiveSections(payload, isStart: isStart, sink: &sink)
            return
        }
        if isStart {
            endPacket(&sink)
            state = .header
            header.removeAll(keepingCapacity: true)
        }
        switch state {
        case .waiting: return
        case .header: receiveHeader(payload, &sink)
        case .payload(let left): receivePayload(payload, left, &sink)
        }
    }

    private mutating func receiveHeader(_ payload: UnsafeRawBufferPointer, _ sink: inout FrameSink) {
        if header.isEmpty {
            if startPacket(payload, &sink) { return }
            header.append(contentsOf: payload)
        } else {
            header.append(contentsOf: payload)
            let collected = header
            let isStarted = collected.withUnsafeBytes { startPacket($0, &sink) }
            if isStarted { header.removeAll(keepingCapacity: true) }
        }
    }

    /// Returns false when the header is not all there yet.
    private mutating func startPacket(_ bytes: UnsafeRawBufferPointer, _ sink: inout FrameSink) -> Bool {
        let parsed: PESHeader
        switch PESHeader.parse(bytes) {
        case .needMore: return false
        case .invalid:
            sink.counters.damagedFrames += 1
            discard()
            return true
        case .padding:
            state = .waiting
            return true
        case .header(let value): parsed = value
        }
        sink.markAlive(slot)
        let payload = UnsafeRawBufferPointer(rebasing: bytes[parsed.length...])
        if format.isVideo { video.beginPacket(payload, &buffer, &marks, target, &sink) }
        if let presentation = parsed.presentation, let decode = parsed.decode {
            mark(presentation: presentation, decode: decode, &sink)
        } else if format == .data, let now = sink.clock.now {
            marks = [TimeMark(offset: 0, decode: now, presentation: now)]
        }
        receivePayload(payload, parsed.payloadLength ?? -1, &sink)
        return true
    }

    private mutating func mark(presentation: Int64, decode: Int64, _ sink: inout FrameSink) {
        let decodeTime = sink.clock.unwrapped(decode)
        var difference = (presentation - decode) & (1 << 33 - 1)
        // A presentation before decoding or hours after it is a broken header; the picture is shown when decoded.
        if difference > 90_000 * 60 { difference = 0 }
        if format != .data {
            if epoch != sink.clock.epoch { previousDecode = nil }
            if sink.clock.receiveDecodeTime(decodeTime, previous: previousDecode) {
                flush(&sink)
                sink.clockJump()
            }
            previousDecode = decodeTime
            epoch = sink.clock.epoch
        } else {
            marks.removeAll(keepingCapacity: true)
        }
        // Marks that nobody used (packets without a frame's begin) need not be kept.
        if marks.count >= 64 { marks.removeFirst(32) }
        marks.append(TimeMark(offset: buffer.count, decode: decodeTime, presentation: decodeTime + difference))
    }

    private mutating func receivePayload(_ bytes: UnsafeRawBufferPointer, _ left: Int, _ sink: inout FrameSink) {
        var payload = bytes
        if left >= 0, payload.count > left { payload = UnsafeRawBufferPointer(rebasing: payload[..<left]) }
        guard buffer.count + payload.count <= (format.isAudio ? Self.audioByteLimit : Self.byteLimit) else {
            sink.counters.damagedFrames += 1
            discard()
            return
        }
        buffer.append(payload)
        if format.isAudio {
            audio.cut(&buffer, &marks, target, isLast: false, &sink)
        }
        if left < 0 {
            state = .payload(-1)
        } else if left > payload.count {
            state = .payload(left - payload.count)
        } else {
            state = .waiting
            if format == .data { emitData(&sink) }
            if format.isVideo { video.endBoundedPacket(&buffer, &marks, target, &sink) }
        }
    }

    /// A new packet begins: the one before is over.
    private mutating func endPacket(_ sink: inout FrameSink) {
        guard case .payload(let left) = state else {
            if state == .header { sink.counters.damagedFrames += 1 }
            return
        }
        guard format == .data else { return }
        if left < 0 {
            emitData(&sink)
        } else {
            sink.counters.damagedFrames += 1
            buffer.removeAll()
        }
    }

    private mutating func emitData(_ sink: inout FrameSink) {
        defer { buffer.removeAll() }
        guard buffer.count > 0, let mark = marks.last else { return }
        let data = buffer.withBytes { ByteBuffer(bytes: $0) }
        sink.emit(
            Frame(
                track: trackID, decodeTime: SourceTime(ticks: mark.decode),
                presentationTime: SourceTime(ticks: mark.presentation), isKey: true, data: data),
            isData: true)
    }

    /// Sections have no timestamp: theirs is the newest decode time of the programme, so that they keep their place beside
    /// the frames that they came with.
    private mutating func receiveSections(
        _ payload: UnsafeRawBufferPointer, isStart: Bool, sink: inout FrameSink
    ) {
        sink.counters.psiErrors += UInt64(
            sections.receive(payload, isStart: isStart) { section in
                guard let time = sink.newestDecodeTime ?? sink.clock.now else { return }
                sink.emit(
                    Frame(
                        track: trackID, decodeTime: SourceTime(ticks: time),
                        presentationTime: SourceTime(ticks: time), isKey: true, data: ByteBuffer(bytes: section)),
                    isData: true)
            })
    }

    /// Packets are missing before the next one. What is certainly whole goes out; the rest is thrown away.
    mutating func lostPackets(_ sink: inout FrameSink) {
        if format.isVideo { video.emitWhole(&buffer, &marks, target, isPacketComplete: state == .waiting, &sink) }
        let isDamaged = buffer.count > 0 || state != .waiting || sections.isOpen
        if isDamaged { sink.counters.damagedFrames += 1 }
        discard()
    }

    /// Nothing more comes that belongs to what is held: emits what is complete.
    mutating func flush(_ sink: inout FrameSink) {
        if format.isVideo { video.flush(&buffer, &marks, target, &sink) }
        if format.isAudio { audio.cut(&buffer, &marks, target, isLast: true, &sink) }
        if format == .data { endPacket(&sink) }
        discard()
    }

    private mutating func discard() {
        state = .waiting
        buffer.removeAll()
        marks.removeAll(keepingCapacity: true)
        sections.reset()
        video.reset()
        audio.reset()
    }

    private var target: UnitTarget {
        UnitTarget(slot: slot, track: trackID)
    }
}

/// Where the frames of a stream go.
struct UnitTarget: Sendable {
    var slot: Int
    var track: TrackID
}

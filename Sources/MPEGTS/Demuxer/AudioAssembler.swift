// Cuts an audio elementary stream into frames by its sync headers.
import Media
import NIOCore

/// Finds frames in the bytes of ADTS, LOAS, MPEG audio, AC-3 and E-AC-3. The first frame, and the first after a change of its
/// header, needs a second one behind it as witness; from then on a frame goes out with its last byte.
struct AudioAssembler: Sendable {
    private enum Header {
        case needMore
        case invalid
        /// Whole length, and the header's fields that stay the same from frame to frame.
        case frame(length: Int, signature: UInt64)
        /// A header that can be read, of a frame that cannot: whole length, samples, and the reason.
        case refused(length: Int, samples: Int64, reason: String)
    }

    private let format: StreamFormat
    private var latm = LATMParser()
    private var isLocked = false
    private var signature: UInt64 = 0
    /// Bytes without which nothing new can be decided.
    private var needed = 0
    /// The last timestamp, and the samples since then.
    private var anchor: Int64?
    private var samplesSince: Int64 = 0
    private var hasFailed = false
    /// LATM elements that could not be read before there was a configuration.
    private var unread = 0

    /// So many are not damage any more: the configuration is of a form that is not read.
    private static let unreadLimit = 8

    init(format: StreamFormat) { self.format = format }

    mutating func reset() {
        isLocked = false
        needed = 0
        anchor = nil
        hasFailed = false
    }

    /// Emits all frames that are certain and drops their bytes.
    /// - Parameter isLast: no more bytes will come; a frame needs no witness.
    mutating func cut(
        _ buffer: inout ReassemblyBuffer, _ marks: inout [TimeMark], _ target: UnitTarget, isLast: Bool,
        _ sink: inout FrameSink
    ) {
        guard buffer.count >= needed || isLast else { return }
        let used = buffer.withBytes { cut($0, &marks, target, isLast, &sink) }
        guard used > 0 else { return }
        buffer.consume(used)
        for index in marks.indices { marks[index].offset -= used }
        needed = max(0, needed - used)
    }

    private mutating func cut(
        _ bytes: UnsafeRawBufferPointer, _ marks: inout [TimeMark], _ target: UnitTarget, _ isLast: Bool,
        _ sink: inout FrameSink
    ) -> Int {
        var at = 0
        while at < bytes.count {
            switch header(bytes, at, isLast) {
            case .needMore:
                if !isLast { return at }
                at = bytes.count
            case .invalid: at = search(bytes, at, &sink)
            case .refused(let length, let samples, let reason):
                // With a second header as witness: noise has single ones.
                switch header(bytes, at + length, isLast) {
                case .frame, .refused: break
                case .needMore where isLast && at + length == bytes.count: break
                case .needMore:
                    needed = at + length + 1
                    return at
                case .invalid:
                    at = search(bytes, at, &sink)
                    continue
                }
                (isLocked, hasFailed) = (false, false)
                moveAnchor(to: at, &marks)
                samplesSince += samples
                sink.refuse(target.slot, reason)
                at += length
            case .frame(let length, let found):
                guard at + length <= bytes.count else {
                    needed = at + length
                    return at
                }
                if !isLocked || found != signature {
                    switch header(bytes, at + length, isLast) {
                    case .frame(_, found): break
                    case .needMore where isLast && at + length == bytes.count: break
                    case .needMore:
                        needed = at + length + 1
                        return at
                    default:
                        at = search(bytes, at, &sink)
                        continue
                    }
                }
                let isNew = !isLocked || found != signature
                (isLocked, signature, hasFailed) = (true, found, false)
                emit(
                    UnsafeRawBufferPointer(rebasing: bytes[at..<at + length]), at, isNew, &marks, target, &sink)
                at += length
            }
        }
        return at
    }

    /// The bytes at `at` are no frame: counts the loss once and goes to the next place where a header may be.
    private mutating func search(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ sink: inout FrameSink) -> Int {
        if isLocked, !hasFailed { sink.counters.damagedFrames += 1 }
        (isLocked, hasFailed) = (false, true)
        let first: UInt8 =
            switch format {
            case .latm: 0x56
            case .ac3: 0x0b
            default: 0xff
            }
        var next = at + 1
        while next < bytes.count, bytes[next] != first { next += 1 }
        return next
    }

    private func header(_ all: UnsafeRawBufferPointer, _ at: Int, _ isLast: Bool) -> Header {
        guard at < all.count else { return .needMore }
        let bytes = UnsafeRawBufferPointer(rebasing: all[at...])
        switch format {
        case .adts:
            guard bytes.count >= ADTSHeader.minimumLength else { return .needMore }
            guard let header = ADTSHeader(bytes) else { return .invalid }
            // Without lengths between them raw data blocks can be told apart only by decoding them (§1.A.2.2.1).
            let samples = 1024 * Int64(header.blockCount)
            guard header.blockCount == 1 else {
                let reason = "\(header.blockCount) raw data blocks in an ADTS frame, not one"
                return .refused(length: header.frameLength, samples: samples, reason: reason)
            }
            guard header.channelConfiguration > 0 else {
                let reason = "its channels are in a program_config_element, not in the ADTS header"
                return .refused(length: header.frameLength, samples: samples, reason: reason)
            }
            let fields = UInt64(header.objectType) << 16 | UInt64(header.sampleRateIndex) << 8
            return .frame(length: header.frameLength, signature: fields | UInt64(header.channelConfiguration))
        case .latm:
            guard bytes.count >= LOASHeader.length else { return .needMore }
            return LOASHeader.frameLength(bytes).map { .frame(length: $0, signature: 0) } ?? .invalid
        case .mpegAudio:
            guard bytes.count >= MPEGAudioHeader.minimumLength else { return .needMore }
            guard let header = MPEGAudioHeader(bytes) else { return .invalid }
            // Version, layer, rate, mono or not.
            let mono: UInt64 = bytes[3] >> 6 == 3 ? 1 : 0
            return .frame(
                length: header.frameLength,
                signature: UInt64(bytes[1] & 0xfe) << 16 | UInt64(bytes[2] & 0x0c) << 8 | mono)
        case .ac3: return ac3Header(bytes, isLast)
        default: return .invalid
        }
    }

    /// The frame of E-AC-3 includes the substreams that follow the independent one, so the next header has to be seen.
    private func ac3Header(_ bytes: UnsafeRawBufferPointer, _ isLast: Bool) -> Header {
        guard bytes.count >= AC3Header.minimumLength else { return .needMore }
        guard let header = AC3Header(bytes), !header.continuesFrame else { return .invalid }
        guard case .eac3(let parameters) = header.codec else {
            let fields = UInt64(bytes[4] & 0xfe) << 16 | UInt64(bytes[5]) << 8
            return .frame(length: header.frameLength, signature: fields | UInt64(bytes[6]) << 32)
        }
        var length = header.frameLength
        // Seven dependent substreams for each of eight programmes are the most that there can be (§E.1.3.1).
        for _ in 0..<64 {
            guard length + AC3Header.minimumLength <= bytes.count else {
                if isLast || length > bytes.count { break }
                return .needMore
            }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[length...])
            guard let next = AC3Header(rest), next.continuesFrame else { break }
            length += next.frameLength
        }
        let fields = UInt64(parameters.sampleRate) << 16 | UInt64(parameters.samplesPerFrame)
        let mode = UInt64(parameters.audioCodingMode) << 1 | (parameters.hasLFE ? 1 : 0)
        return .frame(length: length, signature: 1 << 63 | mode << 40 | fields)
    }

    /// A frame begins at `at`: a timestamp that stands there or before it is its own.
    private mutating func moveAnchor(to at: Int, _ marks: inout [TimeMark]) {
        var used = 0
        while used < marks.count, marks[used].offset <= at {
            anchor = marks[used].presentation
            samplesSince = 0
            used += 1
        }
        if used > 0 { marks.removeFirst(used) }
    }

    private mutating func emit(
        _ frame: UnsafeRawBufferPointer, _ at: Int, _ isNew: Bool, _ marks: inout [TimeMark], _ target: UnitTarget,
        _ sink: inout FrameSink
    ) {
        moveAnchor(to: at, &marks)
        switch format {
        case .adts:
            guard let header = ADTSHeader(frame) else { return }
            if isNew { sink.setCodec(target.slot, .aac(header.parameters)) }
            send(UnsafeRawBufferPointer(rebasing: frame[header.headerLength...]), target, &sink)
        case .latm:
            let element = UnsafeRawBufferPointer(rebasing: frame[LOASHeader.length...])
            switch latm.parse(element) {
            case .frames(let blocks):
                if let parameters = latm.parameters { sink.setCodec(target.slot, .aac(parameters)) }
                for block in blocks { block.withUnsafeBytes { send($0, target, &sink) } }
            case .waiting: break
            case .damaged:
                unread += 1
                if latm.parameters == nil, unread >= Self.unreadLimit {
                    let reason =
                        "its StreamMuxConfig has several programmes or layers, or an object type that is not known"
                    sink.refuse(target.slot, reason)
                } else {
                    sink.counters.damagedFrames += 1
                }
            }
        case .mpegAudio:
            if isNew, let header = MPEGAudioHeader(frame) {
                sink.setCodec(target.slot, .mpegAudio(header.parameters))
            }
            send(frame, target, &sink)
        default:
            if isNew, let header = AC3Header(frame) { sink.setCodec(target.slot, header.codec) }
            send(frame, target, &sink)
        }
    }

    /// Frames before the first timestamp have no place and are left out.
    private mutating func send(_ data: UnsafeRawBufferPointer, _ target: UnitTarget, _ sink: inout FrameSink) {
        guard let anchor, let codec = sink.codec(target.slot), let (samples, rate) = codec.samplesPerFrame, rate > 0
        else { return }
        let time = SourceTime(ticks: anchor + samplesSince * mediaTicksPerSecond / Int64(rate))
        samplesSince += Int64(samples)
        sink.emit(
            Frame(
                track: target.track, decodeTime: time, presentationTime: time, isKey: true,
                duration: codec.frameDuration,
                data: sink.block.make(data.count) { $0.copyMemory(from: data) }))
    }
}

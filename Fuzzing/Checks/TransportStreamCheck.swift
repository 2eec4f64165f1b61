// Any bytes through the demuxer: the same events however they are split, and what comes out can be muxed and comes back.
import MPEGTS
import Media
import NIOCore

enum TransportStreamCheck {
    static func run(_ bytes: UnsafeRawBufferPointer) throws(FuzzFinding) {
        let whole = DemuxedEvents(bytes) { 1316 }
        var state = UInt64(bytes.count)
        let split = DemuxedEvents(bytes) {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            // Mostly around a packet, so that borders fall everywhere in it.
            return Int(state >> 33) % 400 + 1
        }
        try demand(
            whole.events == split.events,
            "\(whole.events.count) events in datagrams, \(split.events.count) or others in reads of other lengths")
        try demand(whole.counters == split.counters, "counters differ: \(whole.counters) and \(split.counters)")
        try remux(whole.events)
    }

    /// Each stretch of one track set and clock, muxed, must be a sound transport stream with the same tracks and frames.
    private static func remux(_ events: [DemuxedEvents.Event]) throws(FuzzFinding) {
        var tracks: TrackSet?
        var stretch: [TimedFrame] = []
        for event in events {
            switch event {
            case .tracks(let set):
                try check(stretch, tracks)
                (tracks, stretch) = (set, [])
            case .clockJump:
                try check(stretch, tracks)
                stretch = []
            case .frame(let frame):
                guard let tracks else { throw FuzzFinding("a frame of track \(frame.track.value) before any tracks") }
                // A track that stays silent until the set is announced may speak later, before the next set names it.
                if tracks[frame.track] != nil { stretch.append(frame) }
            }
        }
        try check(stretch, tracks)
    }

    private static func check(_ frames: [TimedFrame], _ tracks: TrackSet?) throws(FuzzFinding) {
        guard let tracks, !frames.isEmpty else { return }
        let packets = TransportStreamMuxer.segment(tracks: tracks, frames: frames)
        try demand(packets.readableBytes % 188 == 0, "\(packets.readableBytes) bytes are no whole packets")
        let back = packets.withUnsafeReadableBytes { bytes in DemuxedEvents(bytes) { 1316 } }
        let counters = back.counters
        try demand(
            counters.errors + counters.psiErrors + counters.resyncs + counters.lost == 0,
            "what the muxer wrote is damaged: \(counters)")
    }
}

/// The demuxer's events over some bytes, in a form that can be compared.
struct DemuxedEvents {
    enum Event: Equatable {
        case tracks(TrackSet)
        case frame(TimedFrame)
        case clockJump

        static func == (a: Event, b: Event) -> Bool {
            switch (a, b) {
            case (.tracks(let a), .tracks(let b)): a == b
            case (.clockJump, .clockJump): true
            case (.frame(let a), .frame(let b)):
                a.track == b.track && a.decodeTime == b.decodeTime && a.presentationTime == b.presentationTime
                    && a.isKey == b.isKey && a.data == b.data
            default: false
            }
        }
    }

    private(set) var events: [Event] = []
    private(set) var counters = TransportStreamCounters()

    /// - Parameter length: of the next read.
    init(_ bytes: UnsafeRawBufferPointer, length: () -> Int) {
        var demuxer = TransportStreamDemuxer()
        var output = DemuxOutput()
        var at = 0
        while at < bytes.count {
            let end = min(at + max(1, length()), bytes.count)
            demuxer.receive(UnsafeRawBufferPointer(rebasing: bytes[at..<end]), into: &output)
            add(output.take())
            at = end
        }
        demuxer.finish(into: &output)
        add(output.take())
        counters = demuxer.counters
    }

    private mutating func add(_ new: [DemuxOutput.Event]) {
        for event in new {
            switch event {
            case .tracks(let set): events.append(.tracks(set))
            case .clockJump: events.append(.clockJump)
            case .frames(let frames):
                for frame in frames {
                    events.append(
                        .frame(
                            TimedFrame(
                                track: frame.track, decodeTime: MediaTime(ticks: frame.decodeTime.ticks),
                                presentationTime: MediaTime(ticks: frame.presentationTime.ticks),
                                duration: MediaSpan(ticks: 3600), isKey: frame.isKey, data: frame.data)))
                }
            }
        }
    }
}

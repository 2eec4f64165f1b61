// A parser that takes nothing apart: each read becomes one frame, so that a test sees exactly which bytes came.
import Ingest
import Media
import NIOCore

@testable import Inputs

struct ByteRecorder: MediaParser {
    private var events: [InputEvent] = []

    static let tracks = TrackSet([
        Track(
            id: TrackID(1),
            codec: .data(DataParameters(purpose: .other, streamType: 6, descriptors: [], isSections: false)))
    ])

    mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        if events.isEmpty { events.append(.tracks(Self.tracks, clock: .free)) }
        let frame = Frame(
            track: TrackID(1), decodeTime: SourceTime(ticks: 0), presentationTime: SourceTime(ticks: 0), isKey: true,
            data: ByteBuffer(bytes: bytes))
        events.append(.frames([frame]))
    }

    mutating func finish() {}

    mutating func takeEvents() -> [InputEvent] {
        defer { events = [] }
        return events
    }

    func report(into counters: inout InputCounters) {}
}

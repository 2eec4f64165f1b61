// A parser that takes nothing apart: each read becomes one frame, so that a test sees exactly which bytes came.
import Glibc
import Ingest
import Media
import NIOCore
import Synchronization

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

/// Holds a thread until the test opens it.
final class Gate: Sendable {
    private let reached = Atomic<Bool>(false)
    private let opened = Atomic<Bool>(false)

    var isReached: Bool { reached.load(ordering: .acquiring) }
    func open() { opened.store(true, ordering: .releasing) }

    func pass() {
        reached.store(true, ordering: .releasing)
        while !opened.load(ordering: .acquiring) { sched_yield() }
    }
}

/// A recorder that stands still at its first datagram until its gate opens.
struct GatedRecorder: MediaParser {
    let gate: Gate
    private var recorder = ByteRecorder()

    init(gate: Gate) { self.gate = gate }

    mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        gate.pass()
        recorder.feed(bytes)
    }

    mutating func finish() {}
    mutating func takeEvents() -> [InputEvent] { recorder.takeEvents() }
    func report(into counters: inout InputCounters) {}
}

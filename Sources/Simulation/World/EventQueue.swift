// Virtual time: what happens next, ordered by time and then by the order in which it was planned.
import HeapModule

package struct EventQueue<Event> {
    private struct Planned: Comparable {
        var time: Int64
        var number: UInt64
        var event: Event
        static func == (a: Planned, b: Planned) -> Bool { a.number == b.number }
        static func < (a: Planned, b: Planned) -> Bool { (a.time, a.number) < (b.time, b.number) }
    }
    private var heap = Heap<Planned>()
    private var planned: UInt64 = 0
    /// Microseconds since the world began.
    package private(set) var now: Int64 = 0

    package init() {}

    package mutating func plan(_ event: Event, at time: Int64) {
        planned += 1
        heap.insert(Planned(time: max(time, now), number: planned, event: event))
    }

    /// The next event not later than `limit`; when there is none, the time is `limit`.
    package mutating func next(until limit: Int64) -> Event? {
        guard let first = heap.min, first.time <= limit else {
            now = max(now, limit)
            return nil
        }
        now = first.time
        return heap.removeMin().event
    }
}

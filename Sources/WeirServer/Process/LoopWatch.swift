// Watches the event loops: one that something blocks, or that has too much to do, shows here.
import ManagementAPI
import NIOConcurrencyHelpers
import NIOCore

/// Has each loop look at the clock once a second, until the watch is let go. May be used from any thread.
///
/// Nothing may block a loop: whatever is slow has threads of its own. This is how an operator sees whether that is so.
final class LoopWatch: Sendable {
    private let loops: [(name: String, loop: any EventLoop)]
    private let now: @Sendable () -> NIODeadline
    private let lags: NIOLockedValueBox<[LoopLag]>

    /// - Parameters:
    ///   - media: loops of streams and connections, named by their number.
    ///   - peers: the loop of the group's polls; nil for a server on its own.
    init(media: any EventLoopGroup, peers: (any EventLoop)?, now: @escaping @Sendable () -> NIODeadline) {
        let numbered = media.makeIterator().enumerated().map { (name: String($0), loop: $1) }
        loops = numbered + (peers.map { [(name: "peers", loop: $0)] } ?? [])
        self.now = now
        lags = NIOLockedValueBox(loops.map { _ in LoopLag(at: now()) })
        for index in loops.indices { schedule(index) }
    }

    private func schedule(_ index: Int) {
        let next = lags.withLockedValue { $0[index].next }
        loops[index].loop.scheduleTask(deadline: next) { [weak self] in
            guard let self else { return }
            let now = now()
            lags.withLockedValue { $0[index].looked(at: now) }
            schedule(index)
        }
    }

    /// How late each loop was at the worst in the last minute; one that is blocked now, at least until now.
    var worst: [(name: String, lag: TimeAmount)] {
        let now = now()
        return zip(loops, lags.withLockedValue { $0 }).map { ($0.name, $1.worst(at: now)) }
    }

    var metrics: [MetricFamily] {
        [
            MetricFamily(
                "weir_event_loop_lag_seconds", .gauge,
                help: "How late a loop ran what was due, at the worst in the last minute",
                samples: worst.map { .init(Double($0.lag.nanoseconds) / 1e9, labels: [("loop", $0.name)]) })
        ]
    }
}

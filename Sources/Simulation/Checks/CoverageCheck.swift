// Promise 1 on virtual time: no stream is without a capture for longer than death takes to be seen.
import Cluster

/// Looks at all streams from time to time. A stream that nobody captures may stay so for `bound` after the last cause
/// (crash, cut, heal, pause, reload …), since each cause may start the waiting anew.
struct CoverageCheck {
    var lastCause: Int64 = 0
    var uncoveredSince: [StreamName: Int64] = [:]
    private(set) var causes = 0
    mutating func cause(at time: Int64) {
        lastCause = time
        causes += 1
    }
}

extension ClusterWorld {
    /// Runs until `time` and notes every stream that is without a capture longer than `bound` microseconds.
    package mutating func run(until time: Int64, coveredWithin bound: Int64) {
        while now < time {
            run(until: min(time, now + 100_000))
            checkCoverage(bound)
        }
    }

    private mutating func checkCoverage(_ bound: Int64) {
        let running = servers.filter { isRunning($0) }
        guard let first = running.first, let streams = settings(of: first)?.streams else { return }
        var parts: [[PeerID]]?
        for stream in streams.map(\.name) {
            let captures = captures(of: stream)
            checkOnce(stream, captures, within: bound, &parts)
            let reachable = running.contains { unreachable[stream]?.contains($0) != true }
            guard reachable, captures.isEmpty else {
                coverage.uncoveredSince[stream] = nil
                continue
            }
            let since = coverage.uncoveredSince[stream] ?? now
            coverage.uncoveredSince[stream] = since
            if now - max(since, coverage.lastCause) > bound {
                violate("\(stream) is captured by nobody for \(Double(now - since) / 1e6) s")
                coverage.uncoveredSince[stream] = now
            }
        }
    }
}

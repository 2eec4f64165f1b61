// A long life of two servers that replicate: outages at random, one server at a time.
import Foundation
import Testing

extension ReplicationTests {
    private static let outages = ProcessInfo.processInfo.environment["WEIR_OUTAGES"].flatMap { Int($0) } ?? 0

    /// Runs in soaks (scripts/soak.sh): each outage takes some ten seconds.
    @Test("after any sequence of outages that leaves one recording, both have the same", .enabled(if: outages > 0))
    func randomOutages() async throws {
        let pair = try WeirPair(longestLife: 3600, Self.configuration)
        try await begin(pair)
        let from = await pair.end(of: Self.stream, on: "replica") / 1000 - 2
        for number in 1...Self.outages {
            let name = Bool.random() ? "main" : "replica"
            let other = name == "main" ? "replica" : "main"
            let (stops, seconds) = (Bool.random(), Double(Int.random(in: 2...14)))
            print("outage \(number): \(stops ? "SIGSTOP" : "SIGKILL") of \(name) for \(seconds) s of media")
            if stops { pair.signal(name, SIGSTOP) } else { await pair.kill(name) }
            do { try await recorded(seconds, on: other, of: pair) } catch {
                throw await pair.told(error, of: Self.stream)
            }
            if stops { pair.signal(name, SIGCONT) } else { try await pair.start(name) }
            // Both record again before the next: at each instant one does. Archives need not agree yet.
            for name in WeirPair.names { try await recorded(2, on: name, of: pair) }
        }
        let line: String
        do { line = try await equal(pair, from: from) } catch { throw await pair.told(error, of: Self.stream) }
        print("\(line)")
        #expect(!line.contains(" 0 segments"))
        try await nothingOverlaps(pair)
    }
}

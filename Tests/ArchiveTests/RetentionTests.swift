// What must go and what stays: age, bytes, shares of a disk, one segment after the other from the oldest.
import Media
import Testing

@testable import Archive

@Suite struct RetentionTests {
    private let now = MediaTime(unixMilliseconds: 1_790_000_000_000)
    private let disk = DiskSpace(total: 1000, available: 50)

    private func usage(_ stream: String, _ bytes: Int64, locked: Int64 = 0, share: Double? = 0.9) -> Retention.Usage {
        Retention.Usage(
            stream: stream, policy: RetentionPolicy(diskShare: share), bytes: bytes, deletableBytes: bytes - locked)
    }

    private func parts(_ usages: [Retention.Usage], others: [Retention.Usage] = []) -> [String: Int64] {
        Retention.demands(of: usages, others: others, disk: disk, at: now).mapValues(\.bytes)
    }

    @Test func whatMustGoIsSharedInProportion() {
        #expect(parts([usage("A", 600), usage("B", 300), usage("C", 100)]) == ["A": 30, "B": 15, "C": 5])
        // What is protected neither gives nor counts.
        #expect(parts([usage("A", 600, locked: 300), usage("B", 300)]) == ["A": 25, "B": 25])
        #expect(parts([usage("A", 600, locked: 600), usage("B", 300)]) == ["B": 50])
        // Without a bound of the disk, or with one that is not passed, nothing is given.
        #expect(parts([usage("A", 600, share: nil), usage("B", 300), usage("C", 90, share: 0.96)]) == ["B": 50])
    }

    /// A small store on the disk of a large one would be empty long before the large one had noticed.
    @Test func anotherStoreOnTheSameDiskGivesItsPart() {
        let (small, large) = (usage("small", 40), usage("large", 760))
        #expect(parts([small], others: [large]) == ["small": 3])
        #expect(parts([large], others: [small]) == ["large": 48])
        #expect(parts([small]) == ["small": 40])
    }

    @Test func ageAndBytesHoldForEachStreamAlone() {
        func usage(_ stream: String, _ policy: RetentionPolicy) -> Retention.Usage {
            Retention.Usage(stream: stream, policy: policy, bytes: 500, deletableBytes: 500)
        }
        let demands = Retention.demands(
            of: [
                usage("aged", RetentionPolicy(age: .seconds(60))), usage("sized", RetentionPolicy(bytes: 400)),
                usage("small", RetentionPolicy(bytes: 500)), usage("both", RetentionPolicy(age: .seconds(9), bytes: 1)),
            ], disk: nil, at: now)
        #expect(
            demands == [
                "aged": RetentionDemand(expiredBefore: now - MediaSpan.seconds(60), bytes: 0),
                "sized": RetentionDemand(expiredBefore: nil, bytes: 100),
                "both": RetentionDemand(expiredBefore: now - MediaSpan.seconds(9), bytes: 499),
            ])
    }

    @Test func theOldestGoFirstButWhatIsProtectedOrRead() {
        func range(_ second: Int64) -> TimeRange { TimeRange(start: now + .seconds(second), duration: .seconds(1)) }
        let demand = RetentionDemand(expiredBefore: now + .seconds(2), bytes: 300)
        var cut = RetentionCut(demand, protected: RangeSet([range(3)]))
        let verdicts = (Int64(0)..<8).map { cut.verdict(range: range($0), bytes: 100, isRead: $0 == 1) }
        // 0 is too old, 1 is being read, 3 is protected; 2 and 4 make the bytes full.
        #expect(verdicts == [.delete, .keep, .delete, .keep, .delete, .stop, .stop, .stop])
        var aged = RetentionCut(
            RetentionDemand(expiredBefore: now + .seconds(2), bytes: 0), protected: RangeSet())
        #expect(
            (Int64(0)..<3).map { aged.verdict(range: range($0), bytes: 1, isRead: false) } == [.delete, .delete, .stop])
    }
}

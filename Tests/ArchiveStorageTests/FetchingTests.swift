// Segments that come from another server: written apart from what is recorded, verified, resolved, taken up after a crash.
import Archive
import Media
import NIOCore
import Testing

@testable import ArchiveStorage

/// Takes segments of one bench for another, as the replication does.
extension Bench {
    func fetched(_ segment: ArchivedSegment) throws -> FetchedSegment {
        let file = try disk.open(segment.run.path, forWriting: false)
        let tracks = try FetchedTracks(
            try file.read(at: 0, count: segment.run.initializationLength), fingerprint: segment.run.tracksFingerprint)
        return try FetchedSegment(
            OfferedSegment(segment), tracks: tracks, bytes: try file.read(at: segment.offset, count: segment.length))
    }

    /// Gives all that `other` has and we want; answers what became of each.
    @discardableResult
    func fetch(from other: Bench, of stream: String = "cam") throws -> [FetchResult] {
        try other.segments(stream).map { try writer.keep(other.fetched($0), of: stream, at: now) }
    }
}

@Suite struct FetchingTests {
    private func pair() throws -> (a: Bench<MemoryFileSystem>, b: Bench<MemoryFileSystem>) {
        let b = ArchiveSettings(origin: "b", resumeSpace: 0)
        return (try Bench(disk: MemoryFileSystem()), try Bench(disk: MemoryFileSystem(), settings: b))
    }

    private func digests(_ bench: Bench<MemoryFileSystem>) throws -> [SegmentDigest] {
        try bench.segments().map(\.named)
    }

    /// The page's recovery mode: one was off, the other went on.
    @Test func aHoleIsFilledWithRunsOfTheirOwn() throws {
        let (a, b) = try pair()
        a.record(0..<10)
        b.record(0..<60)
        a.utc = b.utc
        try a.restart()
        #expect(try a.starts() == [0, 2, 4, 6, 8])
        let results = try a.fetch(from: b)
        // Twenty-nine are closed there; five were here.
        #expect(results.count == 29 && results.filter { $0 == .covered }.count == 5)
        a.sync()
        try a.check()
        #expect(try digests(a) == digests(b))
        let fetched = a.disk.paths.filter { RunPath.isFetched($0) }
        #expect(fetched.count == 1)
        let run = try #require(try a.index.run(path: fetched[0]))
        #expect(run.run.origin == "b")
        #expect(try a.index.ledger(of: 1).gaps.gaps == [])
        // And recording goes on behind it.
        a.record(60..<70)
        a.sync()
        try a.check()
    }

    @Test func theHoleIsAGapUntilItIsFilled() throws {
        let (a, b) = try pair()
        b.record(0..<60)
        a.record(0..<10)
        a.record(40..<50)
        a.sync()
        #expect(
            try a.index.ledger(of: 1).gaps.gaps.map(\.range) == [
                TimeRange(SyntheticStream.time(10), SyntheticStream.time(40))
            ])
        let some = try b.segments()[10..<12]
        for segment in some { _ = try a.writer.keep(b.fetched(segment), of: "cam", at: a.now) }
        a.sync()
        #expect(
            try a.index.ledger(of: 1).gaps.gaps.map(\.range) == [
                TimeRange(SyntheticStream.time(10), SyntheticStream.time(20)),
                TimeRange(SyntheticStream.time(24), SyntheticStream.time(40)),
            ])
        try a.check()
    }

    /// Retention asks the index only when the oldest segment that it knows of is due: what comes in before it counts anew.
    @Test func whatComesInOlderThanAllGoesWithItsAge() throws {
        let (a, b) = try pair()
        b.record(0..<60)
        a.record(40..<60)
        a.sync()
        a.keep("cam", RetentionPolicy(age: SyntheticStream.time(60) - SyntheticStream.time(10)))
        try a.writer.keep(at: a.now, budget: 100)
        let stream = try #require(a.writer.streams["cam"])
        #expect(stream.oldestEnd == SyntheticStream.time(42))
        try a.fetch(from: b)
        a.sync()
        #expect(stream.oldestEnd == SyntheticStream.time(2))
        #expect(try a.starts().first == 0)
        for _ in 0..<2 { try a.writer.keep(at: a.now, budget: 100) }
        #expect(try a.starts().first == 10)
        // The next one goes to the moment, and not before.
        #expect(stream.oldestEnd == SyntheticStream.time(12))
        a.utc += SyntheticStream.time(2) - SyntheticStream.time(0) - MediaSpan(ticks: 1)
        try a.writer.keep(at: a.now, budget: 100)
        #expect(try a.starts().first == 10)
        a.utc += MediaSpan(ticks: 1)
        try a.writer.keep(at: a.now, budget: 100)
        #expect(try a.starts().first == 12)
        try a.check()
    }

    /// What a server had of a segment when it died gives way to the whole one, row and bytes.
    @Test func aPartGivesWayToTheWhole() throws {
        let (a, b) = try pair()
        b.record(0..<20)
        a.record(0..<7)
        a.disk.kill()
        try a.restart()
        #expect(try a.segments().last.map { $0.duration } == SyntheticStream.chunk)
        let results = try a.fetch(from: b)
        #expect(results[3] == .kept(superseded: 1))
        a.sync()
        try a.check()
        #expect(try digests(a) == digests(b))
        #expect(try a.index.partsToFree() == [])
        // The other way round there is nothing to do.
        #expect(try b.fetch(from: a).allSatisfy { $0 == .covered })
    }

    /// Both captured at once, and each lost packets: a frame with a hole is thrown away where it comes in, so the segment
    /// has fewer bytes, and the whole one of the other server stays on both.
    @Test func aSegmentThatLacksFramesGivesWayToTheWholeOneOnBoth() throws {
        let (a, b) = try pair()
        let (whole, _) = try pair()
        for index in Int64(0)..<20 {
            for (bench, lost) in [(a, Int64(6)), (b, 11), (whole, -1)] {
                let chunk = SyntheticStream.chunk(index, lostFrames: index == lost ? 1 : 0)
                bench.step([.append(stream: "cam", chunk)])
            }
        }
        #expect(try digests(a) != digests(b))
        let results = (try a.fetch(from: b), try b.fetch(from: a))
        #expect(results.0[3] == .kept(superseded: 1) && results.0.filter { $0 == .covered }.count == 8)
        #expect(results.1[5] == .kept(superseded: 1) && results.1.filter { $0 == .covered }.count == 8)
        for bench in [a, b, whole] { bench.sync() }
        try a.check()
        try b.check()
        #expect(try digests(a) == digests(whole) && digests(b) == digests(whole))
    }

    @Test func aPartThatIsNotYetInTheIndexGivesWayAsWell() throws {
        let (a, b) = try pair()
        b.record(0..<20)
        a.record(0..<7)
        a.step([.pause(stream: "cam", .sourceAway)])
        #expect(try a.index.segments(of: "cam", startingIn: .always).count < 4)
        try a.fetch(from: b)
        a.sync()
        try a.check()
        #expect(try digests(a) == digests(b))
    }

    @Test func whatIsBeingRecordedIsLeftAlone() throws {
        let (a, b) = try pair()
        b.record(0..<60)
        a.record(30..<41)
        let results = try a.fetch(from: b)
        // Up to the start of the open segment; behind it nothing, although the other has it.
        #expect(results[19] == .covered || results[19] == .kept(superseded: 0))
        #expect(results[20...].allSatisfy { if case .declined = $0 { true } else { false } })
        a.record(41..<60)
        a.sync()
        try a.check()
        #expect(try digests(a) == digests(b))
    }

    @Test func whatWasDeletedDoesNotComeBack() throws {
        let (a, b) = try pair()
        a.record(0..<40)
        b.record(0..<40)
        a.sync()
        _ = try a.writer.delete(
            TimeRange(SyntheticStream.time(10), SyntheticStream.time(20)), of: "cam", at: a.now)
        let results = try a.fetch(from: b)
        #expect(results.filter { $0 == .declined("it was deleted here") }.count == 5)
        #expect(try a.starts() == [0, 2, 4, 6, 8] + stride(from: 20, to: 38, by: 2))
    }

    @Test func bytesThatAreNotThoseOfTheirDigestAreRefused() throws {
        let (_, b) = try pair()
        b.record(0..<20)
        let segment = try b.segments()[3]
        var bytes = try #require(b.disk.bytes(segment.run.path))
        bytes[Int(segment.offset) + segment.length / 2] ^= 1
        try b.disk.put(bytes, at: segment.run.path)
        #expect(throws: ArchiveError.self) { _ = try b.fetched(segment) }
    }

    /// After a crash all that is indexed is whole, and the rest is fetched again; an index that is lost is made anew alike.
    @Test(arguments: 0..<40) func aCrashWhileFetchingCostsNothingForGood(seed: Int) throws {
        let (a, b) = try pair()
        b.record(0..<80)
        a.record(0..<7)
        a.sync()
        let all = try b.segments()
        for (index, segment) in all.enumerated() where index < seed {
            _ = try a.writer.keep(b.fetched(segment), of: "cam", at: a.now)
            if index % 7 == 6 { a.sync() }
        }
        if seed % 3 == 0 {
            a.disk.kill()
        } else {
            a.disk.crash { durable, written in durable + (written - durable) * (seed % 5) / 4 }
        }
        try a.restart(losingIndex: seed % 4 == 3)
        try a.check()
        let before = try a.segments().count
        let results = try a.fetch(from: b)
        #expect(results.filter { $0 == .covered }.count >= max(0, before - 1))
        a.sync()
        try a.check()
        #expect(try digests(a) == digests(b))
        // The files alone tell the same.
        try a.restart(losingIndex: true)
        try a.check()
        #expect(try digests(a) == digests(b))
        #expect(try a.index.runs(of: "cam").contains { RunPath.isFetched($0.run.path) && $0.run.origin == "b" })
    }

    /// Other files, other offsets, another server, a restart between: one digest.
    @Test func aDigestIsOfTheMediaAlone() throws {
        let (a, b) = try pair()
        b.record(0..<60)
        a.record(0..<10)
        try a.restart()
        a.record(30..<60)
        try a.fetch(from: b)
        for bench in [a, b] { bench.sync() }
        func digest(_ bench: Bench<MemoryFileSystem>, _ from: Int64, _ to: Int64) throws -> String {
            let range = TimeRange(SyntheticStream.time(from), SyntheticStream.time(to))
            let found = try ArchiveInspection(index: bench.index, fileSystem: bench.disk).digest(of: "cam", in: range)
            return "\(found.digest) \(found.segments)"
        }
        #expect(a.disk.paths.count > b.disk.paths.count)
        #expect(try digest(a, 0, 58) == digest(b, 0, 58))
        #expect(try digest(a, 4, 20) == digest(b, 4, 20))
        #expect(try digest(a, 4, 20) != digest(b, 4, 22))
        // One other byte.
        let (c, _) = try pair()
        c.record(0..<6)
        c.step([.append(stream: "cam", SyntheticStream.chunk(6, size: 61))])
        c.record(7..<60)
        c.sync()
        #expect(try digest(c, 0, 6) == digest(b, 0, 6))
        #expect(try digest(c, 0, 58) != digest(b, 0, 58))
    }

    @Test func aFullDiskStopsFetchingAndRecordingAlikeAndBothResume() throws {
        let (a, b) = try pair()
        b.record(0..<60)
        a.record(0..<4)
        a.step([.pause(stream: "cam", .sourceAway)])
        a.sync()
        let used = try a.disk.space().used
        a.disk.set { $0.capacity = used + 5000 }
        var refusals = 0
        for segment in try b.segments() {
            do { _ = try a.writer.keep(b.fetched(segment), of: "cam", at: a.now) } catch { refusals += 1 }
        }
        #expect(refusals > 0)
        a.disk.set { $0.capacity = .max / 4 }
        a.step(advance: .seconds(60))
        try a.fetch(from: b)
        a.sync()
        try a.check()
        #expect(try digests(a) == digests(b))
    }

    @Test func summariesFollowEveryChange() throws {
        let (a, b) = try pair()
        let (readA, readB) = (ArchiveReader(index: a.index, view: a.view), ArchiveReader(index: b.index, view: b.view))
        b.record(0..<200)
        a.record(0..<20)
        a.step([.pause(stream: "cam", .sourceAway)])
        #expect(
            try readA.summary(of: "cam", in: .always) == ArchiveSummary(readA.offers(of: "cam", startingIn: .always)))
        #expect(try readA.summary(of: "cam", in: .always) != readB.summary(of: "cam", in: .always))
        b.record(200..<210)
        try a.fetch(from: b)
        a.record(208..<212)
        b.record(210..<212)
        a.sync()
        #expect(try readA.summary(of: "cam", in: .always) == readB.summary(of: "cam", in: .always))
        _ = try a.writer.delete(TimeRange(SyntheticStream.time(10), SyntheticStream.time(20)), of: "cam", at: a.now)
        #expect(
            try readA.summary(of: "cam", in: .always) == ArchiveSummary(readA.offers(of: "cam", startingIn: .always)))
        #expect(try readA.summary(of: "cam", in: .always) != readB.summary(of: "cam", in: .always))
        #expect(
            try readA.origins(of: "cam").map { "\($0.origin) \($0.isFetched)" } == ["a false", "b true", "a false"])
    }
}

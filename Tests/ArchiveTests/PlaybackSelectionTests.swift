// Which segments play for a range, and where a player must reset: gaps, codecs, runs and origins that overlap.
import Media
import TestSupport
import Testing

@testable import Archive

@Suite struct PlaybackSelectionTests {
    private func time(_ second: Double) -> MediaTime {
        MediaTime(unixMilliseconds: 1_790_000_000_000 + Int64(second * 1000))
    }

    private func run(_ id: Int64, tracks: UInt64 = 1) -> ArchivedRun {
        ArchivedRun(
            id: id, stream: "cam", path: "cam/\(id).mp4", start: time(0), origin: "a", tracksFingerprint: tracks,
            initializationLength: 700)
    }

    private func segment(
        _ start: Double, _ seconds: Double = 1, in run: ArchivedRun, isDiscontinuous: Bool = false
    ) -> ArchivedSegment {
        ArchivedSegment(
            start: time(start), duration: time(start + seconds) - time(start), run: run, offset: 0, length: 1,
            digest: MediaDigest(high: 1, low: 1), isDiscontinuous: isDiscontinuous, isInterrupted: false)
    }

    private func marks(_ segments: [ArchivedSegment], _ from: Double = 0, _ to: Double = 100) -> [String] {
        PlaybackSelection(segments, in: TimeRange(time(from), time(to))).entries.map {
            let second = Double(($0.segment.start - time(0)).milliseconds) / 1000
            let cut = $0.isCut ? " to \(Double(($0.end - time(0)).milliseconds) / 1000)" : ""
            return "\($0.isDiscontinuous ? "|" : "")\(second)\(cut) of \($0.segment.run.id)"
        }
    }

    @Test func playersResetWhereTheMediaDoNotContinue() {
        let (one, next, other) = (run(1), run(2), run(3, tracks: 2))
        // The next run of the hour goes on, behind a gap nothing does, nor with other tracks or another timeline.
        #expect(
            marks([
                segment(0, in: one), segment(1, in: one), segment(2, in: next), segment(5, in: next),
                segment(6, in: other), segment(7, in: other, isDiscontinuous: true),
            ]) == ["0.0 of 1", "1.0 of 1", "2.0 of 2", "|5.0 of 2", "|6.0 of 3", "|7.0 of 3"])
    }

    @Test func noInstantPlaysTwiceAndNoneIsPassedOver() {
        let (own, fetched) = (run(1), run(2))
        #expect(
            marks([
                segment(0, 2, in: own), segment(1, 2, in: fetched), segment(2.5, 1, in: own),
                segment(3.5, 1, in: fetched),
            ]) == ["0.0 to 1.0 of 1", "|1.0 to 2.5 of 2", "|2.5 of 1", "3.5 of 2"])
    }

    /// A cut network: both captured for a while, with other cuts. One is followed as long as it goes on.
    @Test func theOtherTakesOverOnlyWhereOneEnds() {
        let (own, fetched) = (run(1), run(2))
        let segments =
            (0..<3).map { segment(Double($0) * 10, 10, in: own) }
            + (0..<4).map { segment(7 + Double($0) * 10, 10, in: fetched) }
        #expect(
            marks(segments.sorted { $0.start < $1.start }) == [
                "0.0 of 1", "10.0 of 1", "20.0 to 27.0 of 1", "|27.0 of 2", "37.0 of 2",
            ])
    }

    @Test func whatWouldBeCutToNearlyNothingIsLeftOut() {
        let (own, fetched) = (run(1), run(2))
        #expect(
            marks([segment(0, in: own), segment(1, 2, in: own), segment(1.4, 4, in: fetched)]) == [
                "0.0 of 1", "|1.4 of 2",
            ])
    }

    /// Of any segments of an archive, where no one holds another: nothing twice, and less than half a second is passed over.
    @Test func anyOverlapsArePlayedWhole() {
        for seed in UInt64(0)..<2000 {
            var chance = SeededGenerator(seed: seed)
            var (segments, start, end) = ([ArchivedSegment](), 0.0, 0.0)
            for id in 0..<20 {
                start += Double.random(in: 0.05...4, using: &chance).rounded(toPlaces: 2)
                end = max(end, start) + Double.random(in: 0.05...5, using: &chance).rounded(toPlaces: 2)
                // Often the next begins where this one ends.
                segments.append(segment(start, end - start, in: run(Int64(id))))
                if Bool.random(using: &chance) { start = end - 0.05 }
            }
            let entries = PlaybackSelection(segments, in: .always).entries
            for (one, next) in zip(entries, entries.dropFirst()) {
                #expect(one.end <= next.segment.start, "seed \(seed)")
            }
            let played = RangeSet(entries.map { TimeRange($0.segment.start, $0.end) })
            let passed = RangeSet(segments.map(\.range)).subtracting(played).ranges
            #expect(passed.allSatisfy { $0.duration < PlaybackSelection.shortest }, "seed \(seed): \(passed)")
        }
    }

    @Test func aRangeHasWhatBeginsInIt() {
        let all = (0..<6).map { segment(Double($0), in: run(1)) }
        #expect(marks(all, 1.5, 4) == ["2.0 of 1", "3.0 of 1"])
        #expect(marks(all, 1, 3.001) == ["1.0 of 1", "2.0 of 1", "3.0 of 1"])
        #expect(marks(all, 7, 9) == [])
    }
}

extension Double {
    fileprivate func rounded(toPlaces places: Int) -> Double {
        let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
        return (self * scale).rounded() / scale
    }
}

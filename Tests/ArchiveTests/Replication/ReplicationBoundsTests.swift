// What is compared at all: the bounds of an archive, and days of which nothing is told because they are equal.
import Archive
import Media
import Testing

@Suite struct ReplicationBoundsTests {
    private let day = MediaSpan.seconds(86_400)

    @Test func theyEndWhereRecordingIs() {
        let recording = ReplicationBounds(
            age: day, ledger: StreamLedger(), recordedTo: instant(500), at: instant(510))
        #expect(recording.range == TimeRange(instant(510) - day, instant(500)))
        // Nothing can get in the way of what is not recorded.
        let silent = ReplicationBounds(age: nil, ledger: StreamLedger(), recordedTo: nil, at: instant(510))
        #expect(silent.range == .always)
    }

    @Test func theyBeginWhereRetentionHasCutAndLeaveOutWhatWasDeleted() {
        var ledger = StreamLedger()
        ledger.apply(.horizon(instant(100)))
        ledger.apply(.gap(Gap(TimeRange(instant(200), instant(210)), .deleted)))
        ledger.apply(.gap(Gap(TimeRange(instant(300), instant(310)), .sourceAway)))
        let bounds = ReplicationBounds(age: day, ledger: ledger, recordedTo: nil, at: instant(500))
        #expect(bounds.range.start == instant(100))
        #expect(bounds.deleted.ranges == [TimeRange(instant(200), instant(210))])
        let later = ReplicationBounds(age: day, ledger: ledger, recordedTo: nil, at: instant(400) + day)
        #expect(later.range.start == instant(400))
    }

    /// «descend only where different»: who has the same day hears its digest, and nothing of its hours.
    @Test func ofAnEqualDayNoHoursAreTold() {
        let theirs = (0..<3).map { offer(Double($0) * 86_400, digest: UInt64($0)) }
        var ours = theirs
        ours[1] = offer(86_400, digest: 9)
        let told = ArchiveSummary(theirs).leavingOut(ArchiveSummary(ours).digests)
        #expect(told.days.map(\.hours.count) == [0, 1, 0])
        #expect(told.days.map(\.digest) == ArchiveSummary(theirs).days.map(\.digest))
        #expect(told.differences(from: ArchiveSummary(ours)).map(\.range.start) == [instant(86_400)])
    }
}

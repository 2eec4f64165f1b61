// Maps that change while the tracks of the one before are still awaited: nothing of what stays is lost.
import MPEGTS
import Media
import NIOCore
import Testing

@Suite struct ProgramChangeTests {
    private static let video: (type: UInt8, pid: UInt16) = (0x1b, 0x100)
    private static func sound(_ pid: UInt16) -> (type: UInt8, pid: UInt16) { (0x0f, pid) }

    private static func time(_ number: Int) -> Int64 { 90_000 + Int64(number) * 3600 }

    private static func picture(_ number: Int) -> [UInt8] {
        let sets = number % 25 == 0 ? [interlacedSPS, interlacedPPS] : []
        return annexB(
            [[9, 0xf0]] + sets + [field(isIDR: number % 25 == 0, frameNumber: number % 16, isBottom: false)])
    }

    private static let aac = AACParameters(
        audioSpecificConfig: [0x11, 0x90], objectType: 2, sampleRate: 48_000, channelCount: 2)

    private static func soundFrame(_ fill: UInt8) -> [UInt8] {
        (ADTSHeader.header(for: aac, payloadLength: 40) ?? []) + [UInt8](repeating: fill, count: 40)
    }

    /// Announced sound that does not come is waited for; while it is, other sound is announced twice.
    @Test func twoChangesWhileAwaitingLoseNoPicture() {
        var builder = StreamBuilder()
        for number in 0..<150 {
            switch number {
            case 50: builder.map([Self.video, Self.sound(0x101)], version: 1)
            case 75: builder.map([Self.video, Self.sound(0x102)], version: 2)
            case 100: builder.map([Self.video], version: 3)
            default: break
            }
            builder.pes(Self.picture(number), at: Self.time(number), pcr: Self.time(number) - 9000)
        }
        let result = demux(builder.bytes)
        #expect(result.frames(1).map(\.decode) == (0..<150).map(Self.time))
        #expect(result.counters.damagedFrames == 0)
        #expect(result.trackSets.map { $0.tracks.map(\.id.value) } == [[1]])
    }

    /// Sound that came and was held, and is listed no more: it goes out with the tracks of its time.
    @Test func whatCameBeforeItsTrackWasTakenAwayGoesOut() {
        var builder = StreamBuilder()
        var sent = 0
        for number in 0..<100 {
            switch number {
            case 25: builder.map([Self.video, Self.sound(0x101), Self.sound(0x102)], version: 1)
            case 50: builder.map([Self.video], version: 2)
            default: break
            }
            builder.pes(Self.picture(number), at: Self.time(number), pcr: Self.time(number) - 9000)
            if (25..<50).contains(number) {
                builder.pes(Self.soundFrame(UInt8(number)), at: Self.time(number), isBounded: true, pid: 0x101)
                sent += 1
            }
        }
        let result = demux(builder.bytes)
        #expect(result.frames(1).map(\.decode) == (0..<100).map(Self.time))
        #expect(result.frames(2).count == sent)
        #expect(result.trackSets.map { $0.tracks.map(\.id.value) } == [[1], [1, 2], [1]])
    }

    /// Before the first tracks are announced: sound waits for the picture, whose map changes.
    @Test func aChangeBeforeTheFirstTracksKeepsWhatStays() {
        var builder = StreamBuilder([Self.sound(0x101), Self.video])
        for number in 0..<60 {
            if number == 20 { builder.map([Self.sound(0x101), Self.video, Self.sound(0x102)], version: 1) }
            builder.pes(Self.soundFrame(UInt8(number)), at: Self.time(number), isBounded: true, pid: 0x101)
            if number >= 25 {
                builder.pes(Self.picture(number), at: Self.time(number), pcr: Self.time(number) - 9000)
                builder.pes(Self.soundFrame(UInt8(number)), at: Self.time(number), isBounded: true, pid: 0x102)
            }
        }
        let result = demux(builder.bytes)
        #expect(result.frames(1).map(\.decode) == (0..<60).map(Self.time))
        #expect(result.frames(2).map(\.decode) == (25..<60).map(Self.time))
        #expect(result.trackSets.map { $0.tracks.map(\.id.value) } == [[1, 2, 3]])
    }
}

// Sound in a form that is not read: counted, and nobody waits for it.
import MPEGTS
import Media
import NIOCore
import Testing

@Suite struct RefusedAudioTests {
    enum Form: CaseIterable {
        /// channel_configuration 0: the channels stand in a program_config_element.
        case programConfig
        /// number_of_raw_data_blocks_in_frame above 0.
        case severalBlocks

        fileprivate func dress(_ frame: [UInt8]) -> [UInt8] {
            var frame = frame
            switch self {
            case .programConfig:
                frame[2] &= 0xfe
                frame[3] &= 0x3f
            case .severalBlocks: frame[6] |= 1
            }
            return frame
        }
    }

    private static let plain: [UInt8] = {
        let parameters = AACParameters(
            audioSpecificConfig: [0x11, 0x90], objectType: 2, sampleRate: 48_000, channelCount: 2)
        return (ADTSHeader.header(for: parameters, payloadLength: 40) ?? []) + [UInt8](repeating: 0x55, count: 40)
    }()

    private static func time(_ number: Int) -> Int64 { 90_000 + Int64(number) * 3600 }

    /// A picture and a frame of sound for each number; the sound of those in `refused` in the form that is not read.
    private static func stream(_ count: Int, refused: Range<Int>, _ form: Form) -> [UInt8] {
        var builder = StreamBuilder([(0x1b, 0x100), (0x0f, 0x101)])
        for number in 0..<count {
            let sets = number % 25 == 0 ? [interlacedSPS, interlacedPPS] : []
            let picture = field(isIDR: number % 25 == 0, frameNumber: number % 16, isBottom: number % 2 == 1)
            builder.pes(annexB([[9, 0xf0]] + sets + [picture]), at: time(number), pcr: time(number) - 9000)
            let sound = refused.contains(number) ? form.dress(plain) : plain
            builder.pes(sound, at: time(number), isBounded: true, pid: 0x101)
        }
        return builder.bytes
    }

    /// What comes out without the end of the stream.
    private static func begin(_ bytes: [UInt8]) -> Demuxed {
        var demuxer = TransportStreamDemuxer()
        var output = DemuxOutput()
        var result = Demuxed()
        bytes.withUnsafeBytes { demuxer.receive($0, into: &output) }
        result.add(&output)
        result.counters = demuxer.counters
        return result
    }

    @Test(arguments: Form.allCases) func thePictureDoesNotWaitForIt(_ form: Form) {
        let result = Self.begin(Self.stream(20, refused: 0..<20, form))
        #expect(result.trackSets.map { $0.tracks.map(\.id.value) } == [[1]])
        // The last picture and its pair are not over.
        #expect(result.frames(1).count >= 8)
        // The last frame has no header behind it yet.
        #expect(result.counters.damagedByPID == [0x101: 19])
    }

    /// LATM of two programmes.
    @Test func thePictureDoesNotWaitForLATMThatIsNotRead() {
        var builder = StreamBuilder([(0x1b, 0x100), (0x11, 0x101)])
        let element: [UInt8] = [0x20, 0x08] + [UInt8](repeating: 0x55, count: 30)
        for number in 0..<20 {
            let sets = number % 25 == 0 ? [interlacedSPS, interlacedPPS] : []
            let picture = field(isIDR: number % 25 == 0, frameNumber: number % 16, isBottom: false)
            builder.pes(
                annexB([[9, 0xf0]] + sets + [picture]), at: Self.time(number), pcr: Self.time(number) - 9000)
            builder.pes(
                [0x56, 0xe0, UInt8(element.count)] + element, at: Self.time(number), isBounded: true, pid: 0x101)
        }
        let result = Self.begin(builder.bytes)
        #expect(result.trackSets.map { $0.tracks.map(\.id.value) } == [[1]])
        #expect(result.frames(1).count >= 18)
        #expect(result.counters.damagedByPID[0x101].map { $0 >= 19 } == true)
    }

    /// Frames that are not read pass in time: what follows them in their PES packet has its own place.
    @Test func timeGoesOnInFramesThatAreNotRead() {
        var builder = StreamBuilder([(0x0f, 0x100)])
        let refused = Form.programConfig.dress(Self.plain)
        let sound = (0..<3).map { _ in refused } + (0..<3).map { _ in Self.plain }
        builder.pes(sound.flatMap { $0 }, at: 90_000, pcr: 80_000, isBounded: true)
        #expect(demux(builder.bytes).frames(1).map(\.decode) == [95_760, 97_680, 99_600])
    }

    @Test(arguments: Form.allCases) func soundThatCanBeReadLaterIsATrackFromThenOn(_ form: Form) {
        let result = demux(Self.stream(60, refused: 0..<30, form))
        #expect(result.trackSets.map { $0.tracks.map(\.id.value) } == [[1], [1, 2]])
        #expect(result.frames(2).map(\.decode) == (30..<60).map(Self.time))
        #expect(result.counters.damagedByPID == [0x101: 30])
    }

    @Test(arguments: Form.allCases) func soundThatIsNotReadForAWhileStaysATrack(_ form: Form) {
        let result = demux(Self.stream(60, refused: 20..<40, form))
        #expect(result.trackSets.map { $0.tracks.map(\.id.value) } == [[1, 2]])
        #expect(result.frames(2).map(\.decode) == (Array(0..<20) + Array(40..<60)).map(Self.time))
        #expect(result.counters.damagedByPID == [0x101: 20])
    }
}

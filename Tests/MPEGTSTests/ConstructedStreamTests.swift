// What ffmpeg cannot be made to send: field pictures, clock jumps, several access units in a packet, long access units.
import MPEGTS
import Media
import NIOCore
import Testing

@Suite struct ConstructedStreamTests {
    private let delimiter: [UInt8] = [9, 0xf0]

    @Test func theSequenceIsRead() throws {
        let sps = try #require(H264SequenceParameters(interlacedSPS))
        #expect((sps.width, sps.height) == (720, 576))
        #expect(!sps.isProgressive)
    }

    @Test func twoFieldsAreOneFrame() {
        var builder = StreamBuilder()
        for frame in 0..<6 {
            let sets = frame == 0 ? [interlacedSPS, interlacedPPS] : []
            let time = 90_000 + Int64(frame) * 3600
            let first = field(isIDR: frame == 0, frameNumber: frame, isBottom: false)
            let second = field(isIDR: false, frameNumber: frame, isBottom: true)
            builder.pes(annexB([delimiter] + sets + [first]), at: time, pcr: time - 20_000)
            builder.pes(annexB([delimiter, second]), at: time + 1800)
        }
        let frames = demux(builder.bytes).frames(1)
        #expect(frames.map(\.decode) == (0..<6).map { 90_000 + $0 * 3600 })
        #expect(frames.map(\.isKey) == [true, false, false, false, false, false])
        #expect(pictureNALs(samples: frames.map(\.data)).count == 12)
    }

    @Test func severalAccessUnitsInOnePacketAndOneInSeveral() {
        var builder = StreamBuilder()
        func picture(_ number: Int, filling: Int) -> [UInt8] {
            annexB([delimiter] + (number == 0 ? [interlacedSPS, interlacedPPS] : []))
                + annexB([field(isIDR: number == 0, frameNumber: number, isBottom: false, filling: filling)])
        }
        builder.pes(picture(0, filling: 300), at: 1000, pcr: 0)
        builder.pes(picture(1, filling: 300) + picture(2, filling: 300) + picture(3, filling: 300), at: 4600)
        let long = picture(4, filling: 3000)
        builder.pes(Array(long[..<1000]), at: 15400)
        builder.pes(Array(long[1000..<2500]), at: nil)
        builder.pes(Array(long[2500...]), at: nil)
        builder.pes(picture(5, filling: 10), at: 19000)
        let result = demux(builder.bytes)
        #expect(result.frames(1).map(\.decode) == [1000, 4600, 8200, 11800, 15400, 19000])
        #expect(result.counters.damagedFrames == 0)
        #expect(result.frames(1)[4].data.readableBytes > 3000)
    }

    /// Of twenty pictures, the last ten moved by `step`.
    private static func times(stepping step: Int64) -> [Int64] {
        (0..<20).map { (frame: Int64) -> Int64 in
            let even = 5_000_000 + frame * 3600
            return frame < 10 ? even : even + step
        }
    }

    private func stepping(by step: Int64, isMarked: Bool) -> Demuxed {
        var builder = StreamBuilder()
        for frame in 0..<20 {
            let time = Self.times(stepping: step)[frame]
            let sets = frame % 5 == 0 ? [interlacedSPS, interlacedPPS] : []
            let picture = field(isIDR: frame % 5 == 0, frameNumber: frame % 5, isBottom: false)
            builder.pes(
                annexB([delimiter] + sets + [picture]), at: time, pcr: time - 20_000, isMarked: isMarked && frame == 10)
        }
        return demux(builder.bytes)
    }

    /// Back by any span, forward by more than ten seconds; where it is marked, by more than one.
    @Test(
        arguments: [
            (-4_910_000, false), (-4_910_000, true), (-20_000, false), (5_400_000, false), (270_000, true),
        ] as [(Int64, Bool)])
    func aClockJumpIsToldBetweenTheFramesOfBothTimes(_ step: Int64, _ isMarked: Bool) throws {
        let order = stepping(by: step, isMarked: isMarked).events.compactMap { event -> String? in
            switch event {
            case .clockJump: "jump"
            case .frame(_, let time, _, _, _): "\(time.ticks)"
            case .tracks: nil
            }
        }
        let times = Self.times(stepping: step).map { "\($0)" }
        #expect(order == Array(times[..<10]) + ["jump"] + Array(times[10...]))
    }

    /// A source that was away for three seconds, and a multiplexer that marks its joins.
    @Test(arguments: [(270_000, false), (0, true)] as [(Int64, Bool)])
    func aStepOfTheClockThatIsNoJumpIsNotToldAsOne(_ step: Int64, _ isMarked: Bool) {
        let result = stepping(by: step, isMarked: isMarked)
        #expect(result.jumps == 0)
        #expect(result.frames(1).map(\.decode) == Self.times(stepping: step))
    }

    @Test func boundedPacketsNeedNotWaitForTheNext() {
        var builder = StreamBuilder()
        for frame in 0..<8 {
            let sets = frame == 0 ? [interlacedSPS, interlacedPPS] : []
            let isBottom = frame % 2 == 1
            let picture = field(isIDR: frame == 0, frameNumber: frame, isBottom: isBottom)
            let time = 90_000 + Int64(frame) * 3600
            builder.pes(annexB([delimiter] + sets + [picture]), at: time, pcr: time - 9000, isBounded: true)
        }
        var demuxer = TransportStreamDemuxer()
        var output = DemuxOutput()
        var result = Demuxed()
        builder.bytes.withUnsafeBytes { demuxer.receive($0, into: &output) }
        result.add(&output)
        // A field waits for its pair; what came before the last one is out, and without `finish`.
        #expect(result.frames(1).count == 7)
    }

    /// A packet whose length is known is whole when its last byte is there, whatever is lost after it.
    @Test func aLossBetweenBoundedPacketsCostsNothingThatCameBefore() {
        var builder = StreamBuilder()
        let times = (0..<8).map { 90_000 + Int64($0) * 3600 }
        for (frame, time) in times.enumerated() {
            let sets = frame == 0 ? [interlacedSPS, interlacedPPS] : []
            let picture = field(isIDR: frame == 0, frameNumber: frame, isBottom: false)
            builder.pes(annexB([delimiter] + sets + [picture]), at: time, pcr: time - 9000, isBounded: true)
        }
        var bytes = builder.bytes
        let starts = stride(from: 0, to: bytes.count, by: 188).filter { bytes[$0 + 1] == 0x41 && bytes[$0 + 2] == 0 }
        #expect(starts.count == 8)
        bytes.removeSubrange(starts[4]..<starts[5])
        let result = demux(bytes)
        #expect(result.counters.lostByPID == [0x100: UInt64(starts[5] - starts[4]) / 188])
        #expect(result.frames(1).map(\.decode) == Array(times[..<4]) + Array(times[5...]))
    }

    @Test func anEndlessPacketDoesNotGrowTheMemory() {
        var builder = StreamBuilder()
        builder.pes(annexB([delimiter, interlacedSPS, interlacedPPS]), at: 1000, pcr: 0)
        let noise = [UInt8](repeating: 0x55, count: 9 << 20)
        builder.pes(annexB([[0x65, 0xb8]]) + noise, at: 4600)
        let idr = field(isIDR: true, frameNumber: 0, isBottom: false)
        for frame in 0..<3 {
            builder.pes(annexB([delimiter, interlacedSPS, interlacedPPS, idr]), at: 8200 + Int64(frame) * 3600)
        }
        let result = demux(builder.bytes)
        #expect(result.counters.damagedFrames == 1)
        #expect(result.frames(1).count == 3)
    }
}

// Damage: counted, survived, bounded.
import MPEGTS
import Media
import NIOCore
import TestSupport
import Testing

@Suite struct DamageTests {
    @Test func lostPacketsAreCountedByPIDAndCostOneFrameEach() throws {
        var bytes = try Vector.plain.bytes()
        let whole = demux(bytes)
        // The packets of the pictures that have enough to lose some in the middle.
        var pictures: [[Int]] = []
        for at in stride(from: bytes.count / 2 / 188 * 188, to: bytes.count, by: 188)
        where bytes[at + 1] & 0x1f == 0x01 && bytes[at + 2] == 0 && bytes[at + 3] & 0x10 != 0 {
            if bytes[at + 1] & 0x40 != 0 { pictures.append([]) }
            if !pictures.isEmpty { pictures[pictures.count - 1].append(at) }
        }
        let large = pictures.dropLast().filter { $0.count >= 6 }
        let (first, second) = (try #require(large.first), try #require(large.last))
        #expect(large.count >= 2)
        // Three of one picture in a row, one of another.
        for victim in [second[2], first[4], first[3], first[2]] { bytes.removeSubrange(victim..<victim + 188) }
        let result = demux(bytes)
        #expect(result.counters.lost == 4)
        #expect(result.counters.lostByPID == [0x100: 4])
        #expect(result.counters.damagedFrames == 2)
        let (left, all) = (result.frames(1), whole.frames(1))
        #expect(left.count == all.count - 2)
        #expect(left.allSatisfy(all.contains))
        #expect(result.frames(2) == whole.frames(2))
    }

    @Test func repeatedPacketsChangeNothing() throws {
        let bytes = try Vector.bFrames.bytes()
        var doubled: [UInt8] = []
        for at in stride(from: 0, to: bytes.count, by: 188) {
            let packet = bytes[at..<at + 188]
            doubled += packet
            if bytes[at + 3] & 0x10 != 0 { doubled += packet }
        }
        let result = demux(doubled)
        #expect(result.events == demux(bytes).events)
        #expect(result.counters.repeated > 100)
        #expect(result.counters.lost == 0)
    }

    /// Six pictures, the third of sixty packets that all differ, and where the packets of that one begin.
    private static func withALongPicture() -> (bytes: [UInt8], long: Range<Int>) {
        var builder = StreamBuilder()
        var long = 0..<0
        for number in 0..<6 {
            let sets = number == 0 ? [interlacedSPS, interlacedPPS] : []
            let filling = number == 2 ? (0..<60 * 184).map { UInt8($0 % 251) + 4 } : []
            let picture = field(isIDR: number == 0, frameNumber: number, isBottom: false) + filling
            let begin = builder.bytes.count
            let time = 90_000 + Int64(number) * 3600
            builder.pes(annexB([[9, 0xf0]] + sets + [picture]), at: time, pcr: time - 9000)
            if number == 2 { long = begin..<builder.bytes.count }
        }
        return (builder.bytes, long)
    }

    /// A loss of 15 packets, or 31, ends with the counter of the packet before it.
    @Test(arguments: [15, 31]) func aGapOfAWholeTurnOfTheCounterIsNoRepeat(_ missing: Int) {
        var (bytes, long) = Self.withALongPicture()
        #expect(demux(bytes).frames(1).count == 6)
        let from = long.lowerBound + 10 * 188
        bytes.removeSubrange(from..<from + missing * 188)
        let result = demux(bytes)
        #expect(result.frames(1).map(\.decode) == [0, 1, 3, 4, 5].map { 90_000 + $0 * 3600 })
        #expect(result.counters.repeated == 0)
        #expect(result.counters.damagedByPID == [0x100: 1])
        // The counter tells no more than that there were 15 at least.
        #expect(result.counters.lostByPID == [0x100: 15])
    }

    @Test func aPacketIsRepeatedOnceAtTheMost() {
        var (bytes, long) = Self.withALongPicture()
        let from = long.lowerBound + 10 * 188
        let packet = Array(bytes[from..<from + 188])
        bytes.insert(contentsOf: packet, at: from)
        #expect(demux(bytes).frames(1).count == 6)
        bytes.insert(contentsOf: packet, at: from)
        let result = demux(bytes)
        #expect(result.counters.repeated == 1 && result.counters.lost == 15)
        #expect(result.frames(1).count == 5)
    }

    /// A repeat has a clock of its own (ISO/IEC 13818-1 §2.4.3.3).
    @Test func aRepeatWithAnotherClockIsOne() {
        var (bytes, long) = Self.withALongPicture()
        var packet = Array(bytes[long.lowerBound..<long.lowerBound + 188])
        #expect(packet[5] & 0x10 != 0)
        packet[9] += 1
        bytes.insert(contentsOf: packet, at: long.lowerBound + 188)
        let result = demux(bytes)
        #expect(result.counters.repeated == 1 && result.counters.lost == 0 && result.jumps == 0)
        #expect(result.frames(1).count == 6)
    }

    @Test(arguments: [Vector.bFrames, .h265, .latm, .eac3, .mp2, .interlaced])
    func nothingTrapsAndTheStreamRecovers(_ vector: Vector) throws {
        let bytes = Array(try vector.bytes().prefix(188 * 250))
        let tail = try Vector.plain.bytes()
        let clean = demux(tail)
        for seed in 0..<120 as Range<UInt64> {
            var random = SeededGenerator(seed: seed &* 31 &+ 5)
            var broken = bytes
            for _ in 0..<Int.random(in: 1...40, using: &random) { damage(&broken, &random) }
            let result = demux(broken + tail)
            // The last second of the clean stream comes through as if nothing had been.
            let end = result.frames(1).suffix(20).map(\.data)
            #expect(Array(end) == Array(clean.frames(1).suffix(20).map(\.data)), "seed \(seed)")
            let bytesOut = result.frames(1).reduce(0) { $0 + $1.data.readableBytes }
            #expect(bytesOut <= broken.count + tail.count)
        }
    }

    @Test func noiseGivesNothing() {
        for seed in 0..<40 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var noise = (0..<188 * 60).map { _ in UInt8.random(in: 0...255, using: &random) }
            // With sync bytes, PIDs and starts that are right, so that the noise reaches the inner parsers.
            for at in stride(from: 0, to: noise.count, by: 188) {
                noise[at] = 0x47
                noise[at + 1] = 0x40 | noise[at + 1] & 0x01
            }
            #expect(demux(noise).events.isEmpty)
        }
    }

    private func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let at = Int.random(in: 0..<bytes.count - 400, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 2: bytes.removeSubrange(at / 188 * 188..<at / 188 * 188 + 188)
        case 3: bytes.insert(contentsOf: Array(bytes[at / 188 * 188..<at / 188 * 188 + 188]), at: at / 188 * 188)
        case 4: bytes.removeSubrange(at..<at + Int.random(in: 1..<300, using: &random))
        default:
            // Headers are where it hurts: the first bytes of a packet.
            bytes[at / 188 * 188 + Int.random(in: 1..<30, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        if bytes.count < 4000 { bytes += [UInt8](repeating: 0, count: 4000) }
    }
}

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

// Packets with a time stamp before or error correction after each: the same events as without.
import MPEGTS
import TestSupport
import Testing

@Suite struct PacketDistanceTests {
    enum Dress: CaseIterable {
        case timeStamped, corrected

        /// Each packet of `bytes` with what stands around it; none of it is a sync byte, so that losses can be counted.
        func around(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
            stride(from: 0, to: bytes.count, by: 188).flatMap { at -> [UInt8] in
                let packet = Array(bytes[at..<at + 188])
                let extra = (0..<(self == .timeStamped ? 4 : 16)).map { _ in
                    UInt8.random(in: 0x48...0xFF, using: &random)
                }
                return self == .timeStamped ? extra + packet : packet + extra
            }
        }
    }

    @Test(arguments: Dress.allCases, [Vector.bFrames, .latm]) func sameEvents(_ dress: Dress, _ vector: Vector) throws {
        var random = SeededGenerator(seed: 7)
        let bytes = try vector.bytes()
        let plain = demux(bytes)
        let dressed = dress.around(bytes, &random)
        for limit in [11, 200, 1344, 100_000] {
            var splits = SeededGenerator(seed: UInt64(limit))
            let result = demux(dressed) { Int.random(in: 1...limit, using: &splits) }
            #expect(result.events == plain.events, "reads of up to \(limit) bytes")
            #expect(result.counters == plain.counters)
        }
    }

    @Test(arguments: Dress.allCases) func missingBytesAreAFoundAgainLoss(_ dress: Dress) throws {
        var random = SeededGenerator(seed: 8)
        let bytes = try Vector.plain.bytes()
        let plain = demux(bytes)
        var dressed = dress.around(bytes, &random)
        dressed.removeSubrange(dressed.count / 2..<dressed.count / 2 + 50)
        let result = demux(dressed)
        #expect(result.counters.resyncs == 1)
        #expect(result.frames(1).suffix(20) == plain.frames(1).suffix(20))
    }

    @Test func aStreamMayChangeItsPackets() throws {
        var random = SeededGenerator(seed: 9)
        let bytes = try Vector.plain.bytes()
        let middle = bytes.count / 188 / 2 * 188
        let mixed =
            Dress.corrected.around(Array(bytes[..<middle]), &random)
            + Dress.timeStamped.around(Array(bytes[middle...]), &random)
        #expect(demux(mixed).events == demux(bytes).events)
    }
}

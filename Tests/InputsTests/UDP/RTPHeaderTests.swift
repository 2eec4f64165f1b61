// RTP headers: where the payload lies, and lengths that lie (RFC 3550 §5.1).
import Testing

@testable import Inputs

struct RTPHeaderTests {
    static let fixed: [UInt8] = [0x80, 33, 0x12, 0x34, 0, 0, 0, 1, 0xAA, 0xBB, 0xCC, 0xDD]

    @Test func plain() throws {
        let header = try #require(read(Self.fixed + [0x47, 1, 2]))
        #expect(header.sequenceNumber == 0x1234)
        #expect(header.source == 0xAABB_CCDD)
        #expect(header.payloadType == 33)
        #expect(header.payload == 12..<15)
    }

    @Test func sourcesExtensionAndPaddingAreLeftOut() throws {
        var bytes = Self.fixed
        bytes[0] = 0x80 | 0x20 | 0x10 | 1
        bytes += [9, 9, 9, 9]  // one contributing source
        bytes += [0, 0, 0, 1, 8, 8, 8, 8]  // extension of one word
        bytes += [0x47, 5, 6] + [0, 0, 3]
        #expect(try #require(read(bytes)).payload == 24..<27)
    }

    static let broken: [[UInt8]] = [
        [], Array(fixed.prefix(11)),
        [0x47] + fixed.dropFirst(),  // a transport stream packet
        [0x40] + fixed.dropFirst(),  // version 1
        [0x8F] + fixed.dropFirst(),  // 15 sources that are not there
        [0x90] + fixed.dropFirst() + [0, 0],  // cut extension
        [0x90] + fixed.dropFirst() + [0, 0, 0xFF, 0xFF],  // extension beyond the end
        [0xA0] + fixed.dropFirst() + [200],  // padding beyond the begin
        [0xA0] + fixed.dropFirst() + [0],  // padding of nothing
    ]

    @Test(arguments: broken)
    func refused(_ bytes: [UInt8]) { #expect(read(bytes) == nil) }

    @Test func knownByTypeOrBySyncByte() throws {
        for (type, first, isMedia) in [(33, 0, true), (96, 0x47, true), (96, 0x80, false)] as [(UInt8, UInt8, Bool)] {
            var bytes = Self.fixed + [first, 0]
            bytes[1] = type
            let header = try #require(read(bytes))
            #expect(bytes.withUnsafeBytes { header.carriesTransportStream($0) } == isMedia)
        }
    }

    private func read(_ bytes: [UInt8]) -> RTPHeader? { bytes.withUnsafeBytes { RTPHeader($0) } }
}

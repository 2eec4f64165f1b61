// What a source's bytes tell beyond its media: damage by PID, a programme that is not there, bytes that are no media.
import Foundation
import Ingest
import Media
import TestSupport
import Testing

@testable import Inputs

@Suite(.timeLimit(.minutes(10)))
struct TransportStreamParserTests {
    /// A second of H.264 on PID 0x100 and AAC on 0x101, programme 1.
    private static func media() async throws -> [UInt8] {
        let directory = try TemporaryDirectory()
        try await FFmpeg.make(FFmpeg.source(seconds: 1, options: "-f mpegts \(directory.path)/clip.ts"))
        return [UInt8](try Data(contentsOf: URL(filePath: "\(directory.path)/clip.ts")))
    }

    private func parse(_ bytes: [UInt8], _ options: [String: String] = [:]) throws -> (Gathered, InputCounters) {
        var parser = try TransportStreamParser(InputRequest(stream: "cam", url: "udp://:1", options: options))
        var gathered = Gathered()
        for start in stride(from: 0, to: bytes.count, by: 1316) {
            bytes[start..<min(bytes.count, start + 1316)].withUnsafeBytes { parser.feed($0) }
            gathered.append(contentsOf: parser.takeEvents())
        }
        parser.finish()
        gathered.append(contentsOf: parser.takeEvents())
        var counters = InputCounters()
        parser.report(into: &counters)
        return (gathered, counters)
    }

    @Test func damageIsCountedByPIDAndTheRestGoesOn() async throws {
        var bytes = try await Self.media()
        let whole = try parse(bytes)
        #expect(whole.1.lostByPID == [:] && whole.1.damagedFrames == 0 && whole.0.notices == [])
        // One packet of sound and two of the picture, from the middle of a PES packet each.
        for (pid, count) in [(UInt8(1), 1), (0, 2)] {
            let starts = stride(from: bytes.count / 376 * 188, to: bytes.count, by: 188).filter {
                bytes[$0 + 1] == 1 && bytes[$0 + 2] == pid && bytes[$0 + 3] & 0x30 == 0x10
            }
            for start in starts.prefix(count).reversed() { bytes.removeSubrange(start..<start + 188) }
        }
        let (gathered, counters) = try parse(bytes)
        #expect(counters.lostByPID == [0x100: 2, 0x101: 1] && counters.tsLost == 3)
        #expect(Set(counters.damagedByPID.keys) == [0x100, 0x101], "\(counters.damagedByPID)")
        #expect(counters.damagedByPID.values.reduce(0, +) == counters.damagedFrames)
        #expect(gathered.frames(of: .video).count >= whole.0.frames(of: .video).count - 2)
        #expect(gathered.frames(of: .video).last?.data == whole.0.frames(of: .video).last?.data)
    }

    @Test func aProgrammeThatIsNotThereIsNamed() async throws {
        let (gathered, _) = try parse(try await Self.media(), ["program": "7"])
        #expect(gathered.frames.isEmpty)
        #expect(gathered.notices.count == 1)
        #expect(gathered.notices.first?.contains("no programme 7 in the transport stream, only 1;") == true)
        #expect(try parse(try await Self.media(), ["program": "1"]).0.notices == [])
    }

    @Test func whatIsNoTransportStreamIsSaidOnce() throws {
        var random = SeededGenerator(seed: 0)
        let noise = (0..<200_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let (gathered, counters) = try parse(noise)
        #expect(gathered.notices.count == 1 && gathered.frames.isEmpty)
        #expect(gathered.notices.first?.contains("no MPEG transport stream") == true, "\(gathered.notices)")
        #expect(counters.lostByPID.isEmpty)
    }
}

// Tracks that come and cannot be read: the operator is told once, and the rest goes on.
import Ingest
import MPEGTS
import Media
import NIOCore
import Testing

@testable import Inputs

struct UnreadableTrackTests {
    private static let video = Track(
        id: TrackID(1),
        codec: .h264(
            H264Parameters(
                sequenceParameterSets: [[0x67, 0x42, 0xC0, 0x0A, 0xDD]], pictureParameterSets: [[0x68, 0xCE]])))
    private static let sound = Track(
        id: TrackID(2),
        codec: .aac(
            AACParameters(audioSpecificConfig: [0x11, 0x90], objectType: 2, sampleRate: 48_000, channelCount: 2)))

    /// So many frames of sound, each in a PES packet of its own on PID 0x101, with a picture that is no key frame beside each.
    private static func stream(_ count: Int) -> [UInt8] {
        var muxer = TransportStreamMuxer(tracks: TrackSet([video, sound]))
        var bytes = ByteBuffer()
        for number in 0..<count {
            let time = MediaTime(ticks: 90_000 + Int64(number) * 1920)
            for (track, data) in [(video, [0, 0, 0, 4, 0x41, 0x9a, 1, 2]), (sound, [UInt8](repeating: 1, count: 40))] {
                muxer.write(
                    [
                        TimedFrame(
                            track: track.id, decodeTime: time, presentationTime: time,
                            duration: MediaSpan(ticks: 1920), isKey: track.id == sound.id,
                            data: ByteBuffer(bytes: data))
                    ], into: &bytes)
            }
        }
        return Array(bytes.readableBytesView)
    }

    private func parse(_ bytes: [UInt8]) throws -> (Gathered, InputCounters) {
        var parser = try TransportStreamParser(InputRequest(stream: "cam", url: "udp://:1", options: [:]))
        var gathered = Gathered()
        for start in stride(from: 0, to: bytes.count, by: 1316) {
            bytes[start..<min(bytes.count, start + 1316)].withUnsafeBytes { parser.feed($0) }
            gathered.append(contentsOf: parser.takeEvents())
        }
        var counters = InputCounters()
        parser.report(into: &counters)
        return (gathered, counters)
    }

    @Test(arguments: [(true, "program_config_element"), (false, "raw data blocks")])
    func refusedSoundIsToldOnce(_ isWithoutChannels: Bool, _ reason: String) throws {
        var bytes = Self.stream(200)
        for at in stride(from: 0, to: bytes.count, by: 188) where bytes[at + 1] == 0x41 && bytes[at + 2] == 1 {
            let header = try #require(
                (at..<at + 150).first { bytes[$0] == 0xff && bytes[$0 + 1] == 0xf1 && bytes[$0 + 2] == 0x4c })
            if isWithoutChannels { bytes[header + 3] &= 0x3f } else { bytes[header + 6] |= 2 }
        }
        let (gathered, counters) = try parse(bytes)
        #expect(gathered.notices.count == 1, "\(gathered.notices)")
        #expect(gathered.notices.first?.contains("PID 257: AAC in a form that is not read") == true)
        #expect(gathered.notices.first?.contains(reason) == true)
        #expect(counters.damagedByPID[0x101].map { $0 >= 190 } == true, "\(counters.damagedByPID)")
    }

    /// 17 s of pictures without a key frame: after 15 s the sound goes on alone, and it is said why.
    @Test func aPictureThatCannotBeReadIsGivenUpAndTold() throws {
        let (before, _) = try parse(Self.stream(650))
        #expect(before.trackSets.isEmpty && before.notices.isEmpty)
        let (gathered, counters) = try parse(Self.stream(800))
        #expect(gathered.trackSets.map { $0.tracks.map(\.id.value) } == [[2]])
        #expect(gathered.notices.count == 1, "\(gathered.notices)")
        #expect(gathered.notices.first?.contains("PID 256: H.264") == true, "\(gathered.notices)")
        #expect(counters.damagedByPID == [0x100: 1])
        #expect(gathered.frames.count >= 790)
    }
}

// Teletext as it is written: ETSI EN 300 472.
import MPEGTS
import Media
import NIOCore
import Testing

@Suite struct TeletextTests {
    private static let teletextPID: UInt16 = 0x101

    private static let text = Track(
        id: TrackID(2),
        codec: .data(
            DataParameters(
                purpose: .teletext, streamType: 6, descriptors: [0x56, 5, 0x64, 0x65, 0x75, 0x09, 0],
                isSections: false)), language: "deu")

    /// data_identifier and so many lines.
    private static func lines(_ count: Int) -> [UInt8] {
        [0x10]
            + (0..<count).flatMap { line -> [UInt8] in
                [0x02, 0x2c, UInt8(0xe7 + line % 16), 0xe4] + [UInt8](repeating: UInt8(line), count: 42)
            }
    }

    private static func frames(_ track: TrackID, _ data: [[UInt8]]) -> [TimedFrame] {
        data.enumerated().map { number, bytes in
            let time = MediaTime(ticks: 90_000_000 + Int64(number) * 3600)
            return TimedFrame(
                track: track, decodeTime: time, presentationTime: time, duration: MediaSpan(ticks: 3600),
                isKey: true, data: ByteBuffer(bytes: bytes))
        }
    }

    /// The PES packets of the teletext PID, put together; what is wrong with its transport packets is recorded.
    private static func packets(_ bytes: [UInt8], pid: UInt16 = teletextPID) -> [[UInt8]] {
        var units: [[UInt8]] = []
        for at in stride(from: 0, to: bytes.count, by: 188)
        where UInt16(bytes[at + 1] & 0x1f) << 8 | UInt16(bytes[at + 2]) == pid {
            // Payload alone or adaptation field alone (§4.1).
            let control = bytes[at + 3] >> 4 & 3
            #expect(control == 1 || control == 2)
            guard control == 1 else { continue }
            if bytes[at + 1] & 0x40 != 0 { units.append([]) }
            guard !units.isEmpty else { continue }
            units[units.count - 1] += bytes[at + 4..<at + 188]
        }
        return units
    }

    /// The form of §4.2 and §4.4.
    private static func checkForm(_ unit: [UInt8]) {
        #expect(unit.count % 184 == 0)
        #expect(Array(unit[..<4]) == [0, 0, 1, 0xbd])
        #expect(Int(unit[4]) << 8 | Int(unit[5]) == unit.count - 6)
        #expect(unit[6] & 0x04 != 0, "data_alignment_indicator")
        #expect(unit[8] == 0x24, "PES_header_data_length")
        #expect(unit[14..<45].allSatisfy { $0 == 0xff })
        #expect(unit[45] == 0x10)
        for at in stride(from: 46, to: unit.count, by: 46) {
            #expect([0x02, 0xff].contains(unit[at]) && unit[at + 1] == 0x2c)
        }
    }

    @Test(arguments: [1, 2, 3, 4, 7, 15, 16])
    func packetsHaveTheFormOfTheStandard(_ count: Int) throws {
        let source = demux(try Vector.plain.bytes())
        let video = try #require(source.trackSets.first?.leading)
        let tracks = TrackSet([video, Self.text])
        let pictures = Self.frames(
            video.id, source.frames(video.id.value).prefix(10).map { Array($0.data.readableBytesView) })
        let data = (0..<5).map { _ in Self.lines(count) }
        let frames = (pictures + Self.frames(Self.text.id, data)).sorted { $0.decodeTime < $1.decodeTime }
        let segment = TransportStreamMuxer.segment(tracks: tracks, frames: frames)
        #expect(segment.readableBytes == TransportStreamMuxer.segmentLength(tracks: tracks, frames: frames))
        let units = Self.packets(Array(segment.readableBytesView))
        #expect(units.count == 5)
        for unit in units { Self.checkForm(unit) }
        // Segments can be joined.
        #expect(units.reduce(0) { $0 + $1.count / 184 } % 16 == 0)
        let back = demux(Array(segment.readableBytesView))
        #expect(back.trackSets == [tracks])
        for unit in back.frames(2) { #expect(unit.data.readableBytesView.starts(with: Self.lines(count))) }
        #expect(back.frames(2).count == 5 && back.counters.damagedFrames == 0 && back.counters.lost == 0)
        let scratch = try Scratch()
        let path = try scratch.write(Array(segment.readableBytesView), to: "x.ts")
        let listed = try run(
            "ffprobe",
            [
                "-v", "error", "-select_streams", "1", "-show_entries", "stream=codec_name:packet=size", "-of",
                "csv=p=0", path,
            ])
        #expect(listed.text.contains("dvb_teletext") && listed.messages.isEmpty, "\(listed)")
        let sizes = listed.text.split(separator: "\n").filter { $0.first?.isNumber == true }
        #expect(sizes.count == 5, "\(listed.text)")
    }

    /// An endless stream is not stuffed more than to whole transport packets.
    @Test func whatHasTheFormIsNotStuffed() {
        var muxer = TransportStreamMuxer(tracks: TrackSet([Self.text]))
        var bytes = ByteBuffer()
        muxer.write(Self.frames(Self.text.id, [Self.lines(3), Self.lines(7)]), into: &bytes)
        let units = Self.packets(Array(bytes.readableBytesView), pid: 0x100)
        #expect(units.map(\.count) == [184, 368])
        for unit in units { Self.checkForm(unit) }
        let back = demux(Array(bytes.readableBytesView), program: 1)
        #expect(back.frames(1).map { Array($0.data.readableBytesView) } == [Self.lines(3), Self.lines(7)])
    }

    /// What is no whole number of data units is carried as it came.
    @Test func otherDataAreNotChanged() {
        let odd = [UInt8](repeating: 0x55, count: 700)
        let segment = TransportStreamMuxer.segment(
            tracks: TrackSet([Self.text]), frames: Self.frames(Self.text.id, [odd, odd]))
        let back = demux(Array(segment.readableBytesView), program: 1)
        #expect(back.frames(1).map { Array($0.data.readableBytesView) } == [odd, odd])
    }
}

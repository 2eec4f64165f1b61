// Streams made from numbers, cut into chunks by the real segmenter.
import Ingest
import M4F
import Media
import NIOCore
import TestSupport

enum Sample {
    static let video = SampleTracks.video
    static let audio = SampleTracks.audio
    static let cues = Track(
        id: TrackID(3),
        codec: .data(DataParameters(purpose: .scte35, streamType: 0x86, descriptors: [1, 2, 3], isSections: true)))
    static let noon = SampleTracks.noon
    static let anchor = TimelineAnchor(clock: .free, source: SourceTime(ticks: 900_000), media: noon)
    static let signature = PeerSignature(key: "abcd")
    static let nonce = "00112233445566778899aabbccddeeff"
    static func server(_ name: String) -> PassedServer {
        PassedServer(instance: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) }, name: name)
    }

    /// Chunks of `seconds` from noon, a segment a second.
    static func chunks(_ seconds: Int64, tracks: TrackSet = TrackSet([video, audio])) -> [Chunk] {
        var segmenter = Segmenter(segmentDuration: .seconds(1))
        var chunks: [Chunk] = []
        segmenter.sourceStarts(sameSource: false, into: &chunks)
        segmenter.tracksChanged(tracks, clock: .utc, into: &chunks)
        for tick in stride(from: Int64(0), to: seconds * 90_000, by: 1800) {
            let time = SourceTime(ticks: noon.ticks + tick)
            var frames: [Frame] = []
            if tick % 3600 == 0 {
                frames.append(frame(video, time, isKey: tick % 90_000 == 0))
            }
            frames.append(frame(audio, time, isKey: true))
            segmenter.take(frames, at: noon + MediaSpan(ticks: tick), into: &chunks)
        }
        segmenter.sourceLost(into: &chunks)
        return chunks
    }

    private static func frame(_ track: Track, _ time: SourceTime, isKey: Bool) -> Frame {
        var data = ByteBuffer()
        if track.kind == .video {
            data.writeInteger(UInt32(10))
            data.writeInteger(UInt8(isKey ? 0x65 : 0x41))
        }
        data.writeInteger(time.ticks)
        data.writeInteger(track.id.value)
        return Frame(track: track.id, decodeTime: time, presentationTime: time, isKey: isKey, data: data)
    }
}

extension M4FMessage {
    var bytes: ByteBuffer {
        var buffer = ByteBuffer()
        write(into: &buffer)
        return buffer
    }
}

/// All messages of `bytes`, fed in pieces of `size`.
func messages(_ bytes: ByteBuffer, inPiecesOf size: Int) throws -> [M4FMessage] {
    var parser = MessageParser()
    var bytes = bytes
    var messages: [M4FMessage] = []
    while let piece = bytes.readSlice(length: min(size, bytes.readableBytes)), piece.readableBytes > 0 {
        parser.feed(piece)
        while let message = try parser.next() { messages.append(message) }
    }
    return messages
}

// Chunks out of an endless MP4, however its bytes are cut on the way.
import CMAF
import Media
import NIOCore
import Testing

@testable import Playback

@Suite struct ChunkAssemblerTests {
    /// The endless MP4 of the test media, as `live.mp4` sends it.
    private func body() -> ByteBuffer {
        let chunks = TestMedia.chunks
        var body = InitializationSegment.write(chunks[0].tracks)
        for chunk in chunks { body.writeImmutableBuffer(chunk.bytes) }
        return body
    }

    @Test(arguments: [1, 188, 4096, 1 << 20]) func theChunksComeBackAsTheyWere(step: Int) throws {
        var assembler = ChunkAssembler()
        var found: [Chunk] = []
        var rest = step == 1 ? body().getSlice(at: 0, length: 40_000) ?? ByteBuffer() : body()
        while let piece = rest.readSlice(length: min(step, max(1, rest.readableBytes))), piece.readableBytes > 0 {
            try assembler.receive(piece, into: &found)
        }
        let sent = TestMedia.chunks
        // The last one is whole only when another follows.
        if step > 1 { #expect(found.count == sent.count - 1) } else { #expect(!found.isEmpty) }
        for (mine, theirs) in zip(found, sent) {
            #expect(mine.tracks == theirs.tracks)
            #expect(mine.bytes == theirs.bytes)
            #expect(mine.parts == theirs.parts)
            #expect(mine.startsWithKeyFrame == theirs.startsWithKeyFrame)
            #expect(mine.startsSegment == theirs.startsSegment, "a key frame each second, segments of a second")
        }
    }

    @Test func whatIsNoFragmentedMP4IsRefused() {
        var assembler = ChunkAssembler()
        var found: [Chunk] = []
        #expect(throws: CMAFError.self) {
            try assembler.receive(ByteBuffer(string: "HTTP/1.1 200 OK, but then something else"), into: &found)
            try assembler.receive(ByteBuffer(bytes: [0, 0, 0, 16] + Array("mdat12345678".utf8)), into: &found)
        }
    }
}

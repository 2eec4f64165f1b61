// What goes to the socket of who asks for a large answer: a shared file where there is room for one, else the bytes.
import LiveStream
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Playback

struct PreparedAnswerTests {
    @Test(arguments: [1, 0]) func anAnswerIsAsLongWithAFileAsWithout(files: Int) throws {
        let budget = MemoryFileBudget(fileCountMax: files, byteCountMax: .max)
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(Answering())
        let context = try channel.pipeline.syncOperations.context(handlerType: Answering.self)
        let pieces = [ByteBuffer(repeating: 1, count: 50_000), ByteBuffer(repeating: 2, count: 70_000)]
        let answer = PreparedAnswer(
            .representation(
                Representation(contentType: "video/mp4", pieces: pieces, entityTag: nil), cache: .immutable,
                request: [:]), budget: budget)
        var lengths: [Int] = []
        var regions = 0
        for _ in 0..<6 {
            answer.write(to: context, mayUseFiles: true)
            channel.flush()
            var length = 0
            while let data = try channel.readOutbound(as: IOData.self) {
                length += data.readableBytes
                if case .fileRegion = data { regions += 1 }
            }
            lengths.append(length)
        }
        #expect(lengths[0] > 120_000 && Set(lengths).count == 1)
        // The first three are not enough to be worth a file.
        #expect(regions == (files > 0 ? 3 : 0))
        #expect(budget.fileCount == files && budget.refusals == (files > 0 ? 0 : 1))
        _ = try channel.finish()
    }
}

private final class Answering: ChannelOutboundHandler {
    typealias OutboundIn = IOData
}

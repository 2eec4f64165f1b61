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
            #expect(answer.send(to: context, past: nil, mayUseFiles: true))
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

    /// All places where a socket may stop: within the head, between two pieces, within them, before the end.
    @Test(arguments: [true, false]) func whatASocketLeavesFollows(mayUseFiles: Bool) throws {
        let channel = EmbeddedChannel()
        let files = FileReading()
        try channel.pipeline.syncOperations.addHandlers([files, Answering()])
        let context = try channel.pipeline.syncOperations.context(handlerType: Answering.self)
        let pieces = (0..<3).map { number in
            ByteBuffer(bytes: (0..<30_000).map { UInt8(truncatingIfNeeded: $0 / 7 + number) })
        }
        let answer = PreparedAnswer(
            .representation(
                Representation(contentType: "video/mp4", pieces: pieces, entityTag: nil), cache: .immutable,
                request: [:]), budget: MemoryFileBudget(fileCountMax: 1, byteCountMax: .max))
        let socket = StoppingSocket()
        #expect(!answer.send(to: context, past: socket, mayUseFiles: mayUseFiles))
        let whole = socket.bytes
        #expect(Array(whole.suffix(90_000)) == pieces.flatMap { Array($0.readableBytesView) })
        let head = whole.count - 90_000
        for stop in [0, 1, head - 1, head, head + 1, head + 30_000, head + 60_001, whole.count - 1] {
            (socket.bytes, socket.room) = ([], stop)
            #expect(answer.send(to: context, past: socket, mayUseFiles: mayUseFiles))
            channel.flush()
            var got = socket.bytes
            while let bytes = try channel.readOutbound(as: ByteBuffer.self) { got += bytes.readableBytesView }
            #expect(got == whole, "stopped after \(stop)")
        }
        #expect(files.count == (mayUseFiles ? 5 : 0))
        _ = try channel.finish()
    }
}

private final class StoppingSocket: DirectSocket {
    var room = Int.max
    var bytes: [UInt8] = []

    func take(_ given: GatheredBytes) -> Int {
        let all = given.pieces.flatMap { Array($0.readableBytesView) }
        bytes = Array(all.prefix(room))
        return bytes.count
    }
}

private final class Answering: ChannelOutboundHandler {
    typealias OutboundIn = IOData
}

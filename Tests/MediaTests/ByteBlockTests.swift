// Pieces of a block keep their bytes, whoever goes on with it.
import Media
import NIOCore
import Testing

struct ByteBlockTests {
    private func piece(_ block: inout ByteBlock, _ count: Int, _ byte: UInt8) -> ByteBuffer {
        block.make(count) { for at in $0.indices { $0[at] = byte } }
    }

    @Test func piecesKeepTheirBytes() {
        var block = ByteBlock(size: 4096)
        // Small ones, ones that begin a new block, ones larger than half of it, empty ones.
        let counts = [1, 1000, 1024, 2048, 1023, 2049, 0, 5000, 24, 700, 900, 1000]
        let pieces = counts.enumerated().map { piece(&block, $1, UInt8($0)) }
        for (index, (count, bytes)) in zip(counts, pieces).enumerated() {
            #expect(bytes == ByteBuffer(repeating: UInt8(index), count: count))
        }
    }

    @Test func aCopyGoesOnInABlockOfItsOwn() {
        var first = ByteBlock(size: 4096)
        let before = piece(&first, 100, 1)
        var second = first
        let ours = piece(&first, 100, 2)
        let theirs = piece(&second, 100, 3)
        let more = piece(&first, 100, 4)
        #expect([before, ours, theirs, more] == (1...4).map { ByteBuffer(repeating: $0, count: 100) })
    }

    @Test func aPieceThatIsWrittenToLeavesTheOthersAlone() {
        var block = ByteBlock(size: 4096)
        var first = piece(&block, 10, 1)
        let second = piece(&block, 10, 2)
        first.writeInteger(UInt64.max)
        first.setInteger(UInt8(9), at: 0)
        #expect(second == ByteBuffer(repeating: 2, count: 10))
    }
}

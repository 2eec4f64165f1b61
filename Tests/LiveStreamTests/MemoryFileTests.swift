// Files in memory have bounds over the whole server; beyond them everybody gets the bytes.
import LiveStream
import Media
import NIOCore
import Testing

struct MemoryFileTests {
    private let piece = ByteBuffer(repeating: 7, count: 1000)

    @Test func soManyFilesAndNoMore() throws {
        let budget = MemoryFileBudget(fileCountMax: 3, byteCountMax: .max)
        var files = (0..<3).map { _ in MemoryFile([piece], budget: budget) }
        #expect(files.allSatisfy { $0 != nil })
        #expect(MemoryFile([piece], budget: budget) == nil)
        #expect(budget.fileCount == 3 && budget.byteCount == 3000 && budget.refusals == 1)
        files[1] = nil
        #expect(budget.fileCount == 2)
        let next = try #require(MemoryFile([piece, piece], budget: budget))
        #expect(next.length == 2000 && budget.byteCount == 4000)
    }

    @Test func soManyBytesAndNoMore() throws {
        let budget = MemoryFileBudget(fileCountMax: 100, byteCountMax: 2500)
        var first = MemoryFile([piece], budget: budget)
        let second = MemoryFile([piece], budget: budget)
        #expect(first != nil && second != nil)
        #expect(MemoryFile([piece], budget: budget) == nil)
        // What was refused has taken nothing.
        #expect(budget.fileCount == 2 && budget.byteCount == 2000)
        first = nil
        #expect(MemoryFile([piece], budget: budget) != nil)
        #expect(budget.refusals == 1)
    }

    @Test func nothingNeedsNoFile() {
        let budget = MemoryFileBudget(fileCountMax: 1, byteCountMax: 1)
        #expect(MemoryFile([], budget: budget) == nil)
        #expect(budget.fileCount == 0 && budget.refusals == 0)
    }

    @Test func theServersOwnBoundsAreThoseOfTheMachine() {
        let budget = MemoryFileBudget.process
        #expect((1 << 20)...(1 << 30) ~= budget.byteCountMax)
        #expect(budget.fileCountMax >= 16)
    }
}

// The files in memory that a viewer's socket has not taken all of yet.
import LiveStream

/// What one connection was handed, as a running number of bytes, and the files among it.
///
/// A socket takes bytes in the order in which it is given them: when the last so many of them wait, all before are on their way,
/// and the files that end there may close.
struct FilesUnderWay {
    private var files: [(file: MemoryFile, end: Int)] = []
    /// All that was handed over, files and bytes.
    private var handedBytes = 0

    var all: [MemoryFile] { files.map(\.file) }

    /// Bytes were handed over that need nothing to stay open.
    mutating func handed(_ byteCount: Int) { handedBytes += byteCount }

    /// The last `byteCount` bytes of `file` were handed over.
    mutating func handed(_ file: MemoryFile, last byteCount: Int) {
        handedBytes += byteCount
        files.append((file, handedBytes))
    }

    /// - Parameter waiting: of what was handed over, the bytes that the socket has not taken: the last ones.
    mutating func release(waiting: Int) {
        // Most often all is taken, and nothing is kept.
        guard !files.isEmpty else { return }
        let taken = handedBytes - waiting
        let count = files.firstIndex { $0.end > taken } ?? files.count
        if count > 0 { files.removeFirst(count) }
    }
}

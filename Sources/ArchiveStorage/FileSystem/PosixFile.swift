// A file of the real disk.
import CLinux
import Glibc
package import NIOCore

/// One descriptor, closed with the object.
package final class PosixFile: ArchiveFile {
    let descriptor: Int32
    let path: String

    init(_ descriptor: Int32, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    package func size() throws(FileSystemError) -> Int64 { Int64(try status().st_size) }

    package func isLinked() throws(FileSystemError) -> Bool { try status().st_nlink > 0 }

    private func status() throws(FileSystemError) -> stat {
        var status = stat()
        if fstat(descriptor, &status) != 0 { throw .last(errno, "look at", path) }
        return status
    }

    package func write(_ bytes: [ByteBuffer], at offset: Int64) throws(FileSystemError) {
        var offset = offset
        // Of the first buffer, so many bytes are written already.
        var done = 0
        var rest = bytes.filter { $0.readableBytes > 0 }[...]
        while let first = rest.first {
            let written = Self.gather(rest.prefix(Self.mostVectors), skipping: done) {
                pwritev(descriptor, $0.baseAddress, Int32($0.count), off_t(offset))
            }
            if written < 0 {
                if errno == EINTR { continue }
                throw .last(errno, "write to", path)
            }
            offset += Int64(written)
            var left = written + done
            var next = first
            while left >= next.readableBytes {
                left -= next.readableBytes
                rest.removeFirst()
                guard let following = rest.first else { return }
                next = following
            }
            done = left
        }
    }

    /// Far below what any system takes in one call (IOV_MAX, 1024 here).
    private static let mostVectors = 64

    /// Calls `body` with the readable bytes of all buffers, the first of them from `skipped` on.
    private static func gather(
        _ buffers: ArraySlice<ByteBuffer>, skipping skipped: Int, _ vectors: [iovec] = [],
        _ body: (UnsafeBufferPointer<iovec>) -> Int
    ) -> Int {
        guard let buffer = buffers.first else { return vectors.withUnsafeBufferPointer(body) }
        return buffer.withUnsafeReadableBytes { pointer in
            let part = UnsafeRawBufferPointer(rebasing: pointer[skipped...])
            // The system only reads: `iovec` serves both directions.
            let vector = iovec(
                iov_base: UnsafeMutableRawPointer(mutating: part.baseAddress), iov_len: part.count)
            return gather(buffers.dropFirst(), skipping: 0, vectors + [vector], body)
        }
    }

    package func read(at offset: Int64, count: Int) throws(FileSystemError) -> ByteBuffer {
        let available = max(0, min(Int64(count), try size() - offset))
        var buffer = ByteBufferAllocator().buffer(capacity: Int(available))
        while buffer.readableBytes < Int(available) {
            let wanted = Int(available) - buffer.readableBytes
            let at = offset + Int64(buffer.readableBytes)
            var code: Int32 = 0
            let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { pointer in
                let count = pread(descriptor, pointer.baseAddress!, wanted, off_t(at))
                if count < 0 { code = errno }
                return max(0, count)
            }
            if code == EINTR { continue }
            if code != 0 { throw .last(code, "read", path) }
            if count == 0 { break }
        }
        return buffer
    }

    package func truncate(to size: Int64) throws(FileSystemError) {
        if ftruncate(descriptor, off_t(size)) != 0 { throw .last(errno, "truncate", path) }
    }

    package func releaseMemory(of part: Range<Int64>) {
        // An advice: where the file system knows no better, nothing happens.
        _ = posix_fadvise(descriptor, off_t(part.lowerBound), off_t(part.count), POSIX_FADV_DONTNEED)
    }

    package func punchHole(at offset: Int64, length: Int64) throws(FileSystemError) {
        guard length > 0 else { return }
        if weir_punch_hole(descriptor, offset, length) != 0, errno != EOPNOTSUPP {
            throw .last(errno, "free a part of", path)
        }
    }
}

// A file opened for reading at given places; closed with its last owner.
internal import Glibc
internal import Ingest
internal import NIOCore

/// May be read from any thread; each read blocks.
final class ReadOnlyFile: Sendable {
    let descriptor: Int32
    /// For messages.
    let name: String

    /// Takes the descriptor over.
    init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
        // The kernel reads ahead further, so that the next batch is in memory when its time comes. A mere hint.
        _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    deinit { close(descriptor) }

    /// - Throws: `.ended` with the system's reason.
    func size() throws(InputFailure) -> Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("cannot be examined", errno) }
        return Int64(status.st_size)
    }

    /// At most `length` bytes from `offset` on; fewer only at the file's end.
    ///
    /// - Throws: `.ended` with the system's reason.
    func read(at offset: Int64, length: Int) throws(InputFailure) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: length)
        while buffer.readableBytes < length {
            let wanted = length - buffer.readableBytes
            let place = offset + Int64(buffer.readableBytes)
            var error: Int32 = 0
            let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { target in
                let count = pread(descriptor, target.baseAddress, wanted, off_t(place))
                error = count < 0 ? errno : 0
                return max(0, count)
            }
            if error == EINTR { continue }
            guard error == 0 else { throw failure("cannot be read at byte \(place)", error) }
            if count == 0 { break }
        }
        return buffer
    }

    private func failure(_ what: String, _ error: Int32) -> InputFailure {
        InputFailure(code: .ended, message: "\(name): \(what) (\(errorText(error)))")
    }
}

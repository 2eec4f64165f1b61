// A file that holds some room free: without it, a disk filled to the last byte could not even take the note of a deletion.
import Archive
import GRDB
import Media
import NIOCore

extension ArchiveWriter {
    /// How much more than the reserve must be free before it is laid by again.
    private static let margin: Int64 = 4

    func isDiskFull(_ error: any Error) -> Bool {
        switch error {
        case let error as FileSystemError: error.kind == .full
        case let error as DatabaseError: error.resultCode == .SQLITE_FULL
        default: false
        }
    }

    /// - Returns: false when there is none.
    func giveUpReserve() -> Bool {
        keeping.hasReserve = false
        do throws(FileSystemError) {
            try fileSystem.remove(RunPath.reserveName)
            return true
        } catch {
            return false
        }
    }

    /// Lays the reserve by when it is missing and there is room for it. What fails is tried again with the next pass.
    func restoreReserve() {
        guard settings.reserve > 0, keeping.hasReserve != true else { return }
        do throws(FileSystemError) {
            if keeping.hasReserve == nil {
                let size = try reserveSize()
                keeping.hasReserve = size == Int64(settings.reserve)
                if keeping.hasReserve == false, size != nil { try fileSystem.remove(RunPath.reserveName) }
            }
            guard keeping.hasReserve == false,
                try fileSystem.space().available > Int64(settings.reserve) * Self.margin
            else { return }
            // Not zeroes: a file system that compresses or leaves holes would keep nothing free for them.
            var state: UInt64 = 0x9E37_79B9_7F4A_7C15
            var bytes = ByteBufferAllocator().buffer(capacity: settings.reserve)
            while bytes.readableBytes + 8 <= settings.reserve {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                bytes.writeInteger(state)
            }
            bytes.writeRepeatingByte(1, count: settings.reserve - bytes.readableBytes)
            try fileSystem.create(RunPath.reserveName).write([bytes], at: 0)
            keeping.hasReserve = true
        } catch {
            // Half a reserve is looked at anew with the next pass.
            keeping.hasReserve = nil
        }
    }

    private func reserveSize() throws(FileSystemError) -> Int64? {
        do throws(FileSystemError) {
            return try fileSystem.open(RunPath.reserveName, forWriting: false).size()
        } catch {
            guard error.kind == .notFound else { throw error }
            return nil
        }
    }
}

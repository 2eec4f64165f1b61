// How many files in memory there may be, and how much they may hold.
import CLinux
import Glibc
import Synchronization

/// The room for `MemoryFile`s. May be used from any thread.
///
/// A file saves copies where many read the same; without one everybody gets the bytes. So it is never worth the descriptors that
/// viewers and inputs need, nor memory without bound: its pages belong to no heap, and `weir_memory_bytes` does not count them.
package final class MemoryFileBudget: Sendable {
    /// That of the whole server: a quarter of the descriptors that the process may have when it is first asked for, and an eighth
    /// of the machine's memory, 1 GiB at most.
    package static let process = MemoryFileBudget(
        fileCountMax: max(0, Int(weir_descriptor_limit())) / 4,
        byteCountMax: min(1 << 30, sysconf(Int32(_SC_PHYS_PAGES)) / 8 * sysconf(Int32(_SC_PAGESIZE))))

    package let fileCountMax: Int
    package let byteCountMax: Int
    private let files = Atomic<Int>(0)
    private let bytes = Atomic<Int>(0)
    private let refused = Atomic<UInt64>(0)

    package init(fileCountMax: Int, byteCountMax: Int) {
        self.fileCountMax = fileCountMax
        self.byteCountMax = byteCountMax
    }

    /// Files that are open now.
    package var fileCount: Int { files.load(ordering: .relaxed) }
    /// What they hold.
    package var byteCount: Int { bytes.load(ordering: .relaxed) }
    /// Files that were not made for want of room.
    package var refusals: UInt64 { refused.load(ordering: .relaxed) }

    /// False when there is no room for a file of so many bytes; what was taken is given back with `give`.
    func take(_ byteCount: Int) -> Bool {
        // Counted before it is judged: two loops at once never pass the bound together.
        let fileCount = files.add(1, ordering: .relaxed).newValue
        let sum = bytes.add(byteCount, ordering: .relaxed).newValue
        if fileCount <= fileCountMax, sum <= byteCountMax { return true }
        give(byteCount)
        refused.add(1, ordering: .relaxed)
        return false
    }

    func give(_ byteCount: Int) {
        files.subtract(1, ordering: .relaxed)
        bytes.subtract(byteCount, ordering: .relaxed)
    }
}

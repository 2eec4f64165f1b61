// Collects the payload of one elementary stream until whole frames can be cut from it.

/// Bytes appended at the end and consumed from the front. Keeps its memory between frames: no allocation per packet.
struct ReassemblyBuffer: Sendable {
    private var storage: [UInt8] = []
    private(set) var count = 0

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        let total = count + bytes.count
        if total > storage.count { grow(to: total) }
        let at = count
        storage.withUnsafeMutableBytes { target in
            target.baseAddress.unsafelyUnwrapped.advanced(by: at)
                .copyMemory(from: bytes.baseAddress.unsafelyUnwrapped, byteCount: bytes.count)
        }
        count = total
    }

    private mutating func grow(to total: Int) {
        let capacity = max(total, storage.count * 2, 2048)
        storage.append(contentsOf: repeatElement(0, count: capacity - storage.count))
    }

    /// Drops the first `length` bytes.
    mutating func consume(_ length: Int) {
        guard length > 0 else { return }
        let left = count - min(length, count)
        if left > 0 {
            let from = count - left
            storage.withUnsafeMutableBytes { bytes in
                let base = bytes.baseAddress.unsafelyUnwrapped
                base.copyMemory(from: base.advanced(by: from), byteCount: left)
            }
        }
        count = left
    }

    mutating func removeAll() { count = 0 }

    func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        storage.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
    }
}

/// A PES timestamp and the place in the reassembly buffer from where on it holds: it belongs to the first access unit that
/// begins there or later (ISO/IEC 13818-1 §2.4.3.7).
struct TimeMark: Sendable {
    var offset: Int
    var decode: Int64
    var presentation: Int64
}

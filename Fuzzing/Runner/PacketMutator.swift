// Mutations that keep a transport stream's packets and checksums whole, so that they reach what lies behind the checks.
import Glibc

/// libFuzzer's own mutation of the first `count` bytes; returns the new length.
@_silgen_name("LLVMFuzzerMutate")
private func mutate(_ data: UnsafeMutablePointer<UInt8>?, _ count: Int, _ limit: Int) -> Int

/// Called by libFuzzer for each new input: changes it in place and returns its new length.
@_cdecl("LLVMFuzzerCustomMutator")
public func weirFuzzMutate(
    _ data: UnsafeMutablePointer<UInt8>?, _ count: Int, _ limit: Int, _ seed: CUnsignedInt
) -> Int {
    let length = mutate(data, count, limit)
    let isTransportStream = getenv("WEIR_FUZZ_TARGET").map { String(cString: $0) == "transport-stream" } ?? false
    // One in four stays as it is: damage must be survived as well.
    guard isTransportStream, seed % 4 != 0, let data else { return length }
    repair(UnsafeMutableBufferPointer(start: data, count: length))
    return length
}

/// Sync bytes, and the checksum of each section that begins and ends in its packet.
private func repair(_ bytes: UnsafeMutableBufferPointer<UInt8>) {
    var packet = 0
    while packet + 188 <= bytes.count {
        defer { packet += 188 }
        bytes[packet] = 0x47
        guard bytes[packet + 1] & 0x40 != 0, bytes[packet + 3] & 0x30 == 0x10 else { continue }
        let start = packet + 5 + Int(bytes[packet + 4])
        guard start + 3 <= packet + 188, bytes[start] == 0 || bytes[start] == 2 else { continue }
        let end = start + 3 + (Int(bytes[start + 1] & 0x0f) << 8 | Int(bytes[start + 2]))
        guard end <= packet + 188, end - start >= 12 else { continue }
        let sum = checksum(bytes[start..<end - 4])
        for index in 0..<4 { bytes[end - 4 + index] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt32(index))) }
    }
}

/// CRC-32 of ISO/IEC 13818-1 annex A.
private func checksum(_ bytes: Slice<UnsafeMutableBufferPointer<UInt8>>) -> UInt32 {
    var sum: UInt32 = 0xffff_ffff
    for byte in bytes {
        sum ^= UInt32(byte) << 24
        for _ in 0..<8 { sum = sum & 0x8000_0000 != 0 ? sum << 1 ^ 0x04c1_1db7 : sum << 1 }
    }
    return sum
}

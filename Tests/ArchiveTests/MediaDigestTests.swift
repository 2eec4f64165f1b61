// The digest against its published verification value, and in pieces.
import Archive
import Media
import NIOCore
import Testing

@Suite struct MediaDigestTests {
    /// SMHasher's verification of MurmurHash3_x64_128: keys {0…i−1} with seed 256−i, then the hash of the hashes with
    /// seed 0; its first four bytes are 0x6384BA69.
    @Test func agreesWithTheVerificationValueOfSMHasher() {
        var hashes = ByteBuffer()
        for length in 0..<256 {
            var hasher = MediaHasher(seed: UInt32(256 - length))
            hasher.update(ByteBuffer(bytes: (0..<length).map { UInt8($0) }))
            let digest = hasher.finalize()
            hashes.writeInteger(digest.high, endianness: .little)
            hashes.writeInteger(digest.low, endianness: .little)
        }
        #expect(UInt32(truncatingIfNeeded: MediaDigest(of: hashes).high) == 0x6384_BA69)
    }

    @Test func doesNotDependOnHowTheBytesAreCut() {
        let bytes = ByteBuffer(bytes: (0..<199).map { UInt8(truncatingIfNeeded: $0 * 37) })
        let whole = MediaDigest(of: bytes)
        for cut in 0...199 {
            var hasher = MediaHasher()
            var rest = bytes
            if let first = rest.readSlice(length: cut) { hasher.update(first) }
            hasher.update(rest)
            #expect(hasher.finalize() == whole)
        }
        #expect(MediaDigest(bytes: whole.bytes) == whole)
        #expect(MediaDigest(bytes: [1, 2, 3]) == nil)
    }
}

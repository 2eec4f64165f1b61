// Writing boxes into a buffer: the size is filled in when the body is known.
import NIOCore

extension ByteBuffer {
    /// Writes a box whose body is what `body` writes.
    mutating func writeBox(_ type: FourCC, _ body: (inout ByteBuffer) -> Void) {
        let start = writerIndex
        writeMultipleIntegers(UInt32(0), type.value)
        body(&self)
        setInteger(UInt32(clamping: writerIndex - start), at: start)
    }

    /// Writes a box with version and flags (ISO/IEC 14496-12 §4.2, FullBox).
    mutating func writeFullBox(
        _ type: FourCC, version: UInt8 = 0, flags: UInt32 = 0, _ body: (inout ByteBuffer) -> Void
    ) {
        writeBox(type) {
            $0.writeInteger(UInt32(version) << 24 | flags)
            body(&$0)
        }
    }

    mutating func writeZeros(_ count: Int) { writeRepeatingByte(0, count: count) }

    mutating func writeFourCC(_ code: FourCC) { writeInteger(code.value) }

    /// The unity matrix of `mvhd` and `tkhd` (ISO/IEC 14496-12 §8.2.2.3).
    mutating func writeUnityMatrix() {
        writeMultipleIntegers(
            UInt32(0x10000), UInt32(0), UInt32(0), UInt32(0), UInt32(0x10000), UInt32(0), UInt32(0), UInt32(0),
            UInt32(0x4000_0000))
    }
}

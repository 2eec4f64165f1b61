// Compresses texts that many viewers get, once.
import CZlib
import NIOCore

enum Gzip {
    /// `text` as gzip (RFC 1952); nil when that would not make it smaller.
    static func compress(_ text: [UInt8]) -> ByteBuffer? {
        let bound = weir_gzip_bound(text.count)
        var result = ByteBuffer()
        result.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { target in
            text.withUnsafeBytes { weir_gzip($0.baseAddress, $0.count, target.baseAddress) }
        }
        return result.readableBytes > 0 && result.readableBytes < text.count ? result : nil
    }
}

// Takes the raw gray video that ffmpeg writes apart into frames.

/// Cuts a byte stream of 8-bit luma pictures (`ffmpeg … -f rawvideo -pix_fmt gray`) and reads each one's strip.
package struct GrayFrames {
    private let width: Int
    private let size: Int
    private var waiting: [UInt8] = []

    package init(width: Int = FrameStrip.width, height: Int = FrameStrip.height) {
        self.width = width
        size = width * height
    }

    /// The strip numbers of the pictures that are complete with these bytes; nil for a damaged one.
    package mutating func read(_ bytes: some Sequence<UInt8>) -> [Int64?] {
        waiting.append(contentsOf: bytes)
        var numbers: [Int64?] = []
        var start = 0
        while waiting.count - start >= size {
            numbers.append(FrameStrip.number(in: waiting[start..<start + size], width: width))
            start += size
        }
        waiting.removeFirst(start)
        return numbers
    }

    /// Bytes of a picture that is not whole: zero at the end of an unbroken stream.
    package var leftOver: Int { waiting.count }
}

// Whether a segment can be decoded without the one before it: not so in a stream with open groups of pictures.
import CMAF
import Media
import NIOCore

extension LiveSegment {
    /// Every picture can be decoded from this segment alone (RFC 8216 §4.3.5.1, EXT-X-INDEPENDENT-SEGMENTS).
    ///
    /// Each video track must begin with a picture that resets the decoder: of H.264 an IDR picture (a recovery point does
    /// not say that nothing refers to what was before it), of H.265 any IRAP picture. And no picture may follow it in
    /// decode order that is shown before it: those may refer to the segment before (leading pictures; ITU-T H.265 §3.69,
    /// RASL). Those of H.265 that do not (RADL) are not told from them: a playlist may always leave the tag out.
    ///
    /// Read from the media itself, so that it holds wherever the chunks come from. False where they cannot be read.
    func canBeDecodedAlone() -> Bool {
        startsWithKeyFrame && tracks.tracks.allSatisfy { $0.kind != .video || isIndependent($0) }
    }

    private func isIndependent(_ track: Track) -> Bool {
        var shown: MediaTime?
        for chunk in chunks {
            guard let bytes = chunk.bytes(of: track.id) else { continue }
            guard let frames = try? FragmentReader.frames(in: bytes) else { return false }
            for frame in frames {
                guard let first = shown else {
                    guard frame.isKey, !track.codec.isH264 || Self.hasIDR(frame.data) else { return false }
                    shown = frame.presentationTime
                    continue
                }
                // What is decoded later than the first picture is shown cannot be shown before it.
                guard frame.decodeTime < first else { return true }
                guard frame.presentationTime >= first else { return false }
            }
        }
        return true
    }

    /// - Parameter picture: NAL units, each after its length in four bytes.
    private static func hasIDR(_ picture: ByteBuffer) -> Bool {
        var rest = picture
        while let length = rest.readInteger(as: UInt32.self), length > 0, Int(length) <= rest.readableBytes,
            let header = rest.getInteger(at: rest.readerIndex, as: UInt8.self)
        {
            if H264NAL.type(header) == H264NAL.idr { return true }
            rest.moveReaderIndex(forwardBy: Int(length))
        }
        return false
    }
}

extension Codec {
    fileprivate var isH264: Bool {
        if case .h264 = self { true } else { false }
    }
}

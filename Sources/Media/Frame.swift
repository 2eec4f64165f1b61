// One access unit on its way from a demuxer to the chunker.
package import NIOCore

/// One access unit of one track.
///
/// `data` is in the form that CMAF samples have, so that nobody converts it again:
/// - H.264, H.265: NAL units with 4-byte big-endian lengths, without access unit delimiters, filler data and parameter
///   sets (those are in the track's `Codec`) (ISO/IEC 14496-15 §5.3, §8.3);
/// - AAC: a raw data block without ADTS or LATM header; MP2, AC-3, E-AC-3: a whole sync frame;
/// - data: the payload of one PES packet, or one whole private section, as the source sent it.
package struct Frame: Sendable {
    package var track: TrackID
    package var decodeTime: SourceTime
    package var presentationTime: SourceTime
    /// Decoding can start here: IDR or other random access picture; always true for audio and data.
    package var isKey: Bool
    /// The frame's length where its codec fixes it (audio), else nil and the next frame tells.
    package var duration: MediaSpan?
    package var data: ByteBuffer

    package init(
        track: TrackID, decodeTime: SourceTime, presentationTime: SourceTime, isKey: Bool,
        duration: MediaSpan? = nil, data: ByteBuffer
    ) {
        self.track = track
        self.decodeTime = decodeTime
        self.presentationTime = presentationTime
        self.isKey = isKey
        self.duration = duration
        self.data = data
    }
}

/// A frame that has its place on the timeline and its length: what the fragment writer takes and the fragment reader
/// gives back. `data` is as in `Frame`.
package struct TimedFrame: Sendable {
    package var track: TrackID
    package var decodeTime: MediaTime
    package var presentationTime: MediaTime
    /// To the decode time of the track's next frame. Never negative.
    package var duration: MediaSpan
    package var isKey: Bool
    package var data: ByteBuffer

    package init(
        track: TrackID, decodeTime: MediaTime, presentationTime: MediaTime, duration: MediaSpan, isKey: Bool,
        data: ByteBuffer
    ) {
        self.track = track
        self.decodeTime = decodeTime
        self.presentationTime = presentationTime
        self.duration = duration
        self.isKey = isKey
        self.data = data
    }
}

// Picture size and sample format, which sample entries repeat from the sequence parameter set.
import Media

/// Of a video track; the defaults where its sequence parameter set cannot be read.
struct PictureFormat {
    var width = 0
    var height = 0
    /// `chroma_format_idc`: 0 to 3.
    var chroma = 1
    /// Bits of a sample.
    var lumaDepth = 8
    var chromaDepth = 8

    init() {}

    init(_ parameters: H264SequenceParameters) {
        (width, height) = (parameters.width, parameters.height)
        (chroma, lumaDepth, chromaDepth) =
            (parameters.chromaFormat, parameters.bitDepthLuma, parameters.bitDepthChroma)
    }

    init(_ parameters: H265SequenceParameters) {
        (width, height) = (parameters.width, parameters.height)
        // The field of hvcC has three bits for a depth.
        (chroma, lumaDepth, chromaDepth) =
            (parameters.chromaFormat, min(parameters.bitDepthLuma, 15), min(parameters.bitDepthChroma, 15))
    }

    init(_ codec: Codec) {
        let read: PictureFormat? =
            switch codec {
            case .h264(let p): p.sequenceParameterSets.first.flatMap { H264SequenceParameters($0) }.map(Self.init)
            case .h265(let p): p.sequenceParameterSets.first.flatMap { H265SequenceParameters($0) }.map(Self.init)
            default: nil
            }
        self = read ?? PictureFormat()
    }
}

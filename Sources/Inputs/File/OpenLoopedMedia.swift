// Tells by its first bytes what a file is, and opens it for looping.
internal import Ingest
internal import NIOCore

/// - Throws: `.unsupportedMedia` for what is neither a transport stream nor MP4, and what opening either throws.
func openLoopedMedia(
    _ file: ReadOnlyFile, request: InputRequest, makeParser: @escaping MediaParserFactory
) throws(InputFailure) -> any LoopedMedia {
    let begin = try file.read(at: 0, length: 4096)
    if TransportStreamSniffer.isTransportStream(begin.readableBytesView) {
        return try TransportStreamFile(file) { () throws(InputFailure) in try makeParser(request) }
    }
    // ISO/IEC 14496-12 §4.3: a file begins with its type; QuickTime's older ones begin with their media or movie box.
    if let type = begin.getString(at: begin.readerIndex + 4, length: 4),
        ["ftyp", "styp", "moov", "mdat", "free", "wide", "skip"].contains(type)
    {
        return try MP4LoopedFile(file)
    }
    throw InputFailure(
        code: .unsupportedMedia,
        message: "\(file.name): is neither MP4 nor an MPEG transport stream; convert it: ffmpeg -i IN -c copy OUT.ts")
}

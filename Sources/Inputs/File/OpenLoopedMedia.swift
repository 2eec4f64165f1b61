// Tells by its first bytes what a file is, and opens it for looping.
internal import Ingest
internal import NIOCore

/// - Throws: `.unsupportedMedia` for what is not a transport stream, and what opening either throws.
func openLoopedMedia(
    _ file: ReadOnlyFile, request: InputRequest, makeParser: @escaping MediaParserFactory
) throws(InputFailure) -> any LoopedMedia {
    let begin = try file.read(at: 0, length: 4096)
    if TransportStreamSniffer.isTransportStream(begin.readableBytesView) {
        return try TransportStreamFile(file) { () throws(InputFailure) in try makeParser(request) }
    }
    // ISO/IEC 14496-12 §4.3: a file begins with its type.
    let isMP4 = begin.getString(at: begin.readerIndex + 4, length: 4) == "ftyp"
    throw InputFailure(
        code: .unsupportedMedia,
        message: isMP4
            ? "\(file.name): MP4 files are not available in this version; use a transport stream: ffmpeg -i IN -c copy OUT.ts"
            : "\(file.name): is not an MPEG transport stream; convert it: ffmpeg -i IN -c copy OUT.ts")
}

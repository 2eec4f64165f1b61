// Tells by its first bytes what a file is, and opens it for looping.
internal import Ingest
internal import NIOCore

/// - Throws: `.unsupportedMedia` for what is neither MP4 nor a transport stream, and what opening either throws.
func openLoopedMedia(
    _ file: ReadOnlyFile, request: InputRequest, makeParser: @escaping MediaParserFactory
) throws(InputFailure) -> any LoopedMedia {
    let begin = try file.read(at: 0, length: 4096)
    if TransportStreamSniffer.isTransportStream(begin.readableBytesView) {
        return try TransportStreamFile(file) { () throws(InputFailure) in try makeParser(request) }
    }
    throw InputFailure(
        code: .unsupportedMedia,
        message:
            "\(file.name): is neither an MP4 file nor an MPEG transport stream; convert it, with ffmpeg -i IN -c copy OUT.mp4"
    )
}

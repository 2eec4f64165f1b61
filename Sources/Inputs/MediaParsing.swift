// Between the bytes of a source and its events: what every byte-fed kind (udp, tshttp, .ts files) needs of a demuxer.
package import Ingest

/// Turns the bytes of one source into events. Fed from one thread at a time.
package protocol MediaParser: Sendable {
    /// Takes the next bytes of the source, cut anywhere.
    mutating func feed(_ bytes: UnsafeRawBufferPointer)
    /// The source is over: what is still being put together is complete.
    mutating func finish()
    /// The events since the last call, in order, frames of one stretch in one `.frames`.
    mutating func takeEvents() -> [InputEvent]
    /// Adds this parser's counters (`tsLost`, `resyncs` …) to those of the session.
    func report(into counters: inout InputCounters)
}

/// Makes the parser of a new session. Throws `.misconfigured` for an option that cannot be read, such as `program=x`.
package typealias MediaParserFactory = @Sendable (InputRequest) throws(InputFailure) -> any MediaParser

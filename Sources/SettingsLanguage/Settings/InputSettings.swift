// One `input` line.

/// One place that a stream's media can come from.
package struct InputSettings: Hashable, Sendable {
    package var url: InputURL
    /// 1 is best. Nil: the place in the list is the priority, the first input 1.
    package var priority: Int?
    /// A switch to another input happens after this time without frames. 0.1 s to one day; default 60 s, 180 s for HLS.
    package var sourceTimeout: Duration?
    /// Kept connected and buffered for a few seconds while a better input plays, so that it goes on where that one stopped.
    package var isHot: Bool
    /// Which programme of a multi-programme transport stream, by program_number (1–65535); nil is the first.
    package var program: Int?
    /// Bits per second that `fake://` pads itself to.
    package var bitrate: Int64?

    package init(
        url: InputURL, priority: Int? = nil, sourceTimeout: Duration? = nil, isHot: Bool = false, program: Int? = nil,
        bitrate: Int64? = nil
    ) {
        self.url = url
        self.priority = priority
        self.sourceTimeout = sourceTimeout
        self.isHot = isHot
        self.program = program
        self.bitrate = bitrate
    }

    /// The time without frames that counts, with the default of the URL's kind.
    package var effectiveSourceTimeout: Duration {
        sourceTimeout ?? (url.scheme == .hls || url.scheme == .hlss ? .seconds(180) : .seconds(60))
    }

    /// What the opener of the source needs, under the words of the configuration; `bitrate` in plain bits per second.
    package var openerOptions: [String: String] {
        var options: [String: String] = [:]
        if let program { options["program"] = "\(program)" }
        if let bitrate { options["bitrate"] = "\(bitrate)" }
        return options
    }
}

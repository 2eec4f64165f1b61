// What a stream is by its configuration, in the words of this room.
package import Ingest
package import Media

/// The part of a stream's configuration that its life depends on.
package struct LiveStreamDefinition: Hashable, Sendable {
    package struct Input: Hashable, Sendable {
        package var url: String
        package var options: [String: String]
        package var choice: InputSelection.Choice

        package init(url: String, options: [String: String] = [:], choice: InputSelection.Choice) {
            self.url = url
            self.options = options
            self.choice = choice
        }
    }

    package var name: String
    package var title: String
    /// In the order of the configuration; the backup, if there is one, last.
    package var inputs: [Input]
    package var segmentDuration: MediaSpan
    package var windowLimits: LiveWindow.Limits
    /// The HLS playlist lists MPEG-TS segments unless a player asks otherwise.
    package var prefersTransportStreamSegments: Bool

    package init(
        name: String, title: String? = nil, inputs: [Input], segmentDuration: MediaSpan = .seconds(5),
        windowLimits: LiveWindow.Limits = LiveWindow.Limits(), prefersTransportStreamSegments: Bool = false
    ) {
        self.name = name
        self.title = title ?? name
        self.inputs = inputs
        self.segmentDuration = segmentDuration
        self.windowLimits = windowLimits
        self.prefersTransportStreamSegments = prefersTransportStreamSegments
    }
}

/// What a server that takes a stream over needs from the one before it, to continue timeline and numbers.
package struct StreamContinuation: Hashable, Sendable {
    package var media: SegmenterContinuation?
    package var sequence: SequenceContinuation?
    package init(media: SegmenterContinuation?, sequence: SequenceContinuation?) {
        self.media = media
        self.sequence = sequence
    }
}

/// Something that happened in a stream's life, with its reason.
package struct StreamEvent: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case inputSwitched = "input_switched"
        case inputLost = "input_lost"
        case mediaStarted = "media_started"
        case mediaLost = "media_lost"
        case timelineRestarted = "timeline_restarted"
        case tracksChanged = "tracks_changed"
        case inputNotice = "input_notice"
    }

    package var kind: Kind
    package var stream: String
    package var reason: String
    package init(_ kind: Kind, stream: String, reason: String) {
        self.kind = kind
        self.stream = stream
        self.reason = reason
    }
}

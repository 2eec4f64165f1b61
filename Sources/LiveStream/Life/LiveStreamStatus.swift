// How a stream does at this moment, as one value that any thread may read.
package import Ingest
package import Media

/// The state of a stream; a new value a few times a second.
package struct LiveStreamStatus: Sendable {
    package struct Input: Sendable {
        package var url: String
        package var priority: Int
        package var isBackup: Bool
        package var state: InputSelection.InputState
        package var trouble: String?
        package var retries: Int
        package var counters: InputCounters
        /// Of an input that is kept hot: media that was let go because there was too much of it, and not because it was old.
        package var hotDroppedBytes: UInt64
    }

    package var isAlive = false
    /// Index of the input that plays.
    package var activeInput: Int?
    package var inputs: [Input] = []
    package var tracks = TrackSet([])
    package var selection = InputSelection.Counters()
    /// kbit/s of media out, over the closed segments of the window.
    package var bitrate = 0
    package var readers = 0
    /// Frames that had no place on the timeline.
    package var skippedFrames: UInt64 = 0
    package var continuation = StreamContinuation(media: nil, sequence: nil)
    /// Why the stream is as it is, one sentence.
    package var reason = "the stream is starting"

    package init() {}
}

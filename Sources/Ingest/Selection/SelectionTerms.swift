// The words of input selection: what is configured, what is to be done, what an operator sees.

extension InputSelection {
    /// What the configuration says of one input.
    package struct Choice: Hashable, Sendable {
        /// 1 is best.
        package var priority: Int
        /// Silence after which the input is left for the next one.
        package var sourceTimeout: Duration
        package var isHot: Bool
        /// A filler for when all others are silent.
        package var isBackup: Bool
        /// For a backup: how long the inputs must be silent. Nil: until they are lost by their own `sourceTimeout`, and
        /// `backupGrace` at the least.
        package var fillsAfter: Duration?

        package init(
            priority: Int, sourceTimeout: Duration = .seconds(60), isHot: Bool = false, isBackup: Bool = false,
            fillsAfter: Duration? = nil
        ) {
            self.priority = priority
            self.sourceTimeout = sourceTimeout
            self.isHot = isHot
            self.isBackup = isBackup
            self.fillsAfter = fillsAfter
        }
    }

    package enum Effect: Hashable, Sendable {
        case open(Int)
        case close(Int)
        /// Frames of this input are the stream's from its next key frame on.
        case play(Int, reason: String)
        /// No input delivers: the stream has no media.
        case pause(reason: String)
    }

    /// What an operator sees of an input.
    package enum InputState: String, Hashable, Sendable {
        /// Not needed at the moment.
        case standby
        /// Will be tried again.
        case waiting
        /// Open, but another plays.
        case probing
        case playing
        /// Cannot work as it is configured: not tried again.
        case failed
    }

    package struct Counters: Hashable, Sendable {
        /// Times that another input than before began to play.
        package var switches = 0
        package var onPrimary = Duration.zero
        package var onOthers = Duration.zero
        package var withoutData = Duration.zero
        package init() {}
    }

    /// How long a stream without media waits before the `backup` fills in.
    package static let backupGrace = Duration.seconds(3)
    /// Silence after which a playing stream counts as being without media, though it is not yet switched.
    package static let silence = Duration.seconds(2)
    /// An input that has not delivered yet stays open so long, however short its `source_timeout` is: else one with rare
    /// key frames, or one that connects slowly, would always be closed before its first frame.
    package static let openPatience = Duration.seconds(10)
    /// An input that delivers so long without a key frame plays all the same when there is nothing but the backup.
    package static let keyFramePatience = Duration.seconds(10)
    /// An input that delivers so long is taken to be sound: its next failure is the first again. Else one that delivers a
    /// little and breaks, again and again, would be taken up twice a second for ever.
    package static let soundAfter = Duration.seconds(10)

    /// | failures | 1 | 2 | 3 | 4 | 5 | 6 and more |
    /// |---|---|---|---|---|---|---|
    /// | seconds | 0.5 | 1 | 2 | 4 | 8 | 15 |
    ///
    /// each ± 20 %, so that many streams of one lost source do not knock at the same moment.
    package static func backOff(failures: Int, using random: inout some RandomNumberGenerator) -> Duration {
        let seconds = min(15, 0.5 * Double(1 << min(max(failures, 1) - 1, 5)))
        return .milliseconds(Int64(seconds * Double.random(in: 800...1200, using: &random)))
    }
}

// The bounds within which a timeline follows its source without asking.
package import Media

/// Bounds of a `Timeline`. The defaults are those of the product; tests narrow them.
package struct TimelineLimits: Hashable, Sendable {
    /// A step of the reference track's decode time that exceeds the time that passed by more than this is a jump.
    package var jump: MediaSpan = .seconds(2)
    /// A step back by more than this is a jump; a smaller one is untidy timestamps.
    package var stepBack: MediaSpan = .milliseconds(100)
    /// Frames that are later than the timeline by more than this, all of them for a whole `window`: re-anchored.
    package var behind: MediaSpan = .seconds(5)
    /// Frames that are ahead of UTC by more than this, all of them for a whole `window`: re-anchored. Larger than
    /// `behind`, because sources open with a burst (three HLS segments of 6 s), and because coming back costs media.
    package var ahead: MediaSpan = .seconds(20)
    /// Drift is judged over this time of arrival, so that bursts shorter than it never count.
    package var window: MediaSpan = .seconds(30)
    /// Without a frame of the leading track for this time of arrival another track becomes the reference.
    package var referenceSilence: MediaSpan = .seconds(4)
    /// A frame of another track farther than this from the reference track belongs to another clock and is refused.
    package var spread: MediaSpan = .seconds(10)

    package init() {}
}
